//! Backend clusters: the real Kafka.

mod connect;
mod metadata;
mod nodes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use keg_router::Endpoint;
use keg_tls::{ClientTls, Live};
use tokio::sync::Mutex;

pub use connect::ConnectError;
pub use nodes::HostPort;

use crate::metrics::BackendMetrics;
use crate::stream::Stream;
use nodes::Nodes;

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
    /// One refresh at a time; who waits for it uses its result.
    refreshing: Mutex<()>,
    reachable: AtomicBool,
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
            refreshing: Mutex::default(),
            reachable: AtomicBool::new(false),
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
        self.reachable.load(Ordering::Relaxed)
    }

    /// Notes where a node is, as a response said.
    pub fn learn(&self, node_id: i32, host: &str, port: u16) {
        self.nodes.learn(node_id, host, port);
    }

    /// Asks for the nodes, over the first address that answers.
    ///
    /// # Errors
    /// The error of the last address, when none answers.
    pub async fn refresh(&self) -> Result<(), ConnectError> {
        let outcome = metadata::nodes(self).await;
        self.reachable.store(outcome.is_ok(), Ordering::Relaxed);
        self.nodes.replace(outcome?);
        Ok(())
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
                    tracing::info!(backend_cluster = &**self.name(), "the backend cluster answers again")
                }
                _ => {}
            }
            failing = outcome.is_err();
            let interval = **self.settings.refresh_interval.load();
            tokio::time::sleep(if failing { interval.min(RETRY) } else { interval }).await;
        }
    }

    /// Connects to a node, or to any.
    pub(crate) async fn connect(&self, endpoint: Endpoint) -> Result<Stream, ConnectError> {
        let outcome = match endpoint {
            Endpoint::Bootstrap => self.connect_any().await,
            Endpoint::Node(node) => self.connect_node(node).await,
        };
        if let Err(error) = &outcome {
            self.metrics.connection_error(error.origin());
        }
        outcome
    }

    /// Connects without TLS, for bytes that are TLS already.
    pub(crate) async fn connect_raw(&self, endpoint: Endpoint) -> Result<Stream, ConnectError> {
        match endpoint {
            Endpoint::Bootstrap => self.first_of(&self.settings.bootstrap_servers, false).await,
            Endpoint::Node(node) => {
                let address = self.locate(node).await?;
                self.first_of(&[address], false).await
            }
        }
    }

    async fn connect_any(&self) -> Result<Stream, ConnectError> {
        self.first_of(&self.settings.bootstrap_servers, true).await
    }

    async fn connect_node(&self, node: i32) -> Result<Stream, ConnectError> {
        let address = self.locate(node).await?;
        match self.first_of(std::slice::from_ref(&address), true).await {
            Ok(stream) => Ok(stream),
            Err(error) => {
                // It may have come back elsewhere.
                self.refresh_once().await?;
                match self.nodes.address(node) {
                    Some(moved) if moved != address => self.first_of(&[moved], true).await,
                    _ => Err(error),
                }
            }
        }
    }

    async fn locate(&self, node: i32) -> Result<HostPort, ConnectError> {
        if let Some(address) = self.nodes.address(node) {
            return Ok(address);
        }
        self.refresh_once().await?;
        self.nodes.address(node).ok_or_else(|| ConnectError::UnknownNode {
            node,
            known: self.nodes.ids(),
        })
    }

    /// Refreshes, or waits for the refresh that is under way.
    async fn refresh_once(&self) -> Result<(), ConnectError> {
        let before = self.nodes.generation();
        let _turn = self.refreshing.lock().await;
        if self.nodes.generation() == before {
            self.refresh().await
        } else {
            Ok(())
        }
    }

    async fn first_of(&self, addresses: &[HostPort], tls: bool) -> Result<Stream, ConnectError> {
        let tls = self.settings.tls.as_ref().filter(|_| tls).map(Live::config);
        connect::first_of(addresses, tls, self.settings.connect_timeout).await
    }
}
