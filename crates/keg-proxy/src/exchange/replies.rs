//! Replies in the order of their requests.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use keg_codec::{ApiKey, WriteQueue, header};
use keg_policy::Reply;
use tokio::time::Instant;

use crate::error::Over;
use crate::metrics::ApiMetrics;

/// How much room is kept when nothing is in flight.
const KEPT: usize = 4;

/// The requests that were taken from the client and not yet answered, oldest first.
#[derive(Debug)]
pub(super) struct Replies<F>(VecDeque<Slot<F>>);

#[derive(Debug)]
struct Slot<F> {
    key: ApiKey,
    correlation_id: i32,
    since: Instant,
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

    /// When the oldest request was taken.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.0.front().map(|slot| slot.since)
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
            since: Instant::now(),
            reply,
        });
    }
}

impl<F: Future<Output = Result<Reply, Over>> + Unpin> Replies<F> {
    /// Queues the replies that are there, up to the first that isn't.
    pub(super) fn poll<'m>(
        &mut self,
        context: &mut Context<'_>,
        metrics: impl Fn(ApiKey) -> Option<&'m ApiMetrics>,
        out: &mut WriteQueue,
    ) -> Result<bool, Over> {
        let mut progress = false;
        while let Some(front) = self.0.front_mut() {
            if let State::Waiting(reply) = &mut front.reply {
                match Pin::new(reply).poll(context) {
                    Poll::Ready(reply) => front.reply = State::Ready(reply?),
                    Poll::Pending => break,
                }
            }
            progress = true;
            if let Some(Slot {
                key,
                correlation_id,
                reply: State::Ready(Reply::Response(response)),
                ..
            }) = self.0.pop_front()
            {
                header::write_response(out, &response.head, correlation_id, response.body);
                if let Some(metrics) = metrics(key) {
                    metrics.sent.increment(1);
                }
            }
        }
        if progress && self.0.is_empty() {
            self.0.shrink_to(KEPT);
        }
        Ok(progress)
    }
}
