//! The configuration as it is written: one declaration for each entity, which gives both its decoding and its schema.
//!
//! The fields of Kong Event Gateway keep their names and limits; what this version of keg lacks is declared as `NotYet`
//! or under `later`, so that it is refused and never silently ignored.

mod additional;
mod backend_cluster;
mod forward;
mod listener;
mod oauth;
mod policy;
mod runtime;
mod sasl;
mod tls;
mod topic_alias;
mod virtual_cluster;

pub(crate) use additional::{Additional, AdditionalGroup, AdditionalGroups, AdditionalTopic, AdditionalTopics};
pub(crate) use backend_cluster::{BackendAuthentication, BackendCluster, BackendTls, NodeAddress};
pub(crate) use forward::{
    ForwardToBackendCluster, ForwardToVirtualCluster, HostFormat, PortMapping, Sni, SniPassthrough,
};
pub(crate) use listener::{Listener, ListenerPolicy};
pub(crate) use oauth::{ClaimsMapping, Jwks, OAuthBearer, OAuthBearerClient, TokenValidation};
pub(crate) use policy::{AclResourceNames, AclRule, Acls, BlockApis, ClusterPolicy, Policy, RequestPolicy};
pub(crate) use runtime::{Observability, Runtime};
pub(crate) use sasl::{Principal, SaslPlain, SaslPlainClient, SaslScram, SaslScramClient};
pub(crate) use tls::{ClientAuthentication, Identity, TlsServer, TrustBundle, Versions};
pub(crate) use topic_alias::TopicAlias;
pub(crate) use virtual_cluster::{Namespace, VirtualCluster, VirtualClusterAuthentication};

use super::decode::{At, List, NotYet, entity};
use super::value::Name;

entity! {
    /// A configuration file of keg.
    Root {
        /// Bounds and times of the process.
        runtime: Option<At<Runtime>>,
        /// Logs and traces.
        observability: Option<At<Observability>>,
        /// The Kafka clusters behind the gateway.
        backend_clusters: List<At<BackendCluster>> = [],
        /// What clients see: views of backend clusters.
        virtual_clusters: List<At<VirtualCluster>> = [],
        /// Where clients connect.
        listeners: List<At<Listener>> = [],
        /// CAs that client certificates are checked against.
        tls_trust_bundles: List<At<TrustBundle>> = [],
        /// Not supported yet.
        schema_registries: NotYet,
        /// Not supported yet.
        static_keys: NotYet,
    }
}

entity! {
    /// A reference to another entity.
    Reference {
        /// The name of the entity.
        name: At<Name>,
    }
}
