//! What clients see.

use std::sync::Arc;
use std::time::Duration;

use super::{
    AclAction, Additional, BackendCluster, Condition, NamePattern, Names, OnConflict, Operations, ResourceType,
    ScramAlgorithm, Tokens, Users,
};

/// A view of one backend cluster with its own names, authentication and policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualCluster {
    /// The name that listeners refer to.
    pub name: String,
    /// The backend cluster that it is a view of.
    pub backend: Arc<BackendCluster>,
    /// Its label in host names when it is reached by SNI.
    pub dns_label: Option<String>,
    /// How clients authenticate, tried in order; at least one.
    pub authentication: Vec<VirtualClusterAuthentication>,
    /// How long sessions of SASL last at most; none for as long as clients want.
    pub session_lifetime: Option<Duration>,
    /// Who decides what a client may do.
    pub acl_mode: AclMode,
    /// The prefix of its names; none when it shows the backend's names as they are.
    pub namespace: Option<Namespace>,
    /// Other names of topics.
    pub topic_aliases: Vec<TopicAlias>,
    /// The enabled policies over all requests, in order.
    pub cluster_policies: Vec<ClusterPolicy>,
}

/// How clients authenticate to a virtual cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VirtualClusterAuthentication {
    /// Not at all.
    Anonymous,
    /// SASL/PLAIN.
    SaslPlain(Users),
    /// SASL/SCRAM.
    SaslScram {
        /// The hash function.
        algorithm: ScramAlgorithm,
        /// Who may connect.
        users: Users,
    },
    /// SASL/OAUTHBEARER.
    OAuthBearer(Tokens),
    /// By the certificate that a client has shown to the listener.
    ClientCertificate,
}

impl VirtualClusterAuthentication {
    /// Whether clients authenticate to the brokers by it, and not only to the gateway.
    #[must_use]
    pub fn reaches_brokers(&self) -> bool {
        match self {
            Self::Anonymous | Self::ClientCertificate => false,
            Self::SaslPlain(users) | Self::SaslScram { users, .. } => *users == Users::OfBrokers,
            Self::OAuthBearer(Tokens::Checked(bearer)) => bearer.forward,
            Self::OAuthBearer(Tokens::OfBrokers) => true,
        }
    }
}

/// Who decides what a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AclMode {
    /// The gateway: clients may do what the policies `acls` allow, and nothing else.
    EnforceOnGateway,
    /// The backend cluster.
    Passthrough,
}

/// The prefix of a virtual cluster's topics, groups and transactional ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// What clients see of the prefix.
    pub mode: NamespaceMode,
    /// The prefix; not empty.
    pub prefix: String,
    /// What is shown beside the namespace.
    pub additional: Additional,
}

/// What clients see of a namespace's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceMode {
    /// Nothing: it is added to what they send and taken from what they get.
    HidePrefix,
    /// All: names without it are refused.
    EnforcePrefix,
}

/// Another name under which clients reach a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicAlias {
    /// The other name.
    pub alias: String,
    /// The topic, by the name under which clients reach it without the alias; no alias.
    pub topic: String,
    /// What becomes of a topic of the alias' name, which clients don't see.
    pub conflict: OnConflict,
    /// Who has it; none for all.
    pub condition: Option<Condition>,
}

/// A policy over all requests of a virtual cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterPolicy {
    /// Its name, for logs and metrics.
    pub name: Option<String>,
    /// Whom it is about; none for all.
    pub condition: Option<Condition>,
    /// What it does.
    pub kind: ClusterPolicyKind,
}

/// What a cluster policy does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterPolicyKind {
    /// Answers requests of these APIs with POLICY_VIOLATION.
    BlockApis {
        /// Names of Kafka APIs in snake_case, as in `create_topics`, or their numbers; at least one.
        apis: Vec<String>,
    },
    /// Allows and denies operations on resources.
    Acls {
        /// The rules.
        rules: Vec<AclRule>,
    },
}

/// Allows or denies operations on resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclRule {
    /// The kind of the resources.
    pub resource_type: ResourceType,
    /// Whether it allows or denies.
    pub action: AclAction,
    /// The operations; at least one.
    pub operations: Operations,
    /// The names of the resources, as clients see them.
    pub resource_names: AclResourceNames,
}

/// Names of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AclResourceNames {
    /// The same for all clients; at least one.
    Patterns(Vec<NamePattern>),
    /// They depend on the client.
    Expression(Names),
}
