//! Metrics, under the names of Kong Event Gateway. Handles are resolved when a thing is built, and those of an API with its first
//! request.

use std::sync::OnceLock;
use std::time::Duration;

use keg_codec::{Api, ApiKey};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// What is counted of a backend cluster.
#[derive(Debug)]
pub(crate) struct BackendMetrics {
    name: String,
}

impl BackendMetrics {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    pub(crate) fn connection_error(&self, origin: &'static str) {
        counter!("kong_keg_kafka_backend_connection_errors_total", "backend_cluster" => self.name.clone(), "connection_error_origin" => origin).increment(1);
    }

    /// How long brokers took to decide on the gateway's credentials.
    pub(crate) fn authentication(&self, mechanism: &'static str, again: bool, succeeded: bool, took: Duration) {
        let labels = [
            ("backend_cluster", self.name.clone()),
            ("auth_mechanism", mechanism.to_owned()),
            ("reauthentication", again.to_string()),
            ("result", if succeeded { "success" } else { "fail" }.to_owned()),
        ];
        histogram!(
            "kong_keg_kafka_auth_backend_cluster_processing_duration_seconds",
            &labels
        )
        .record(took.as_secs_f64());
    }

    /// Whether brokers took the gateway's credentials last.
    pub(crate) fn authenticated(&self, accepted: bool) {
        gauge!("kong_keg_kafka_backend_authenticated", "backend_cluster" => self.name.clone())
            .set(f64::from(u8::from(accepted)));
    }
}

/// What is counted of a virtual cluster.
#[derive(Debug)]
pub(crate) struct ClusterMetrics {
    virtual_cluster: String,
    backend_cluster: String,
    /// By api key. Clients use few APIs of those that there are, and each takes memory here and room wherever metrics are kept.
    apis: Box<[OnceLock<Box<ApiMetrics>>]>,
}

/// What is counted of an API in a virtual cluster.
#[derive(Debug)]
pub(crate) struct ApiMetrics {
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
    roundtrip: Histogram,
}

impl ClusterMetrics {
    pub(crate) fn new(virtual_cluster: &str, backend_cluster: &str) -> Self {
        let keys = Api::all().iter().filter_map(|api| usize::try_from(api.key.0).ok());
        let count = keys.max().map_or(0, |last| last + 1);
        Self {
            virtual_cluster: virtual_cluster.to_owned(),
            backend_cluster: backend_cluster.to_owned(),
            apis: (0..count).map(|_| OnceLock::new()).collect(),
        }
    }

    /// How long it took to decide on a client.
    pub(crate) fn authentication(
        &self,
        mechanism: &'static str,
        mediation: &'static str,
        again: bool,
        succeeded: bool,
        took: Duration,
    ) {
        let labels = [
            ("virtual_cluster", self.virtual_cluster.clone()),
            ("backend_cluster", self.backend_cluster.clone()),
            ("auth_mechanism", mechanism.to_owned()),
            ("auth_mediation", mediation.to_owned()),
            ("reauthentication", again.to_string()),
            ("result", if succeeded { "success" } else { "fail" }.to_owned()),
        ];
        histogram!(
            "kong_keg_kafka_auth_virtual_cluster_processing_duration_seconds",
            &labels
        )
        .record(took.as_secs_f64());
    }

    /// What is counted of an API; none of what keg doesn't know.
    pub(crate) fn api(&self, key: ApiKey) -> Option<&ApiMetrics> {
        let metrics = self.apis.get(usize::try_from(key.0).ok()?)?;
        match metrics.get() {
            Some(metrics) => Some(metrics),
            None => {
                let api = Api::of(key)?;
                Some(metrics.get_or_init(|| Box::new(self.register(api))))
            }
        }
    }

    #[cold]
    fn register(&self, api: &Api) -> ApiMetrics {
        let labels = [
            ("virtual_cluster", self.virtual_cluster.clone()),
            ("backend_cluster", self.backend_cluster.clone()),
            ("api_key", api.name.to_owned()),
        ];
        ApiMetrics {
            received: counter!("kong_keg_kafka_request_received_total", &labels),
            sent: counter!("kong_keg_kafka_response_sent_total", &labels),
            roundtrip: histogram!("kong_keg_kafka_backend_roundtrip_duration_seconds", &labels),
        }
    }
}

impl ApiMetrics {
    pub(crate) fn roundtrip(&self, took: Duration) {
        self.roundtrip.record(took.as_secs_f64());
    }
}

/// What is counted of a listener.
#[derive(Debug)]
pub(crate) struct ListenerMetrics {
    connections: Gauge,
    name: String,
}

/// A connection that is counted as open.
#[derive(Debug)]
pub(crate) struct OpenConnection(Gauge);

impl ListenerMetrics {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            connections: gauge!("kong_keg_kafka_connections", "listener" => name.to_owned()),
            name: name.to_owned(),
        }
    }

    pub(crate) fn open(&self) -> OpenConnection {
        self.connections.increment(1);
        OpenConnection(self.connections.clone())
    }

    pub(crate) fn error(&self, kind: &'static str) {
        counter!("kong_keg_kafka_connection_errors_total", "listener" => self.name.clone(), "kind" => kind)
            .increment(1);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// How many connections all listeners may have together.
pub(crate) fn connections_limit(limit: usize) {
    gauge!("keg_connections_limit").set(limit as f64);
}

/// The connections that waited for others to end, since there were as many as there may be.
pub(crate) fn delayed_connections() -> Counter {
    counter!("keg_connections_delayed_total")
}

/// How many connections a listener may have.
pub(crate) fn listener_limit(name: &str, limit: usize) {
    gauge!("kong_keg_listener_connections_limit", "listener" => name.to_owned()).set(limit as f64);
}
