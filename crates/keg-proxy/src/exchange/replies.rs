//! Replies in the order of their requests.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use keg_codec::{ApiKey, WriteQueue, header};
use keg_policy::Reply;

use crate::error::Over;
use crate::metrics::ApiMetrics;

/// The requests that were taken from the client and not yet answered, oldest first.
#[derive(Debug)]
pub(super) struct Replies<F>(VecDeque<Slot<F>>);

#[derive(Debug)]
enum Slot<F> {
    Waiting { key: ApiKey, correlation_id: i32, reply: F },
    Ready { correlation_id: i32, reply: Reply },
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
        self.0.clear();
    }

    pub(super) fn waiting(&mut self, key: ApiKey, correlation_id: i32, reply: F) {
        self.0.push_back(Slot::Waiting {
            key,
            correlation_id,
            reply,
        });
    }

    pub(super) fn ready(&mut self, correlation_id: i32, reply: Reply) {
        self.0.push_back(Slot::Ready { correlation_id, reply });
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
        while let Some(slot) = self.0.front_mut() {
            let (key, correlation_id, reply) = match slot {
                Slot::Waiting {
                    key,
                    correlation_id,
                    reply,
                } => match Pin::new(reply).poll(context) {
                    Poll::Ready(reply) => (*key, *correlation_id, reply?),
                    Poll::Pending => break,
                },
                Slot::Ready { correlation_id, reply } => (
                    ApiKey::API_VERSIONS,
                    *correlation_id,
                    std::mem::replace(reply, Reply::Silent),
                ),
            };
            progress = true;
            self.0.pop_front();
            if let Reply::Response(response) = reply {
                header::write_response(out, &response.head, correlation_id, response.body);
                if let Some(metrics) = metrics(key) {
                    metrics.sent.increment(1);
                }
            }
        }
        Ok(progress)
    }
}
