//! The configuration as keg works with it: complete, with references resolved, and without illegal states.
//!
//! Nothing here knows YAML, files or the environment. Parts that others refer to are shared by `Arc`, and two
//! configurations compare by value.

use std::sync::Arc;

mod backend_cluster;
mod listener;
mod oauth;
mod runtime;
mod sasl;
mod tls;
mod virtual_cluster;

pub use crate::expression::{Condition, Names};
pub use backend_cluster::{BackendAuthentication, BackendCluster, BackendTls};
pub use keg_policy::{
    AclAction, Additional, AdditionalTopics, NamePattern, NameSet, OnConflict, Operations, ResourceType,
};
pub use keg_proxy::{CertificateMapping, CertificateName, HostPort};
pub use keg_router::{BootstrapPort, BrokerHostFormat, PortRange};
pub use listener::{Forward, Listener, PortMapping, Sni, SniPassthrough};
pub use oauth::{ClientCredentials, Jwks, OAuthBearer, TokenKeys, TokenMediation, Tokens};
pub use runtime::{LogFormat, Observability, Runtime};
pub use sasl::{BackendUser, Credential, Mediation, Principal, ScramAlgorithm, Users};
pub use tls::{
    ClientAuthentication, ClientAuthenticationMode, Identity, TlsServer, TlsVersion, TlsVersions, TrustBundle,
};
pub use virtual_cluster::{
    AclMode, AclResourceNames, AclRule, ClusterPolicy, ClusterPolicyKind, Namespace, NamespaceMode, TopicAlias,
    VirtualCluster, VirtualClusterAuthentication,
};

/// A whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What concerns the process.
    pub runtime: Runtime,
    /// Logs.
    pub observability: Observability,
    /// The Kafka clusters behind the gateway.
    pub backend_clusters: Vec<Arc<BackendCluster>>,
    /// What clients see. Each holds its backend cluster.
    pub virtual_clusters: Vec<Arc<VirtualCluster>>,
    /// Where clients connect.
    pub listeners: Vec<Arc<Listener>>,
    /// The CAs that client certificates are checked against.
    pub trust_bundles: Vec<Arc<TrustBundle>>,
}
