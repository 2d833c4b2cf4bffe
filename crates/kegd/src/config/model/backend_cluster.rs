//! The Kafka clusters behind the gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{BackendUser, ClientCredentials, HostPort, Identity, ScramAlgorithm, TlsVersions};

/// A Kafka cluster behind the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendCluster {
    /// The name that virtual clusters and listeners refer to.
    pub name: String,
    /// Where the cluster is found, tried in turn; at least one.
    pub bootstrap_servers: Vec<HostPort>,
    /// How the gateway authenticates to it.
    pub authentication: BackendAuthentication,
    /// Whether virtual clusters with anonymous clients may use it.
    pub allow_anonymous_virtual_clusters: bool,
    /// Whether the gateway is not ready while the nodes refuse its credentials.
    pub readiness_requires_authentication: bool,
    /// TLS to its nodes; none for plaintext.
    pub tls: Option<BackendTls>,
    /// How often the gateway refreshes what it knows about the nodes.
    pub metadata_update_interval: Duration,
    /// Where nodes are, whatever the cluster advertises.
    pub node_addresses: BTreeMap<i32, HostPort>,
}

/// How the gateway authenticates to a backend cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendAuthentication {
    /// Not at all.
    Anonymous,
    /// With SASL/PLAIN.
    SaslPlain(BackendUser),
    /// With SASL/SCRAM.
    SaslScram(ScramAlgorithm, BackendUser),
    /// With SASL/OAUTHBEARER.
    OAuthBearer(Box<ClientCredentials>),
}

/// TLS to the nodes of a backend cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendTls {
    /// Whether any certificate is accepted.
    pub insecure_skip_verify: bool,
    /// The CAs that the nodes' certificates must come from, as PEM; none for the public ones.
    pub ca_bundle: Option<String>,
    /// The versions on offer.
    pub versions: TlsVersions,
    /// What the gateway shows to the nodes.
    pub client_identity: Option<Identity>,
}
