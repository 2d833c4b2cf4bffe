//! Replies in the order of their requests.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use keg_codec::{ApiKey, WriteQueue, header};
use keg_policy::{Reply, Rest};
use tokio::time::Instant;

use crate::error::Over;
use crate::metrics::ApiMetrics;
use crate::room;

/// How much room is kept when nothing is in flight.
const KEPT: usize = 2;

/// What came of a look at the replies.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) any: bool,
    /// What is to follow the reply that was queued last, before any other.
    pub(super) rest: Option<Box<Rest>>,
}

/// The requests that were taken from the client and not yet answered, oldest first.
#[derive(Debug)]
pub(super) struct Replies<F>(VecDeque<Slot<F>>);

#[derive(Debug)]
struct Slot<F> {
    key: ApiKey,
    correlation_id: i32,
    /// Since when it is waited for, once the clock has looked: reading it for each request would take longer than anybody
    /// needs to know. Those for which it hasn't are the newest.
    since: Option<Instant>,
    /// Whether the request is not with the broker to its end; only the newest can be.
    unsent: bool,
    reply: State<F>,
}

#[derive(Debug)]
enum State<F> {
    Waiting(F),
    Ready(Reply),
}

impl<F> Default for Replies<F> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<F> Replies<F> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0 = VecDeque::new();
    }

    /// Since when the oldest request is waited for, if it is with the broker. For those that are new it is since now.
    pub(super) fn oldest(&mut self, now: Instant) -> Option<Instant> {
        let new = self.0.iter_mut().rev().take_while(|slot| slot.since.is_none());
        new.for_each(|slot| slot.since = Some(now));
        self.0.front().filter(|slot| !slot.unsent)?.since
    }

    /// Notes that the newest request still arrives.
    pub(super) fn begun(&mut self) {
        if let Some(newest) = self.0.back_mut() {
            newest.unsent = true;
        }
    }

    /// Notes that it is with the broker now, unless that has answered it already.
    pub(super) fn sent(&mut self) {
        if let Some(newest) = self.0.back_mut().filter(|newest| newest.unsent) {
            newest.unsent = false;
            newest.since = None;
        }
    }

    /// Waits no more for the reply to a request that isn't with the broker.
    pub(super) fn give_up_unsent(&mut self) {
        self.0.pop_back_if(|newest| newest.unsent);
    }

    /// Lets the time of the oldest request begin now.
    pub(super) fn restart(&mut self) {
        if let Some(front) = self.0.front_mut() {
            front.since = Some(Instant::now());
        }
    }

    pub(super) fn waiting(&mut self, key: ApiKey, correlation_id: i32, reply: F) {
        self.push(key, correlation_id, State::Waiting(reply));
    }

    pub(super) fn ready(&mut self, key: ApiKey, correlation_id: i32, reply: Reply) {
        self.push(key, correlation_id, State::Ready(reply));
    }

    fn push(&mut self, key: ApiKey, correlation_id: i32, reply: State<F>) {
        self.0.push_back(Slot {
            key,
            correlation_id,
            since: None,
            unsent: false,
            reply,
        });
    }
}

impl<F: Future<Output = Result<Reply, Over>> + Unpin> Replies<F> {
    /// Queues the replies that are there, up to the first that isn't, or isn't there to its end.
    pub(super) fn poll<'m>(
        &mut self,
        context: &mut Context<'_>,
        metrics: impl Fn(ApiKey) -> Option<&'m ApiMetrics>,
        out: &mut WriteQueue,
    ) -> Result<Progress, Over> {
        let mut progress = false;
        let mut rest = None;
        while let (None, Some(front)) = (&rest, self.0.front_mut()) {
            let reply = match &mut front.reply {
                State::Waiting(reply) => match Pin::new(reply).poll(context) {
                    Poll::Ready(reply) => reply?,
                    Poll::Pending => break,
                },
                State::Ready(reply) => std::mem::replace(reply, Reply::Silent),
            };
            let (key, correlation_id) = (front.key, front.correlation_id);
            self.0.pop_front();
            progress = true;
            if let Reply::Response(response) = reply {
                let length = response.rest.as_ref().map_or(0, |rest| rest.length);
                room::lend(out, response.head.len() + response.body.len());
                header::begin_response(out, &response.head, correlation_id, response.body, length);
                rest = response.rest;
                if let Some(metrics) = metrics(key) {
                    metrics.sent.increment(1);
                }
            }
        }
        if progress && self.0.is_empty() {
            self.0.shrink_to(KEPT);
        }
        Ok(Progress { any: progress, rest })
    }
}
