//! The Kafka clusters behind the gateway.

use std::collections::BTreeMap;

use super::super::decode::{At, Bounded, NonEmpty, entity, tagged};
use super::super::model::{HostPort, TlsVersion};
use super::super::value::{Description, Name, Pem};
use super::{Identity, OAuthBearer, SaslPlain, SaslScram};

entity! {
    /// A Kafka cluster behind the gateway.
    BackendCluster {
        /// The name that virtual clusters and listeners refer to.
        name: At<Name>,
        /// What it means, for people.
        description: Option<Description>,
        /// Labels, for people.
        labels: Option<BTreeMap<String, Description>>,
        /// Where the cluster is found, tried in turn.
        bootstrap_servers: NonEmpty<HostPort>,
        /// How the gateway authenticates to it.
        authentication: BackendAuthentication,
        /// Whether virtual clusters with anonymous clients may use it.
        insecure_allow_anonymous_virtual_cluster_auth: bool = false,
        /// Whether readiness fails while its nodes refuse the gateway's credentials.
        readiness_requires_authentication: bool = false,
        /// TLS to its nodes.
        tls: Option<BackendTls>,
        /// How often the gateway refreshes what it knows about the nodes.
        metadata_update_interval_seconds: Bounded<1, 43_200> = 60,
        /// Where nodes are, whatever the cluster advertises. For passthrough: the cluster advertises the gateway then.
        node_addresses: Vec<NodeAddress> = [],
    }
}

entity! {
    /// Where a node of a backend cluster is.
    NodeAddress {
        /// The node's id.
        node_id: At<Bounded<0, 2_147_483_647>>,
        /// Its host and port.
        address: HostPort,
    }
}

tagged! {
    /// How the gateway authenticates to a backend cluster.
    BackendAuthentication {
        "anonymous" => Anonymous(Anonymous),
        "sasl_plain" => SaslPlain(SaslPlain),
        "sasl_scram" => SaslScram(SaslScram),
        "oauth_bearer" => OAuthBearer(OAuthBearer),
    }
}

entity! {
    /// No authentication.
    Anonymous {}
}

entity! {
    /// TLS to the nodes of a backend cluster.
    BackendTls {
        /// Whether connections to the nodes use TLS.
        enabled: bool,
        /// Whether any certificate is accepted.
        insecure_skip_verify: bool = false,
        /// The CAs that the nodes' certificates must come from, as PEM; without it, the public ones.
        ca_bundle: Option<Pem>,
        /// The TLS versions on offer.
        tls_versions: NonEmpty<TlsVersion> = ["tls12", "tls13"],
        /// What the gateway shows to the nodes.
        client_identity: Option<Identity>,
    }
}
