//! What becomes of each kind of field, in words. Tests hold it against what is done.
//!
//! The matches are exhaustive: a new kind of field doesn't compile without a decision.

use keg_codec::schema::{Entity, Field};
use keg_codec::{Api, ApiKey, Direction};

use super::{acls, metadata};
use crate::fields::{Decision, Effect};
use crate::partial::Place;

/// Where a name that is not the client's stands in a response, it goes with the element that it is in.
const REMOVED: &str = "the prefix is removed; what is not the client's is left out, and what belongs to it";

/// What becomes of a field of a message that is served.
pub(crate) fn decide(api: &'static Api, direction: Direction, version: i16, field: &'static Field) -> Decision {
    match direction {
        Direction::Request => request(api, version, field),
        Direction::Response => response(api, version, field),
    }
}

/// What becomes of a field in what classic consumers send each other.
pub(crate) fn embedded(entity: Entity) -> Decision {
    match entity {
        Entity::TopicName => Decision::new(
            Effect::Renamed,
            "on the way in as in a request, where one that is not admitted denies the whole of it; on the way out as in a response",
        ),
        _ => Decision::new(Effect::Passes, "passes"),
    }
}

fn request(api: &'static Api, version: i16, field: &'static Field) -> Decision {
    let named = |what| Decision::new(Effect::Renamed, format!("{what}; {}", denial(field, api, version)));
    match field.entity {
        Entity::TopicName | Entity::GroupId | Entity::TransactionalId => named("gets the prefix, or must have it"),
        Entity::CoordinatorKey => named("by the kind of coordinator, as the name that it is"),
        Entity::ConfigResourceName => named("by the kind of resource: topics and groups as their names, no others"),
        Entity::AclResourceName if api.key == ApiKey::CREATE_ACLS => {
            named("as the names of topics, groups and transactional ids that it stands for")
        }
        Entity::AclResourceName => Decision::new(
            Effect::Renamed,
            "as the names of topics, groups and transactional ids that it stands for; others are not found",
        ),
        Entity::AclPatternType if acls::administers(api.key) => Decision::new(
            Effect::Checked,
            "read; under a hidden prefix `*` becomes what begins with it",
        ),
        Entity::ConsumerAssignment | Entity::ConsumerSubscription => Decision::new(
            Effect::Renamed,
            "of consumers: the topics in it get the prefix, or must have it; of others: passes",
        ),
        Entity::TopicNameRegex => Decision::new(
            Effect::Replaced,
            "an expression that matches the same inside of the namespace; what can't be confined is refused",
        ),
        Entity::TransactionalIdRegex => Decision::new(
            Effect::Replaced,
            "an expression that matches the same inside of the namespace",
        ),
        Entity::TopicId => topic_id(api, version, field),
        Entity::FetchSessionId | Entity::FetchSessionEpoch => Decision::new(
            Effect::Checked,
            "a session must have been given on this connection; none is begun where topics are denied",
        ),
        Entity::BrokerId if field.name == "ReplicaId" => Decision::new(Effect::Checked, "no broker's"),
        Entity::Acks
        | Entity::AclPatternType
        | Entity::AclResourceType
        | Entity::ConfigResourceType
        | Entity::CoordinatorKeyType
        | Entity::ProtocolType => Decision::new(Effect::Checked, "read: what else is in the request depends on it"),
        Entity::BrokerId | Entity::BrokerHost | Entity::BrokerPort | Entity::BrokerRack | Entity::ClusterId => {
            Decision::new(Effect::Passes, "passes: these are the backend's for all")
        }
        Entity::ClientEndpointHost | Entity::ClientEndpointPort | Entity::ClientHost => {
            Decision::new(Effect::Passes, "passes: it is the client's own")
        }
        Entity::ConfigValue => Decision::new(Effect::Passes, "passes: it is about what was admitted"),
        Entity::Principal => Decision::new(Effect::Passes, "passes: principals are the backend's for all"),
        Entity::Records => Decision::new(Effect::Passes, "passes unread"),
        Entity::ProducerId => Decision::new(Effect::Passes, "passes: a broker checks it against the epoch"),
        Entity::Envelope | Entity::ErrorCode | Entity::FreeText | Entity::PartitionIndex | Entity::Plain => {
            Decision::new(Effect::Passes, "passes")
        }
    }
}

fn topic_id(api: &'static Api, version: i16, field: &'static Field) -> Decision {
    match api.key {
        ApiKey::METADATA if version >= metadata::FIRST_BY_ID => Decision::new(
            Effect::Passes,
            "passes: in the response others' topics become unknown ids",
        ),
        ApiKey::METADATA => Decision::new(Effect::Checked, "refused, as brokers do: there is only the field"),
        ApiKey::CONSUMER_GROUP_HEARTBEAT => Decision::new(
            Effect::Passes,
            "passes: what a member says it owns; it is assigned only what it subscribed to by name",
        ),
        _ => Decision::new(
            Effect::Checked,
            format!(
                "of a topic of the client's, or looked up; {}",
                denial(field, api, version)
            ),
        ),
    }
}

fn response(api: &'static Api, version: i16, field: &'static Field) -> Decision {
    match field.entity {
        Entity::TopicName | Entity::GroupId | Entity::TransactionalId | Entity::CoordinatorKey => {
            Decision::new(Effect::Renamed, REMOVED)
        }
        Entity::ConfigResourceName if !api.response.entities(version).contains(Entity::ConfigResourceType) => {
            Decision::new(Effect::Replaced, "left out: in this version all are client metrics")
        }
        Entity::ConfigResourceName => Decision::new(
            Effect::Renamed,
            "by the kind of resource: topics and groups as their names, others are left out",
        ),
        Entity::AclResourceName => Decision::new(
            Effect::Renamed,
            "as the names of topics, groups and transactional ids that it stands for; others are left out",
        ),
        Entity::ConsumerAssignment | Entity::ConsumerSubscription => Decision::new(
            Effect::Renamed,
            "of consumers: the topics in it lose the prefix, others' are left out; of others: passes",
        ),
        Entity::FreeText => Decision::new(
            Effect::Renamed,
            "names in it lose the prefix, and others' topics go; without a namespace too, so does the broker's connection",
        ),
        Entity::TopicNameRegex | Entity::TransactionalIdRegex => Decision::new(
            Effect::Replaced,
            "the client's own expression; empty where it is not one that was confined here",
        ),
        Entity::TopicId => match api.key {
            ApiKey::METADATA | ApiKey::CREATE_TOPICS | ApiKey::DESCRIBE_TOPIC_PARTITIONS => Decision::new(
                Effect::Passes,
                "learned, where the name beside it is the client's; passes",
            ),
            _ => Decision::new(
                Effect::Passes,
                "passes: of what is left, whose name or id was the client's to ask for",
            ),
        },
        Entity::BrokerHost | Entity::BrokerPort => Decision::new(
            Effect::Replaced,
            "the gateway's address for the node, in virtual clusters without a namespace too",
        ),
        Entity::ConfigValue => Decision::new(
            Effect::Passes,
            "passes: of topics and groups; without a namespace, addresses in brokers' settings become null",
        ),
        Entity::FetchSessionId => Decision::new(Effect::Passes, "noted as this connection's; passes"),
        Entity::FetchSessionEpoch => Decision::new(Effect::Passes, "passes"),
        Entity::AclPatternType
        | Entity::AclResourceType
        | Entity::ConfigResourceType
        | Entity::CoordinatorKeyType
        | Entity::ProtocolType => Decision::new(Effect::Checked, "read: what else is in the response depends on it"),
        Entity::BrokerId | Entity::BrokerRack | Entity::ClusterId => {
            Decision::new(Effect::Passes, "passes: these are the backend's for all")
        }
        Entity::ClientHost => Decision::new(
            Effect::Replaced,
            "`/0.0.0.0`, in virtual clusters without a namespace too: brokers see the gateway",
        ),
        Entity::ClientEndpointHost | Entity::ClientEndpointPort => {
            Decision::new(Effect::Passes, "passes: of a member of a group that the client may see")
        }
        Entity::Principal => Decision::new(Effect::Passes, "passes: principals are the backend's for all"),
        Entity::Records => Decision::new(Effect::Passes, "passes unread: of topics that were admitted"),
        Entity::ProducerId => Decision::new(Effect::Passes, "passes: of what was admitted"),
        Entity::Acks | Entity::Envelope | Entity::ErrorCode | Entity::PartitionIndex | Entity::Plain => {
            Decision::new(Effect::Passes, "passes")
        }
    }
}

/// What becomes of a request for a name that is not admitted.
fn denial(field: &'static Field, api: &'static Api, version: i16) -> &'static str {
    let mut answers = api.response.fields.iter().filter(|it| it.versions.contains(version));
    match Place::of(field, api, version) {
        Place::Element if answers.any(|it| it.array) => "what is not admitted is denied by itself",
        Place::Topic => "what is not admitted is denied partition by partition",
        Place::Filter => "what is not admitted is left out",
        // The response has no place for an answer to a part.
        Place::Top | Place::Element | Place::Deeper => "what is not admitted denies the whole request",
    }
}
