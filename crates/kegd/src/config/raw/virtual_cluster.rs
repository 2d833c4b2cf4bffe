//! What clients see.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::decode::{At, NonEmpty, NotYet, choice, entity, tagged};
use super::super::model::{AclMode, NamespaceMode};
use super::super::value::{Description, DnsLabel, Name, Prefix};
use super::{Additional, ClusterPolicy, OAuthBearerClient, Reference, SaslPlainClient, SaslScramClient, TopicAlias};

entity! {
    /// A view of one backend cluster with its own names, authentication and policies.
    VirtualCluster {
        /// The name that listeners refer to.
        name: At<Name>,
        /// What it means, for people.
        description: Option<Description>,
        /// Labels, for people.
        labels: Option<BTreeMap<String, Description>>,
        /// The backend cluster that it is a view of.
        destination: Reference,
        /// Its label in host names, when it is reached by SNI.
        dns_label: Option<At<DnsLabel>>,
        /// How clients authenticate: tried in order, and the first that fits the client's mechanism decides.
        authentication: NonEmpty<At<VirtualClusterAuthentication>>,
        /// How long a client of SASL may go on before it has to authenticate again (KIP-368); as long as it wants when this is
        /// left out. Tokens end sessions earlier; of clients that pass through, brokers decide.
        session_lifetime: Option<At<Duration>>,
        /// Who decides what a client may do.
        acl_mode: AclMode = "passthrough",
        /// The prefix of its topics, groups and transactional ids.
        namespace: Option<Namespace>,
        /// Other names under which clients reach topics that they reach without them.
        topic_aliases: Vec<TopicAlias> = [],
        /// Policies over all requests.
        cluster_policies: Vec<ClusterPolicy> = [],
        /// Not supported yet.
        produce_policies: NotYet,
        /// Not supported yet.
        consume_policies: NotYet,
    }
}

tagged! {
    /// How clients authenticate to a virtual cluster.
    VirtualClusterAuthentication {
        "anonymous" => Anonymous(AnonymousClient),
        "sasl_plain" => SaslPlain(SaslPlainClient),
        "sasl_scram" => SaslScram(SaslScramClient),
        "oauth_bearer" => OAuthBearer(OAuthBearerClient),
        "client_certificate" => ClientCertificate(CertificateClient),
    }
}

entity! {
    /// No authentication.
    AnonymousClient {}
}

entity! {
    /// The certificate that a client has shown to the listener, whose `principal_mapping` says who it is.
    CertificateClient {}
}

choice! {
    AclMode {
        "enforce_on_gateway" => EnforceOnGateway,
        "passthrough" => Passthrough,
    }
}

entity! {
    /// The prefix of a virtual cluster's topics, groups and transactional ids.
    Namespace {
        /// What clients see of the prefix: nothing (hide_prefix), or all, and must use it (enforce_prefix).
        mode: NamespaceMode,
        /// The prefix.
        prefix: At<Prefix>,
        /// Whether another virtual cluster of the same backend cluster that says so too may have a prefix that begins
        /// with this one, or that this one begins with, or show names of this one as additional. They then see each
        /// other's names.
        allow_overlap: bool = false,
        /// What is shown beside the namespace.
        additional: Option<Additional>,
    }
}

choice! {
    NamespaceMode {
        "hide_prefix" => HidePrefix,
        "enforce_prefix" => EnforcePrefix,
    }
}
