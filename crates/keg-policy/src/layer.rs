//! Policies as a tower layer.

mod future;
mod service;

use std::sync::Arc;

pub use future::PolicyFuture;
pub use service::{Closed, PolicyService};
use tower_layer::Layer;

use crate::chain::Chain;
use crate::connection::Connection;
use crate::policy::Policy;

/// Gives the chain that a request is to go through.
///
/// A source may give another chain to every request: a reply goes back through the chain that its request went through.
pub trait ChainSource {
    /// The chain for the next request.
    fn chain(&mut self) -> Arc<Chain>;
}

impl ChainSource for Arc<Chain> {
    fn chain(&mut self) -> Arc<Chain> {
        Self::clone(self)
    }
}

/// Puts a chain of policies in front of a service of one client connection.
#[derive(Debug, Clone)]
pub struct PolicyLayer<C> {
    source: C,
    connection: Arc<Connection>,
}

impl<C: ChainSource> PolicyLayer<C> {
    /// The chains of `source`, for a connection.
    pub fn new(source: C, connection: Arc<Connection>) -> Self {
        Self { source, connection }
    }
}

impl PolicyLayer<Arc<Chain>> {
    /// A single policy, for a stack that is put together by hand.
    pub fn of(policy: impl Policy + 'static, connection: Arc<Connection>) -> Self {
        Self::new(Arc::new(Chain::new(vec![Arc::new(policy)])), connection)
    }
}

impl<S, C: Clone> Layer<S> for PolicyLayer<C> {
    type Service = PolicyService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService::new(inner, self.source.clone(), Arc::clone(&self.connection))
    }
}
