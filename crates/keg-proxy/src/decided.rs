//! The reply to a request that somebody on its way to the broker may decide on.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use keg_policy::Reply;

use crate::error::Over;

/// The reply of who is behind, or one's own.
pub(crate) enum Decided<F> {
    Inner(F),
    /// Taken when it is asked for.
    Now(Option<Result<Reply, Over>>),
    Later(Later),
}

/// A reply that takes its time.
pub(crate) type Later = Pin<Box<dyn Future<Output = Result<Reply, Over>> + Send>>;

impl<F> Future for Decided<F>
where
    F: Future<Output = Result<Reply, Over>> + Unpin,
{
    type Output = Result<Reply, Over>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Inner(inner) => Pin::new(inner).poll(context),
            Self::Later(later) => later.as_mut().poll(context),
            Self::Now(reply) => match reply.take() {
                Some(reply) => Poll::Ready(reply),
                None => Poll::Pending,
            },
        }
    }
}
