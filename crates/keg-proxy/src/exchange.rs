//! One client and one node: requests one way, responses the other, both in order.

mod alarm;
mod gone;
mod passing;
mod peer;
mod replies;
mod sending;
mod splicing;
mod turn;
mod waits;
mod writer;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use keg_codec::header::HeaderError;
use keg_codec::{ApiKey, RequestFrame, ResponseFrame, WriteQueue};
use keg_policy::{Reply, Request};
use tokio::io::{AsyncWriteExt, sink};
use tokio::time::timeout;
use tower_service::Service;

use crate::busy_poll::BusyPoll;
use crate::error::Over;
use crate::limits::Limits;
use crate::link::Link;
use crate::stream::Transport;
use crate::virtual_cluster::VirtualCluster;
use gone::Gone;
use passing::Passing;
pub(crate) use peer::Peer;
use replies::Replies;
use sending::Sending;
use waits::Ticker;

/// How long peers are told that nothing more comes.
const GOODBYE: Duration = Duration::from_secs(1);

/// What answers requests.
pub(crate) trait Answers: Service<Request, Response = Reply, Error = Over, Future: Unpin> {}

impl<S> Answers for S where S: Service<Request, Response = Reply, Error = Over, Future: Unpin> {}

/// The two sockets of a client's connection, and all that is between them.
///
/// One task drives both, so that a batch of requests costs one wake-up. As a future it ends when the client is done and
/// has all its responses, or when the connection can't go on and all responses that were there are written.
pub(crate) struct Exchange<C, B, S: Service<Request>> {
    client: Peer<C>,
    backend: Peer<B>,
    to_client: WriteQueue,
    link: Arc<Link>,
    service: S,
    replies: Replies<S::Future>,
    cluster: Arc<VirtualCluster>,
    limits: Limits,
    busy_poll: BusyPoll,
    /// The response of which the beginning went into the queue last.
    passing: Option<Passing>,
    /// The request that is passed on while it still arrives.
    sending: Option<Box<Sending>>,
    /// Why no more requests are taken, if the client has not simply closed its side.
    ending: Option<Box<Over>>,
    /// How the broker has gone, until all is read and passed on that it has answered before.
    gone: Option<Gone>,
    ticker: Ticker,
}

impl<C: Transport, B: Transport, S: Answers> Exchange<C, B, S> {
    pub(crate) fn new(
        client: Peer<C>,
        backend: Peer<B>,
        link: Arc<Link>,
        service: S,
        cluster: Arc<VirtualCluster>,
        limits: Limits,
        busy_poll: BusyPoll,
    ) -> Self {
        Self {
            client,
            backend,
            to_client: WriteQueue::default(),
            link,
            service,
            replies: Replies::default(),
            cluster,
            passing: None,
            sending: None,
            ending: None,
            gone: None,
            ticker: Ticker::new(&limits),
            limits,
            busy_poll,
        }
    }

    /// Reads no more requests. What was read is still answered, and so is what is on its way to the broker.
    pub(crate) fn stop_reading(&mut self) {
        self.client.incoming.finish();
    }

    /// Tells both peers that nothing more comes, without waiting long for them.
    pub(crate) async fn shut_down(&mut self) {
        let Self { client, backend, .. } = self;
        let gone = client.incoming.has_ended();
        let to_client = async {
            let _ = client.stream.shutdown().await;
            if !gone {
                // Closing with bytes unread would reset the connection, and the client could lose what it was sent.
                let _ = tokio::io::copy(&mut client.stream, &mut sink()).await;
            }
        };
        let both = async { tokio::join!(to_client, backend.stream.shutdown()) };
        let _ = timeout(GOODBYE, both).await;
    }

    /// Whether another request has a place.
    fn has_room(&self) -> bool {
        self.replies.len() < self.limits.max_in_flight
            && self.to_client.len() < self.limits.max_queued
            && self.link.queued() < self.limits.max_queued
    }

    /// Takes requests off what was read, as long as the window has room.
    fn take_requests(&mut self, context: &mut Context<'_>) -> bool {
        let mut progress = false;
        while self.ending.is_none() && self.gone.is_none() && self.client.incoming.has_request() && self.has_room() {
            match self.service.poll_ready(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.end(error);
                    return true;
                }
                Poll::Pending => break,
            }
            progress = true;
            if self.client.incoming.begun().is_some() {
                self.begin_request(context);
                continue;
            }
            let request = match self.client.incoming.frame() {
                Ok(Some(frame)) => RequestFrame::parse(frame),
                Ok(None) => break,
                Err(error) => {
                    self.end(Over::request(error, self.limits.max_frame_size));
                    break;
                }
            };
            match request {
                Ok(request) => self.call(request.into()),
                Err(HeaderError::UnknownVersion {
                    api, correlation_id, ..
                }) if api.key == ApiKey::API_VERSIONS => {
                    let reply = Reply::Response(self.cluster.chain().served().unsupported());
                    self.replies.ready(api.key, correlation_id, reply);
                }
                Err(error) => self.end(error.into()),
            }
        }
        progress
    }

    fn call(&mut self, request: Request) {
        let (key, correlation_id) = (request.api.key, request.correlation_id);
        if let Some(metrics) = self.cluster.metrics().api(key) {
            metrics.received.increment(1);
        }
        let reply = self.service.call(request);
        self.replies.waiting(key, correlation_id, reply);
    }

    /// Answers what was asked before, and then ends.
    fn end(&mut self, reason: Over) {
        self.ending.get_or_insert_with(|| Box::new(reason));
        self.client.incoming.close();
        if self.sending.take().is_some() {
            // Nothing else can be written behind a part of a request, and nobody answers that.
            self.replies.give_up_unsent();
        }
    }

    /// Passes on what the broker has answered, and then ends.
    fn end_backend(&mut self, reason: Over) {
        self.end(reason);
        self.backend.incoming.close();
        self.link.end();
    }

    fn poll_client_read(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let incoming = &self.client.incoming;
        if incoming.is_resting() {
            return Ok(false);
        }
        if let Some(sending) = &mut self.sending
            && sending.passing.is_spliced(&mut self.client, &self.backend)
        {
            return Ok(false);
        }
        let incoming = &self.client.incoming;
        let may_read = match incoming.passing() {
            0 => !incoming.has_request() && self.has_room(),
            // Else the broker is slower.
            _ => incoming.pending() <= passing::HELD_BACK,
        };
        let Peer {
            stream,
            incoming,
            alarm,
            ..
        } = &mut self.client;
        if !may_read && !incoming.is_charged() {
            incoming.pause();
            return Ok(false);
        }
        let read = incoming.poll_read(stream, &mut alarm.context(context));
        let read = read.map_err(Over::ClientIo)?;
        self.note_cut();
        Ok(read)
    }

    /// Ends if the client has gone within a request that was being passed on.
    fn note_cut(&mut self) {
        let incoming = &self.client.incoming;
        if incoming.is_cut() {
            let received = incoming.pending();
            self.end(Over::Cut { received });
        }
    }

    fn poll_client_write(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        if self.passing.is_some() {
            return self.poll_pass(context);
        }
        let Peer { stream, writer, .. } = &mut self.client;
        let written = writer.poll_write(stream, &mut self.to_client, &[], context);
        Ok(written.map_err(Over::ClientIo)?.any)
    }

    fn poll_backend_write(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        if self.gone.is_some() || self.backend.incoming.is_closed() {
            return Ok(false);
        }
        if self.sending.is_some() {
            return self.poll_send(context);
        }
        let Peer { stream, writer, .. } = &mut self.backend;
        if self.link.queued() == 0 && writer.is_idle() {
            return Ok(false);
        }
        let mut state = self.link.state();
        match writer.poll_write(stream, &mut state.out, &[], context) {
            Ok(written) => Ok(written.any),
            Err(error) => {
                state.out = WriteQueue::default();
                drop(state);
                self.break_off(error);
                Ok(true)
            }
        }
    }

    fn poll_backend_read(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(passing) = &mut self.passing
            && (passing.is_between() || (self.gone.is_none() && passing.is_spliced(&mut self.backend, &self.client)))
        {
            return false;
        }
        let Peer {
            stream,
            incoming,
            alarm,
            ..
        } = &mut self.backend;
        let nothing_comes = incoming.is_resting() && self.gone.is_none();
        let has_room = || self.to_client.len() < self.limits.max_queued;
        if incoming.is_closed() || nothing_comes || !(has_room() || incoming.is_charged()) {
            return false;
        }
        if incoming.passing() > 0 && incoming.pending() > passing::HELD_BACK {
            // The client is slower, or what goes before isn't there.
            incoming.pause();
            return false;
        }
        let gone = match incoming.poll_read(stream, &mut alarm.context(context)) {
            Ok(_) if incoming.is_closed() => Gone::Closed,
            Ok(true) => {
                self.settle();
                return true;
            }
            // Whatever the broker answered before has been read now, unless there is no room for it yet.
            Ok(false) => match self.gone.take_if(|_| !incoming.waits_for_budget()) {
                Some(gone) => gone,
                None => return false,
            },
            Err(error) => Gone::Broken(error),
        };
        self.leave(gone);
        true
    }

    fn take_responses(&mut self) -> Result<(), Over> {
        let incoming = &mut self.backend.incoming;
        loop {
            if let Some((bytes, length)) = incoming.begun()
                && let Some(taken) = self.link.begin(bytes, length)?
            {
                incoming.pass_on(taken);
            }
            let Some(frame) = incoming.frame().map_err(Over::response)? else {
                return Ok(());
            };
            let response = ResponseFrame::parse(frame).map_err(|error| Over::backend(&error))?;
            self.link.complete(response)?;
        }
    }

    fn take_replies(&mut self, context: &mut Context<'_>) -> bool {
        if self.passing.is_some() {
            return false;
        }
        let metrics = |key| self.cluster.metrics().api(key);
        match self.replies.poll(context, metrics, &mut self.to_client) {
            Ok(progress) => {
                self.passing = progress.rest.map(Passing::new);
                // What was answered last may have been that the client is not who it says.
                if progress.any
                    && let Poll::Ready(Err(over)) = self.service.poll_ready(context)
                {
                    self.end(over);
                }
                progress.any
            }
            Err(reason) => {
                // What was answered before is still written.
                self.replies.clear();
                self.end(reason);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests;
