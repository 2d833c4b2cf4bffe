//! Backend clusters: the real Kafka.

mod connect;
mod metadata;
mod nodes;
mod refresh;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use keg_router::Endpoint;
use keg_tls::{ClientTls, Live};

pub use connect::ConnectError;
pub use nodes::HostPort;

use crate::drain::{Drain, Draining};
use crate::metrics::BackendMetrics;
use crate::stream::Stream;
use connect::Preferred;
use nodes::Nodes;
use refresh::Refresh;

/// How long until a backend cluster that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(2);

/// How a backend cluster is reached. What can be replaced while it is in use is so behind its own pointer.
#[derive(Debug)]
pub struct BackendSettings {
    /// Its name, for logs and metrics.
    pub name: Arc<str>,
    /// Where it is found, tried in turn.
    pub bootstrap_servers: Vec<HostPort>,
    /// TLS to its nodes; none for plaintext.
    pub tls: Option<Live<ClientTls>>,
    /// Where nodes are, whatever the cluster says: for listeners whose advertised addresses are the gateway's own.
    pub node_addresses: BTreeMap<i32, HostPort>,
    /// How long a connection to a node may take, TLS included.
    pub connect_timeout: Duration,
    /// How often the nodes are asked for.
    pub refresh_interval: ArcSwap<Duration>,
}

/// A backend cluster, and what is known of its nodes.
#[derive(Debug)]
pub struct Backend {
    settings: BackendSettings,
    nodes: Nodes,
    preferred: Preferred,
    refresh: Refresh,
    drain: Drain,
    pub(crate) metrics: BackendMetrics,
}

impl Backend {
    /// A backend cluster of which no node is known yet.
    pub fn new(settings: BackendSettings) -> Self {
        let metrics = BackendMetrics::new(&settings.name);
        let nodes = Nodes::new(settings.node_addresses.clone());
        Self {
            settings,
            nodes,
            preferred: Preferred::default(),
            refresh: Refresh::default(),
            drain: Drain::default(),
            metrics,
        }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.settings.name
    }

    /// Its settings.
    pub fn settings(&self) -> &BackendSettings {
        &self.settings
    }

    /// Whether the last attempt to ask it for its nodes was answered.
    pub fn is_reachable(&self) -> bool {
        self.refresh.succeeded()
    }

    /// Notes where a node is, as a response said.
    pub fn learn(&self, node_id: i32, host: &str, port: u16) {
        self.nodes.learn(node_id, host, port);
    }

    /// Asks for the nodes, over the first address that answers. Whoever calls this while somebody else is asking gets
    /// that answer.
    ///
    /// # Errors
    /// The error of the last address, when none answers.
    ///
    /// # Cancel safety
    /// Whoever waits for the answer asks by itself then.
    pub async fn refresh(&self) -> Result<(), ConnectError> {
        let ask = async { metadata::nodes(self).await.map(|nodes| self.nodes.replace(nodes)) };
        self.refresh.run(ask).await
    }

    /// Asks for the nodes now and then, until dropped. Failures are logged when they begin and when they end.
    pub async fn keep_refreshed(&self) {
        let mut failing = false;
        loop {
            let outcome = self.refresh().await;
            match &outcome {
                Err(error) if !failing => {
                    tracing::warn!(
                        backend_cluster = &**self.name(),
                        "the backend cluster does not answer: {error}"
                    );
                }
                Ok(()) if failing => {
                    tracing::info!(backend_cluster = &**self.name(), "the backend cluster answers again");
                }
                _ => {}
            }
            failing = outcome.is_err();
            let interval = **self.settings.refresh_interval.load();
            tokio::time::sleep(if failing { interval.min(RETRY) } else { interval }).await;
        }
    }

    /// Ends the connections whose bytes are moved as they are.
    pub(crate) fn drain(&self) {
        self.drain.begin();
    }

    pub(crate) fn draining(&self) -> Draining {
        self.drain.listen()
    }

    /// Connects to a node, or to any.
    pub(crate) async fn connect(&self, endpoint: Endpoint) -> Result<Stream, ConnectError> {
        let tls = self.settings.tls.as_ref();
        self.counted(self.connect_with(endpoint, tls).await)
    }

    /// Connects without TLS, for bytes that are TLS already.
    pub(crate) async fn connect_raw(&self, endpoint: Endpoint) -> Result<Stream, ConnectError> {
        self.counted(self.connect_with(endpoint, None).await)
    }

    fn counted(&self, outcome: Result<Stream, ConnectError>) -> Result<Stream, ConnectError> {
        if let Err(error) = &outcome {
            self.metrics.connection_error(error.origin());
        }
        outcome
    }

    async fn connect_with(&self, endpoint: Endpoint, tls: Option<&Live<ClientTls>>) -> Result<Stream, ConnectError> {
        match endpoint {
            Endpoint::Bootstrap => self.connect_any(tls).await,
            Endpoint::Node(node) => self.connect_node(node, tls).await,
        }
    }

    async fn connect_any(&self, tls: Option<&Live<ClientTls>>) -> Result<Stream, ConnectError> {
        let mut last = ConnectError::NoAddress;
        for (place, address) in self.preferred.order(&self.settings.bootstrap_servers) {
            match self.connect_to(address, tls).await {
                Ok(stream) => {
                    self.preferred.answered(place);
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect_node(&self, node: i32, tls: Option<&Live<ClientTls>>) -> Result<Stream, ConnectError> {
        let address = self.locate(node).await?;
        match self.connect_to(&address, tls).await {
            Ok(stream) => Ok(stream),
            Err(error) => {
                // It may have come back elsewhere.
                self.refresh().await?;
                match self.nodes.address(node) {
                    Some(moved) if moved != address => self.connect_to(&moved, tls).await,
                    _ => Err(error),
                }
            }
        }
    }

    async fn connect_to(&self, address: &HostPort, tls: Option<&Live<ClientTls>>) -> Result<Stream, ConnectError> {
        connect::connect(address, tls.map(Live::config), self.settings.connect_timeout).await
    }

    async fn locate(&self, node: i32) -> Result<HostPort, ConnectError> {
        if let Some(address) = self.nodes.address(node) {
            return Ok(address);
        }
        self.refresh().await?;
        self.nodes.address(node).ok_or_else(|| ConnectError::UnknownNode {
            node,
            known: self.nodes.ids(),
        })
    }
}
