//! A request that is passed on while it still arrives.
//!
//! It goes to the broker behind all that was queued before it, and nothing else is written before its end. Once it has begun it
//! can be neither answered here nor sent elsewhere: if it can't become whole, the connection is over, which makes the broker
//! discard what it has of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use keg_codec::walk::WalkError;
use keg_codec::{Api, RequestFrame, WriteQueue};
use keg_policy::layer::Closed;
use keg_policy::{Reply, Request, Rest, request_head};

use super::passing::{Passing, queue};
use super::{Answers, Exchange, Peer};
use crate::error::Over;
use crate::incoming::Passes;
use crate::stream::Transport;

/// What is behind the beginning of a request.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) passing: Passing,
    api: &'static Api,
    version: i16,
}

/// The beginning of a request whose frame has `length` bytes, and how many bytes of it that takes. `None` if it must be
/// whole.
fn begun(bytes: &[u8], length: usize) -> Option<(Request, usize)> {
    let beginning = bytes.get(..Passes::Requests.beginning().min(bytes.len()))?;
    // What is wrong with a header is told when the request is whole.
    let mut frame = RequestFrame::parse(Bytes::copy_from_slice(beginning)).ok()?;
    let needed = request_head(frame.api, frame.version, &frame.body)?;
    frame.body.truncate(needed);
    let taken = frame.head.len() + needed;
    let mut request = Request::from(frame);
    request.rest = Some(Box::new(Rest::new(length.checked_sub(taken)?)));
    Some((request, taken))
}

impl<C: Transport, B: Transport, S: Answers> Exchange<C, B, S> {
    /// Passes on the request that has begun, or holds it. The service is ready for it.
    pub(super) fn begin_request(&mut self, context: &mut Context<'_>) {
        let incoming = &mut self.client.incoming;
        // Policies that see a request which can't go on would see it once more when it is whole, and count it twice.
        let begun = match self.link.is_free() {
            true => incoming.begun().and_then(|(bytes, length)| begun(bytes, length)),
            false => None,
        };
        let Some((request, taken)) = begun else {
            incoming.hold();
            return;
        };
        let Request {
            api,
            version,
            correlation_id,
            ..
        } = request;
        let mut reply = self.service.call(request);
        let polled = match Pin::new(&mut reply).poll(context) {
            Poll::Ready(Ok(Reply::Whole)) => {
                incoming.hold();
                return;
            }
            Poll::Ready(Ok(reply)) => Some(reply),
            Poll::Ready(Err(over)) => {
                self.end(over);
                return;
            }
            Poll::Pending => None,
        };
        let Some(rest) = self.link.take_rest() else {
            let reason = format!("a {} request was answered before it was whole", api.name);
            self.end(Closed { reason }.into());
            return;
        };
        incoming.pass_on(taken);
        self.sending = Some(Box::new(Sending {
            passing: Passing::new(rest),
            api,
            version,
        }));
        if let Some(metrics) = self.cluster.metrics().api(api.key) {
            metrics.received.increment(1);
        }
        match polled {
            // One that isn't answered may be the last to be waited for, and none is behind it.
            Some(Reply::Silent) => {}
            Some(polled) => self.replies.ready(api.key, correlation_id, polled),
            None => {
                self.replies.waiting(api.key, correlation_id, reply);
                self.replies.begun();
            }
        }
    }

    /// Moves what is queued, and what comes of the request that is passed on behind it.
    pub(super) fn poll_send(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let is_between = |sending: &Sending| sending.passing.is_between();
        // What is between the sockets goes before what was read.
        let mut any = match &self.sending {
            Some(sending) => !is_between(sending) && self.send_read(context),
            None => return Ok(false),
        };
        if self.gone.is_none() && !self.link.has_unwritten() {
            any |= self.splice_request(context)?;
        }
        let is_here = self.sending.as_deref().is_some_and(|sending| !is_between(sending));
        let is_through = is_here && self.client.incoming.passing() == 0 && !self.link.has_unwritten();
        if is_through && self.gone.is_none() {
            self.end_sending();
            any = true;
        }
        Ok(any)
    }

    /// Writes what is queued, and what was read behind it.
    fn send_read(&mut self, context: &mut Context<'_>) -> bool {
        let Some(sending) = &mut self.sending else {
            return false;
        };
        let incoming = &mut self.client.incoming;
        match sending
            .passing
            .look(incoming, |pieces| queue(&mut self.link.state().out, pieces))
        {
            Ok(looked) => sending.passing.skim(looked, &mut self.client, &self.backend),
            Err(error) => {
                self.refuse_request(&error);
                return true;
            }
        }
        if !self.link.has_unwritten() && sending.passing.put_in_front(&mut self.client, &self.backend) {
            return true;
        }
        let incoming = &mut self.client.incoming;
        if sending.passing.ready == incoming.passing()
            && let Some(rest) = incoming.take_passing()
        {
            // It is written together with the beginning of the next.
            self.link.state().out.put(rest);
            self.end_sending();
            return true;
        }
        let ready = incoming.passable();
        let ready = ready.get(..sending.passing.ready).unwrap_or_default();
        let Peer { stream, writer, .. } = &mut self.backend;
        let mut state = self.link.state();
        let written = match writer.poll_write(stream, &mut state.out, ready, context) {
            Ok(written) => written,
            Err(error) => {
                state.out = WriteQueue::default();
                drop(state);
                self.break_off(error);
                return true;
            }
        };
        drop(state);
        sending.passing.ready -= written.behind;
        incoming.passed(written.behind);
        written.any
    }

    /// Ends with a request of which something is not what it should be.
    pub(super) fn refuse_request(&mut self, error: &WalkError) {
        if let Some(Sending { api, version, .. }) = self.sending.as_deref() {
            let reason = format!("a malformed {} request (version {version}): {error}", api.name);
            self.end(Closed { reason }.into());
        }
    }

    /// The request is with the broker to its end, or in the queue.
    fn end_sending(&mut self) {
        self.sending = None;
        self.link.sent();
        self.replies.sent();
    }
}
