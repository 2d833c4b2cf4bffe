//! Which messages a namespace covers. What it doesn't cover isn't served.

use keg_codec::schema::{Entity, EntitySet, Message};
use keg_codec::{Api, ApiKey};

use super::acls;
use crate::policy::Interest;

/// What the namespace reads or changes.
pub(super) const NAMED: EntitySet = EntitySet::of(&[
    Entity::AclResourceName,
    Entity::ConfigResourceName,
    Entity::ConfigResourceType,
    Entity::ConsumerAssignment,
    Entity::ConsumerSubscription,
    Entity::CoordinatorKey,
    Entity::CoordinatorKeyType,
    Entity::FetchSessionId,
    Entity::FreeText,
    Entity::GroupId,
    Entity::ProtocolType,
    Entity::TopicId,
    Entity::TopicName,
    Entity::TopicNameRegex,
    Entity::TransactionalId,
    Entity::TransactionalIdRegex,
]);

/// What no client of a namespace may send, because nothing here can tell whose it is.
const UNCOVERED: EntitySet = EntitySet::of(&[Entity::Envelope, Entity::Principal]);

/// The APIs that were reviewed, and that a tenant has a use for. The rest are those of the cluster's operator and of
/// other brokers, and those that a namespace can't be read out of yet.
const COVERED: &[ApiKey] = &[
    ApiKey::PRODUCE,
    ApiKey::FETCH,
    ApiKey::LIST_OFFSETS,
    ApiKey::METADATA,
    ApiKey::OFFSET_COMMIT,
    ApiKey::OFFSET_FETCH,
    ApiKey::FIND_COORDINATOR,
    ApiKey::JOIN_GROUP,
    ApiKey::HEARTBEAT,
    ApiKey::LEAVE_GROUP,
    ApiKey::SYNC_GROUP,
    ApiKey::DESCRIBE_GROUPS,
    ApiKey::LIST_GROUPS,
    ApiKey::API_VERSIONS,
    ApiKey::CREATE_TOPICS,
    ApiKey::DELETE_TOPICS,
    ApiKey::DELETE_RECORDS,
    ApiKey::INIT_PRODUCER_ID,
    ApiKey::OFFSET_FOR_LEADER_EPOCH,
    ApiKey::ADD_PARTITIONS_TO_TXN,
    ApiKey::ADD_OFFSETS_TO_TXN,
    ApiKey::END_TXN,
    ApiKey::TXN_OFFSET_COMMIT,
    ApiKey::DESCRIBE_ACLS,
    ApiKey::CREATE_ACLS,
    ApiKey::DELETE_ACLS,
    ApiKey::DESCRIBE_CONFIGS,
    ApiKey::ALTER_CONFIGS,
    ApiKey::DESCRIBE_LOG_DIRS,
    ApiKey::CREATE_PARTITIONS,
    ApiKey::DELETE_GROUPS,
    ApiKey::ELECT_LEADERS,
    ApiKey::INCREMENTAL_ALTER_CONFIGS,
    ApiKey::ALTER_PARTITION_REASSIGNMENTS,
    ApiKey::LIST_PARTITION_REASSIGNMENTS,
    ApiKey::OFFSET_DELETE,
    ApiKey::DESCRIBE_CLUSTER,
    ApiKey::DESCRIBE_PRODUCERS,
    ApiKey::DESCRIBE_TRANSACTIONS,
    ApiKey::LIST_TRANSACTIONS,
    ApiKey::CONSUMER_GROUP_HEARTBEAT,
    ApiKey::CONSUMER_GROUP_DESCRIBE,
    ApiKey::GET_TELEMETRY_SUBSCRIPTIONS,
    ApiKey::PUSH_TELEMETRY,
    ApiKey::LIST_CONFIG_RESOURCES,
    ApiKey::DESCRIBE_TOPIC_PARTITIONS,
    ApiKey::SHARE_GROUP_HEARTBEAT,
    ApiKey::SHARE_GROUP_DESCRIBE,
    ApiKey::SHARE_FETCH,
    ApiKey::SHARE_ACKNOWLEDGE,
    ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS,
    ApiKey::ALTER_SHARE_GROUP_OFFSETS,
    ApiKey::DELETE_SHARE_GROUP_OFFSETS,
    ApiKey::STREAMS_GROUP_HEARTBEAT,
    ApiKey::STREAMS_GROUP_DESCRIBE,
    ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE,
];

pub(super) fn interest(api: &Api, version: i16) -> Interest {
    // The principals of ACLs are the backend's.
    let uncovered = api.request.entities(version).intersects(UNCOVERED) && !acls::administers(api.key);
    if uncovered || !COVERED.contains(&api.key) {
        return Interest::Unsupported;
    }
    let names = |message: &Message| message.entities(version).intersects(NAMED);
    // ReplicaId: only brokers fetch as brokers.
    let fetches = matches!(
        api.key,
        ApiKey::FETCH | ApiKey::LIST_OFFSETS | ApiKey::OFFSET_FOR_LEADER_EPOCH
    );
    Interest::of(names(&api.request) || fetches, names(&api.response))
}
