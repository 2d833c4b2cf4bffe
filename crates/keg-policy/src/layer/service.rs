use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::ChainSource;
use super::future::PolicyFuture;
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::policy::Outcome;

/// Shows requests to a chain on their way in, and replies on their way out.
///
/// The request's side, and the inner service's `call`, run synchronously inside `call`, so that the order of calls is
/// the order of the wire.
#[derive(Debug, Clone)]
pub struct PolicyService<S, C> {
    inner: S,
    source: C,
    connection: Arc<Connection>,
}

impl<S, C> PolicyService<S, C> {
    pub(super) fn new(inner: S, source: C, connection: Arc<Connection>) -> Self {
        Self {
            inner,
            source,
            connection,
        }
    }
}

impl<S, C> Service<Request> for PolicyService<S, C>
where
    S: Service<Request, Response = Reply>,
    S::Error: From<Closed>,
    C: ChainSource,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = PolicyFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let chain = self.source.chain();
        match chain.request(&self.connection, &mut request) {
            Outcome::Forward(pending) => {
                PolicyFuture::forwarded(self.inner.call(request), chain, Arc::clone(&self.connection), pending)
            }
            Outcome::Reply(reply) => PolicyFuture::ready(Ok(reply)),
            Outcome::Close(reason) => PolicyFuture::ready(Err(Closed { reason })),
        }
    }
}

/// A policy ended the connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Closed {
    /// Why.
    pub reason: String,
}
