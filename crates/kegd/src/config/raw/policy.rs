//! Policies: the frame that all share, and those over all requests.

use std::collections::BTreeMap;

use super::super::decode::{At, NonEmpty, NotYet, entity, tagged};
use super::super::value::{ApiName, Description, Name};

entity! {
    /// What all policies share.
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

tagged! {
    /// A policy over all requests of a virtual cluster.
    ClusterPolicy {
        "block_apis" => BlockApis(Policy<BlockApis>),
    }
    later ["acls"]
}

entity! {
    /// Answers requests of some Kafka APIs with POLICY_VIOLATION.
    BlockApis {
        /// Names of Kafka APIs in snake_case, as in create_topics, or their numbers.
        apis: NonEmpty<ApiName>,
    }
}
