//! Backend clusters: the real Kafka.

mod acceptance;
mod certificate;
mod connect;
mod credentials;
mod metadata;
mod nodes;
mod proof;
mod questions;
mod refresh;
mod spread;
mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use keg_policy::ApiVersions;
use keg_router::Endpoint;
use keg_tls::{ClientTls, Live};

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

pub use connect::ConnectError;
pub use credentials::Credentials;
pub use nodes::HostPort;
pub use tokens::{TokenFeed, Tokens};

use crate::drain::{Drain, Draining};
use crate::metrics::BackendMetrics;
use crate::stream::Stream;
use acceptance::Acceptance;
pub(crate) use connect::Connected;
use connect::Preferred;
pub(crate) use credentials::{Lease, prove};
pub(crate) use metadata::Asked;
use nodes::Nodes;
pub(crate) use proof::{Broker, ProofError};
pub(crate) use questions::{MechanismAnswer, Question, TokenAnswer, api};
use refresh::Refresh;

/// How long until a backend cluster that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(2);

/// What the operator is told to see to where the gateway's credentials are refused.
const MEND: &str = "mend `authentication` of the backend cluster and reload, or the user on the brokers";

/// How a backend cluster is reached. What can be replaced while it is in use is so behind its own pointer.
#[derive(Debug)]
pub struct BackendSettings {
    /// Its name, for logs and metrics.
    pub name: Arc<str>,
    /// Where it is found, tried in turn.
    pub bootstrap_servers: Vec<HostPort>,
    /// TLS to its nodes; none for plaintext.
    pub tls: Option<Live<ClientTls>>,
    /// Who the gateway is to its nodes; none for nobody in particular. Connections that are there stay who they were.
    pub credentials: ArcSwapOption<Credentials>,
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
    /// What its nodes serve, as the last one that was asked has said, and when.
    api_versions: Mutex<Option<(Instant, Arc<ApiVersions>)>>,
    drain: Drain,
    acceptance: Acceptance,
    /// Whether clients say to its nodes who they are.
    clients_authenticate: AtomicBool,
    pub(crate) metrics: BackendMetrics,
}

/// Whose a connection is.
#[derive(Debug, Clone, Copy)]
enum Leg {
    /// The gateway's, with TLS and its credentials.
    Gateways,
    /// A client's that authenticates to the broker, over the gateway's TLS.
    Clients,
    /// A client's, with its TLS.
    Raw,
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
            api_versions: Mutex::default(),
            drain: Drain::default(),
            acceptance: Acceptance::default(),
            clients_authenticate: AtomicBool::new(false),
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

    /// Whether the last attempt to ask it for its nodes was answered; one that does not take the gateway's credentials has
    /// answered, too.
    pub fn is_reachable(&self) -> bool {
        self.refresh.succeeded()
    }

    /// Whether its nodes did not take the gateway's credentials when they were asked last.
    pub fn refuses_credentials(&self) -> bool {
        self.acceptance.is_refused()
    }

    /// Whether readiness waits for the nodes to take the gateway's credentials: not unless this says so, since one cluster
    /// would take the gateway from the clients of all others.
    pub fn require_authentication(&self, required: bool) {
        self.acceptance.require(required);
    }

    /// Says that clients authenticate to its nodes themselves. Where the gateway has no credentials of its own, nodes don't
    /// answer it then but for ApiVersions: where they are is known from the responses to clients alone.
    pub fn let_clients_authenticate(&self, they_do: bool) {
        self.clients_authenticate.store(they_do, Ordering::Relaxed);
    }

    /// Whether it is what readiness waits for: reachable, and authenticated to where that is required.
    pub fn is_ready(&self) -> bool {
        self.is_reachable() && !(self.acceptance.is_required() && self.refuses_credentials())
    }

    /// Notes how the nodes decided on the credentials: the operator is told, and it is counted.
    pub(crate) fn note_proof<T>(
        &self,
        credentials: &Credentials,
        began: Instant,
        again: bool,
        outcome: &Result<T, ProofError>,
    ) {
        if let Err(ProofError::Gone) = outcome {
            // It says nothing of the credentials.
            return;
        }
        let mechanism = credentials.mechanism().name();
        self.metrics
            .authentication(mechanism, again, outcome.is_ok(), began.elapsed());
        match outcome {
            Ok(_) => self.acceptance.accepted(self.name(), &self.metrics),
            Err(ProofError::Refused(reason)) => {
                self.acceptance
                    .refused(self.name(), mechanism, reason, MEND, &self.metrics);
            }
            Err(ProofError::Undecided(_) | ProofError::Certificate(_) | ProofError::Gone) => {}
        }
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
        let ask = async {
            if self.clients_authenticate.load(Ordering::Relaxed) && self.settings.credentials.load().is_none() {
                return metadata::api_versions(self).await.map(drop);
            }
            metadata::nodes(self).await.map(|nodes| self.nodes.replace(nodes))
        };
        self.refresh.run(ask).await
    }

    /// Asks for the nodes now and then, until dropped. Failures are logged when they begin and when they end.
    pub async fn keep_refreshed(&self) {
        let mut failing = false;
        loop {
            let outcome = self.refresh().await;
            match &outcome {
                Err(error) if !failing && !error.is_refusal() => {
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
            failing = outcome.as_ref().is_err_and(|error| !error.is_refusal());
            let interval = **self.settings.refresh_interval.load();
            let soon = interval.min(RETRY);
            let wait = if outcome.is_err() { soon } else { interval };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // Whether that is still so is to be known before long, whoever found it out.
                () = self.acceptance.turns_refused() => tokio::time::sleep(soon).await,
            }
        }
    }

    /// What its nodes serve: a node is asked when that is longer ago than they are asked for the nodes. While none answers,
    /// what was said before is taken.
    pub(crate) async fn api_versions(&self) -> Result<Arc<ApiVersions>, ConnectError> {
        let mut known = self.api_versions.lock().await;
        let interval = **self.settings.refresh_interval.load();
        match &*known {
            Some((asked, said)) if asked.elapsed() < interval => return Ok(Arc::clone(said)),
            _ => {}
        }
        match (self.counted(metadata::api_versions(self).await), &*known) {
            (Ok(said), _) => {
                let said = Arc::new(said);
                *known = Some((Instant::now(), Arc::clone(&said)));
                Ok(said)
            }
            (Err(_), Some((_, said))) => Ok(Arc::clone(said)),
            (Err(error), None) => Err(error),
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
    pub(crate) async fn connect(&self, endpoint: Endpoint) -> Result<Connected, ConnectError> {
        self.counted(self.connect_with(endpoint, Leg::Gateways).await)
    }

    /// Connects without saying who the gateway is, for a client that says itself who it is.
    pub(crate) async fn connect_for_client(&self, endpoint: Endpoint) -> Result<Stream, ConnectError> {
        let connected = self.counted(self.connect_with(endpoint, Leg::Clients).await);
        connected.map(|connected| connected.stream)
    }

    /// Connects without TLS, for bytes that are TLS already.
    pub(crate) async fn connect_raw(&self, endpoint: Endpoint) -> Result<Stream, ConnectError> {
        let connected = self.counted(self.connect_with(endpoint, Leg::Raw).await);
        connected.map(|connected| connected.stream)
    }

    fn counted<T>(&self, outcome: Result<T, ConnectError>) -> Result<T, ConnectError> {
        if let Err(error) = &outcome {
            self.metrics.connection_error(error.origin());
        }
        outcome
    }

    async fn connect_with(&self, endpoint: Endpoint, leg: Leg) -> Result<Connected, ConnectError> {
        match endpoint {
            Endpoint::Bootstrap => self.connect_any(leg).await,
            Endpoint::Node(node) => self.connect_node(node, leg).await,
        }
    }

    async fn connect_any(&self, leg: Leg) -> Result<Connected, ConnectError> {
        let mut last = ConnectError::NoAddress;
        for (place, address) in self.preferred.order(&self.settings.bootstrap_servers) {
            match self.connect_to(address, leg).await {
                Ok(connected) => {
                    self.preferred.answered(place);
                    return Ok(connected);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect_node(&self, node: i32, leg: Leg) -> Result<Connected, ConnectError> {
        let address = self.locate(node).await?;
        match self.connect_to(&address, leg).await {
            Ok(connected) => Ok(connected),
            Err(error) => {
                // It may have come back elsewhere.
                self.refresh().await?;
                match self.nodes.address(node) {
                    Some(moved) if moved != address => self.connect_to(&moved, leg).await,
                    _ => Err(error),
                }
            }
        }
    }

    /// Connects to an address.
    async fn connect_to(&self, address: &HostPort, leg: Leg) -> Result<Connected, ConnectError> {
        let timeout = self.settings.connect_timeout;
        let deadline = Instant::now() + timeout;
        if let Leg::Raw = leg {
            let stream = connect::connect(address, None, timeout, deadline).await?;
            return Ok(Connected { stream, lease: None });
        }
        let late = |_| ConnectError::Timeout {
            address: address.clone(),
            timeout,
        };
        let credentials = match leg {
            Leg::Gateways => self.settings.credentials.load_full(),
            Leg::Clients | Leg::Raw => None,
        };
        if let Some(credentials) = &credentials {
            // Before there is a connection, which brokers would give up on meanwhile.
            let ready = timeout_at(deadline, credentials.ready()).await.unwrap_or_else(|_| {
                let reason = format!("no token for the brokers came within {timeout:?}");
                Err(ProofError::Undecided(reason))
            });
            ready.map_err(|error| ConnectError::Token {
                reason: error.to_string(),
            })?;
        }
        let tls = self.settings.tls.as_ref().map(Live::config);
        let connected = connect::connect(address, tls, timeout, deadline).await;
        let mut stream = connected.map_err(|error| self.note_connect_error(error))?;
        let Some(credentials) = credentials else {
            return Ok(Connected { stream, lease: None });
        };
        let began = Instant::now();
        let proved = timeout_at(deadline, prove(&credentials, &mut Asked(&mut stream))).await;
        let proved = proved.map_err(late)?;
        self.note_proof(&credentials, began, false, &proved);
        let lease = proved.map_err(|error| match error {
            ProofError::Certificate(alert) => self.refused_certificate(address.clone(), alert),
            error => ConnectError::Authentication {
                address: address.clone(),
                reason: error.to_string(),
                refused: matches!(error, ProofError::Refused(_)),
            },
        })?;
        Ok(Connected { stream, lease })
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
