//! Which messages aliases can stand in.

use keg_codec::schema::{Entity, EntitySet, Message};
use keg_codec::{Api, ApiKey};

use crate::policy::Interest;

/// What is read or changed in requests.
pub(super) const NAMED: EntitySet = EntitySet::of(&[
    Entity::ConfigResourceName,
    Entity::ConfigResourceType,
    Entity::ConsumerAssignment,
    Entity::ConsumerSubscription,
    Entity::ProtocolType,
    Entity::TopicId,
    Entity::TopicName,
]);

/// What is read or changed in responses.
pub(super) const ANSWERED: EntitySet = NAMED.union(EntitySet::of(&[Entity::FreeText]));

/// How an API names topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Each in an element that is answered by an element.
    Elements,
    /// The same, and it can show topics that were not asked for.
    Lists,
    /// Only responses do.
    Shows,
    /// It is about one member of a group.
    Member,
    /// By ids within a session.
    Session,
}

/// What clients send. Brokers name topics to each other by their own names.
const COVERED: &[(ApiKey, Manner)] = &[
    (ApiKey::PRODUCE, Manner::Elements),
    (ApiKey::FETCH, Manner::Elements),
    (ApiKey::LIST_OFFSETS, Manner::Elements),
    (ApiKey::METADATA, Manner::Lists),
    (ApiKey::OFFSET_COMMIT, Manner::Elements),
    (ApiKey::OFFSET_FETCH, Manner::Lists),
    (ApiKey::JOIN_GROUP, Manner::Member),
    (ApiKey::SYNC_GROUP, Manner::Member),
    (ApiKey::CREATE_TOPICS, Manner::Elements),
    (ApiKey::DELETE_TOPICS, Manner::Elements),
    (ApiKey::DELETE_RECORDS, Manner::Elements),
    (ApiKey::OFFSET_FOR_LEADER_EPOCH, Manner::Elements),
    (ApiKey::ADD_PARTITIONS_TO_TXN, Manner::Elements),
    (ApiKey::TXN_OFFSET_COMMIT, Manner::Elements),
    (ApiKey::DESCRIBE_CONFIGS, Manner::Elements),
    (ApiKey::ALTER_CONFIGS, Manner::Elements),
    (ApiKey::ALTER_REPLICA_LOG_DIRS, Manner::Elements),
    (ApiKey::DESCRIBE_LOG_DIRS, Manner::Lists),
    (ApiKey::CREATE_PARTITIONS, Manner::Elements),
    (ApiKey::ELECT_LEADERS, Manner::Elements),
    (ApiKey::INCREMENTAL_ALTER_CONFIGS, Manner::Elements),
    (ApiKey::ALTER_PARTITION_REASSIGNMENTS, Manner::Elements),
    (ApiKey::LIST_PARTITION_REASSIGNMENTS, Manner::Lists),
    (ApiKey::OFFSET_DELETE, Manner::Elements),
    (ApiKey::DESCRIBE_PRODUCERS, Manner::Elements),
    (ApiKey::DESCRIBE_TRANSACTIONS, Manner::Shows),
    (ApiKey::CONSUMER_GROUP_HEARTBEAT, Manner::Member),
    (ApiKey::CONSUMER_GROUP_DESCRIBE, Manner::Shows),
    (ApiKey::DESCRIBE_TOPIC_PARTITIONS, Manner::Lists),
    (ApiKey::SHARE_GROUP_HEARTBEAT, Manner::Member),
    (ApiKey::SHARE_GROUP_DESCRIBE, Manner::Shows),
    (ApiKey::SHARE_FETCH, Manner::Session),
    (ApiKey::SHARE_ACKNOWLEDGE, Manner::Session),
    (ApiKey::STREAMS_GROUP_HEARTBEAT, Manner::Member),
    (ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE, Manner::Member),
    (ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS, Manner::Lists),
    (ApiKey::ALTER_SHARE_GROUP_OFFSETS, Manner::Elements),
    (ApiKey::DELETE_SHARE_GROUP_OFFSETS, Manner::Elements),
];

fn manner(api: ApiKey) -> Option<Manner> {
    COVERED.iter().find(|(key, _)| *key == api).map(|(_, manner)| *manner)
}

pub(super) fn interest(api: &Api, version: i16) -> Interest {
    let names = |message: &Message, what| message.entities(version).intersects(what);
    match manner(api.key) {
        None => Interest::None,
        Some(Manner::Shows) => Interest::of(false, names(&api.response, NAMED)),
        // The response says which member it is.
        Some(Manner::Member) => Interest::of(names(&api.request, NAMED), true),
        Some(_) => Interest::of(names(&api.request, NAMED), names(&api.response, ANSWERED)),
    }
}

/// Whether a request can be taken apart by its topics, and answered by the answers to its parts.
pub(super) fn splits(api: ApiKey) -> bool {
    matches!(manner(api), Some(Manner::Elements | Manner::Lists))
}

/// Whether a response can show topics that the request didn't name.
pub(super) fn lists(api: ApiKey) -> bool {
    matches!(manner(api), Some(Manner::Lists | Manner::Shows))
}

/// Whether requests say what a member of a group subscribes to, by name, and responses what it is assigned, by id.
pub(super) fn subscribes(api: ApiKey) -> bool {
    matches!(api, ApiKey::CONSUMER_GROUP_HEARTBEAT | ApiKey::SHARE_GROUP_HEARTBEAT)
}

/// Whether members of a classic group tell each other topics by it.
pub(super) fn joins(api: ApiKey) -> bool {
    matches!(api, ApiKey::JOIN_GROUP | ApiKey::SYNC_GROUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of topics, but not for clients' names: what only brokers and controllers send.
    const OF_BROKERS: &[&str] = &[
        "AlterPartition",
        "AssignReplicasToDirs",
        "BeginQuorumEpoch",
        "DeleteShareGroupState",
        "DescribeQuorum",
        "EndQuorumEpoch",
        "FetchSnapshot",
        "InitializeShareGroupState",
        "ReadShareGroupState",
        "ReadShareGroupStateSummary",
        "Vote",
        "WriteShareGroupState",
        "WriteTxnMarkers",
    ];

    #[test]
    fn every_api_that_names_topics_was_decided_on() {
        const TOPICS: EntitySet = EntitySet::of(&[Entity::ConfigResourceName, Entity::TopicId, Entity::TopicName]);
        for api in Api::all() {
            let versions = api.request.versions;
            let names =
                (versions.first..=versions.last).any(|version| api.request.entities(version).intersects(TOPICS));
            let decided = (manner(api.key).is_some(), OF_BROKERS.contains(&api.name));
            assert!(!names || decided.0 != decided.1, "{}: {decided:?}", api.name);
        }
    }
}
