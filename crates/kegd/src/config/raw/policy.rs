//! Policies: the frame that all share, and those over all requests.

use std::collections::BTreeMap;

use keg_policy::{AclAction, Operation, Operations, ResourceType};
use serde_json::{Value, json};

use super::super::decode::{At, Decode, NonEmpty, NotYet, Reader, choice, entity, tagged};
use super::super::schema::Definitions;
use super::super::value::{ApiName, Description, Name, ResourceName};
use super::super::yaml::Kind;
use crate::expression::{Condition, Names};

entity! {
    /// What all policies of listeners share.
    Policy<C> {
        /// Its name, for logs and metrics.
        name: Option<At<Name>>,
        /// What it means, for people.
        description: Option<Description>,
        /// Labels, for people.
        labels: Option<BTreeMap<String, Description>>,
        /// Whether it is in force.
        enabled: bool = true,
        /// Not supported yet.
        condition: NotYet,
        /// What is particular to this type.
        config: At<C>,
    }
}

entity! {
    /// What all policies over requests share.
    RequestPolicy<C> {
        /// Its name, for logs and metrics.
        name: Option<At<Name>>,
        /// What it means, for people.
        description: Option<Description>,
        /// Labels, for people.
        labels: Option<BTreeMap<String, Description>>,
        /// Whether it is in force.
        enabled: bool = true,
        /// Whom it is about: an expression over context that is true or false. Without one it is about all clients.
        condition: Option<Condition>,
        /// What is particular to this type.
        config: At<C>,
    }
}

tagged! {
    /// A policy over all requests of a virtual cluster.
    ClusterPolicy {
        "acls" => Acls(RequestPolicy<Acls>),
        "block_apis" => BlockApis(RequestPolicy<BlockApis>),
    }
}

entity! {
    /// Allows and denies operations on resources, where acl_mode is enforce_on_gateway.
    Acls {
        /// The rules. What one denies is denied, whatever others allow; what none allows is not allowed.
        rules: Vec<AclRule>,
    }
}

entity! {
    /// Allows or denies operations on resources.
    AclRule {
        /// The kind of the resources.
        resource_type: At<ResourceType>,
        /// Whether it allows or denies.
        action: AclAction,
        /// The operations. Who may read, write, delete or alter may describe, and who may alter configurations may describe
        /// them.
        operations: NonEmpty<AclOperation>,
        /// The names of the resources, as clients see them, before topic aliases and the namespace. The cluster is called
        /// kafka-cluster. An expression over context gives names that depend on the client, as a list of texts.
        resource_names: AclResourceNames,
    }
}

/// Names of resources, written out or as an expression.
#[derive(Debug)]
pub(crate) enum AclResourceNames {
    /// The same for all clients.
    Listed(NonEmpty<AclResourceName>),
    /// They depend on the client.
    Expression(Names),
}

impl Decode for AclResourceNames {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        match &reader.node().kind {
            Kind::Scalar(_) => Names::decode(reader).map(Self::Expression),
            Kind::Sequence(_) | Kind::Mapping(_) => NonEmpty::decode(reader).map(Self::Listed),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let listed = NonEmpty::<AclResourceName>::schema(definitions);
        json!({ "anyOf": [listed, Names::schema(definitions)] })
    }
}

entity! {
    /// An operation.
    AclOperation {
        /// Its name, or all.
        name: At<Operations>,
    }
}

entity! {
    /// Names of resources.
    AclResourceName {
        /// A name in which an asterisk stands for any characters and a question mark for one. A backslash takes the meaning
        /// from what follows.
        r#match: At<ResourceName>,
    }
}

choice! {
    ResourceType {
        "cluster" => Cluster,
        "group" => Group,
        "topic" => Topic,
        "transactional_id" => TransactionalId,
    }
}

choice! {
    AclAction {
        "allow" => Allow,
        "deny" => Deny,
    }
}

/// Reads an operation's name as the set of what it stands for.
impl Decode for Operations {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        choice::choose(reader, &operations(), &[])
    }

    fn schema(definitions: &mut Definitions) -> Value {
        choice::schema(&operations().map(|(word, _)| word), definitions)
    }
}

fn operations() -> [(&'static str, Operations); Operation::ALL.len() + 1] {
    let mut words = [("all", Operations::ALL); Operation::ALL.len() + 1];
    for (word, operation) in words.iter_mut().skip(1).zip(Operation::ALL) {
        *word = (operation.as_str(), Operations::of(&[operation]));
    }
    words
}

entity! {
    /// Answers requests of some Kafka APIs with POLICY_VIOLATION.
    BlockApis {
        /// Names of Kafka APIs in snake_case, as in create_topics, or their numbers.
        apis: NonEmpty<ApiName>,
    }
}
