//! Virtual clusters: what clients see.

use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};
use keg_auth::Authentication;
use keg_policy::Chain;
use keg_policy::layer::ChainSource;

use crate::backend::Backend;
use crate::drain::{Drain, Draining};
use crate::metrics::ClusterMetrics;

/// A virtual cluster: a view of a backend cluster.
///
/// Its policies, and how clients authenticate, can be replaced while clients are connected. Everything else is fixed: a virtual cluster that differs in
/// it is another one, and the clients of the old one drain.
#[derive(Debug)]
pub struct VirtualCluster {
    name: Arc<str>,
    backend: Arc<Backend>,
    authentication: ArcSwap<Authentication>,
    chain: ArcSwap<Chain>,
    drain: Drain,
    metrics: Arc<ClusterMetrics>,
}

impl VirtualCluster {
    /// A virtual cluster without clients.
    pub fn new(
        name: impl Into<Arc<str>>,
        backend: Arc<Backend>,
        authentication: Authentication,
        chain: Arc<Chain>,
    ) -> Self {
        let name = name.into();
        let metrics = Arc::new(ClusterMetrics::new(&name, backend.name()));
        Self {
            name,
            backend,
            authentication: ArcSwap::from_pointee(authentication),
            chain: ArcSwap::new(chain),
            drain: Drain::default(),
            metrics,
        }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The backend cluster that it is a view of.
    pub fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    /// The policies that are in force.
    pub fn chain(&self) -> Arc<Chain> {
        self.chain.load_full()
    }

    /// Puts other policies in force, from the next request on each connection on.
    pub fn replace_chain(&self, chain: Arc<Chain>) {
        self.chain.store(chain);
    }

    /// Lets clients authenticate otherwise from now on. Those that are connected stay as long as they could still come in
    /// as who they are; the others end with their next request.
    pub fn replace_authentication(&self, authentication: Authentication) {
        self.authentication.store(Arc::new(authentication));
    }

    /// Asks all its connections to finish what is in flight, and to end.
    pub fn drain(&self) {
        self.drain.begin();
    }

    pub(crate) fn draining(&self) -> Draining {
        self.drain.listen()
    }

    /// How clients authenticate now.
    pub fn authentication(&self) -> Arc<Authentication> {
        self.authentication.load_full()
    }

    /// Whether this is how clients authenticate now. It is asked for each request, and counts no references.
    pub(crate) fn authenticates_by(&self, authentication: &Arc<Authentication>) -> bool {
        Arc::ptr_eq(&self.authentication.load(), authentication)
    }

    pub(crate) fn metrics(&self) -> &Arc<ClusterMetrics> {
        &self.metrics
    }
}

/// The policies that are in force, read through a cached pointer.
#[derive(Debug)]
pub(crate) struct LiveChain {
    cluster: Arc<VirtualCluster>,
    cache: Cache<ChainOf, Arc<Chain>>,
}

#[derive(Debug)]
struct ChainOf(Arc<VirtualCluster>);

impl std::ops::Deref for ChainOf {
    type Target = ArcSwap<Chain>;

    fn deref(&self) -> &ArcSwap<Chain> {
        &self.0.chain
    }
}

impl LiveChain {
    pub(crate) fn of(cluster: Arc<VirtualCluster>) -> Self {
        Self {
            cache: Cache::new(ChainOf(Arc::clone(&cluster))),
            cluster,
        }
    }
}

impl Clone for LiveChain {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.cluster))
    }
}

impl ChainSource for LiveChain {
    fn chain(&mut self) -> Arc<Chain> {
        Arc::clone(self.cache.load())
    }
}
