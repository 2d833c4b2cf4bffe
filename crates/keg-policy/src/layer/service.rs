use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tower_service::Service;

use super::ChainSource;
use super::future::{Held, PolicyFuture};
use super::gate::Gate;
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::policy::Outcome;

/// Shows requests to a chain on their way in, and replies on their way out.
///
/// The request's side, and the inner service's `call`, run synchronously inside `call`, so that the order of calls is
/// the order of the wire. Where a policy asks the broker something first, the request waits, and the service isn't ready
/// for another until that request was sent; its future does the sending, and has to be polled for it. Clones wait as well:
/// they are of the same connection.
#[derive(Debug, Clone)]
pub struct PolicyService<S, C> {
    inner: S,
    source: C,
    connection: Arc<Connection>,
    /// Closed while a request waits, and all behind it.
    gate: Gate,
}

impl<S, C> PolicyService<S, C> {
    pub(super) fn new(inner: S, source: C, connection: Arc<Connection>) -> Self {
        Self {
            inner,
            source,
            connection,
            gate: Gate::default(),
        }
    }
}

impl<S, C> Service<Request> for PolicyService<S, C>
where
    S: Service<Request, Response = Reply> + Clone,
    S::Error: From<Closed>,
    C: ChainSource,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = PolicyFuture<S, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        ready!(self.gate.poll_open(context));
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let chain = self.source.chain();
        match chain.request(&self.connection, &mut request) {
            Outcome::Forward(pending) => {
                PolicyFuture::forwarded(self.inner.call(request), chain, Arc::clone(&self.connection), pending)
            }
            Outcome::Ask(asking) => {
                let question = self.inner.call(asking.question());
                let inner = self.inner.clone();
                let held = Held {
                    request,
                    inner,
                    _hold: self.gate.close(),
                };
                PolicyFuture::held(question, chain, Arc::clone(&self.connection), held, asking)
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
