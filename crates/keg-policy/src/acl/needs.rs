//! Which operations the broker checks for what a request names (Kafka's `KafkaApis` and `ControllerApis`, and the table
//! "Operations in Kafka" of its documentation).

use keg_codec::schema::Entity;
use keg_codec::{Api, ApiKey, ErrorCode};

use super::operation::{Operation, ResourceType};
use crate::namespace::metadata::is_name;

/// The operation on the topics that requests of this API name; none where the broker asks for nothing.
pub(super) fn topic(api: ApiKey) -> Option<Operation> {
    use Operation::{Alter, Create, Delete, Describe, Read, Write};
    let operation = match api {
        ApiKey::ADD_PARTITIONS_TO_TXN | ApiKey::PRODUCE => Write,
        ApiKey::ALTER_SHARE_GROUP_OFFSETS
        | ApiKey::DELETE_SHARE_GROUP_OFFSETS
        | ApiKey::DESCRIBE_PRODUCERS
        | ApiKey::FETCH
        | ApiKey::OFFSET_COMMIT
        | ApiKey::OFFSET_DELETE
        | ApiKey::SHARE_ACKNOWLEDGE
        | ApiKey::SHARE_FETCH
        | ApiKey::TXN_OFFSET_COMMIT => Read,
        ApiKey::CONSUMER_GROUP_HEARTBEAT
        | ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS
        | ApiKey::DESCRIBE_TOPIC_PARTITIONS
        | ApiKey::LIST_OFFSETS
        | ApiKey::METADATA
        | ApiKey::OFFSET_FETCH
        | ApiKey::OFFSET_FOR_LEADER_EPOCH
        | ApiKey::SHARE_GROUP_HEARTBEAT
        | ApiKey::STREAMS_GROUP_HEARTBEAT => Describe,
        ApiKey::CREATE_TOPICS => Create,
        ApiKey::CREATE_PARTITIONS => Alter,
        ApiKey::DELETE_RECORDS | ApiKey::DELETE_TOPICS => Delete,
        _ => return None,
    };
    Some(operation)
}

/// The operation on the groups.
pub(super) fn group(api: ApiKey) -> Option<Operation> {
    use Operation::{Delete, Describe, Read};
    let operation = match api {
        ApiKey::ADD_OFFSETS_TO_TXN
        | ApiKey::ALTER_SHARE_GROUP_OFFSETS
        | ApiKey::CONSUMER_GROUP_HEARTBEAT
        | ApiKey::HEARTBEAT
        | ApiKey::JOIN_GROUP
        | ApiKey::LEAVE_GROUP
        | ApiKey::OFFSET_COMMIT
        | ApiKey::SHARE_ACKNOWLEDGE
        | ApiKey::SHARE_FETCH
        | ApiKey::SHARE_GROUP_HEARTBEAT
        | ApiKey::STREAMS_GROUP_HEARTBEAT
        | ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE
        | ApiKey::SYNC_GROUP
        | ApiKey::TXN_OFFSET_COMMIT => Read,
        ApiKey::CONSUMER_GROUP_DESCRIBE
        | ApiKey::DESCRIBE_GROUPS
        | ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS
        | ApiKey::FIND_COORDINATOR
        | ApiKey::OFFSET_FETCH
        | ApiKey::SHARE_GROUP_DESCRIBE
        | ApiKey::STREAMS_GROUP_DESCRIBE => Describe,
        ApiKey::DELETE_GROUPS | ApiKey::DELETE_SHARE_GROUP_OFFSETS | ApiKey::OFFSET_DELETE => Delete,
        _ => return None,
    };
    Some(operation)
}

/// The operation on the transactional ids. Of Produce it is asked for where there are transactional records.
pub(super) fn transactional_id(api: ApiKey) -> Option<Operation> {
    match api {
        ApiKey::ADD_OFFSETS_TO_TXN
        | ApiKey::ADD_PARTITIONS_TO_TXN
        | ApiKey::END_TXN
        | ApiKey::INIT_PRODUCER_ID
        | ApiKey::TXN_OFFSET_COMMIT => Some(Operation::Write),
        ApiKey::DESCRIBE_TRANSACTIONS | ApiKey::FIND_COORDINATOR => Some(Operation::Describe),
        _ => None,
    }
}

/// The operation on the resources whose configurations are described or altered.
pub(super) fn configs(api: ApiKey) -> Option<Operation> {
    match api {
        ApiKey::DESCRIBE_CONFIGS => Some(Operation::DescribeConfigs),
        ApiKey::ALTER_CONFIGS | ApiKey::INCREMENTAL_ALTER_CONFIGS => Some(Operation::AlterConfigs),
        _ => None,
    }
}

/// The operations on the cluster of which one must be allowed before anything is done.
pub(super) fn cluster(api: ApiKey) -> &'static [Operation] {
    use Operation::{Alter, AlterConfigs, ClusterAction, Describe, DescribeConfigs};
    match api {
        ApiKey::ALTER_PARTITION_REASSIGNMENTS
        | ApiKey::ALTER_REPLICA_LOG_DIRS
        | ApiKey::ELECT_LEADERS
        | ApiKey::UNREGISTER_BROKER
        | ApiKey::UPDATE_FEATURES => &[Alter],
        ApiKey::DESCRIBE_LOG_DIRS | ApiKey::DESCRIBE_QUORUM | ApiKey::LIST_PARTITION_REASSIGNMENTS => &[Describe],
        ApiKey::ALTER_CLIENT_QUOTAS => &[AlterConfigs],
        ApiKey::DESCRIBE_CLIENT_QUOTAS | ApiKey::LIST_CONFIG_RESOURCES => &[DescribeConfigs],
        ApiKey::WRITE_TXN_MARKERS => &[Alter, ClusterAction],
        _ => &[],
    }
}

/// The same for a version: from version 4 on AddPartitionsToTxn is sent by brokers, for several transactions at once (KIP-890).
pub(super) fn cluster_in(api: ApiKey, version: i16) -> &'static [Operation] {
    match (api, version) {
        (ApiKey::ADD_PARTITIONS_TO_TXN, 4..) => &[Operation::ClusterAction],
        _ => cluster(api),
    }
}

/// Whether what requests of this API need is known. Delegation tokens and the users of the backend aren't for clients of
/// the gateway, who are other users; and what brokers say to each other isn't either.
pub(super) fn are_known(api: &Api) -> bool {
    let named = [
        Entity::TopicName,
        Entity::GroupId,
        Entity::TransactionalId,
        Entity::ConfigResourceName,
    ];
    let needs = named.into_iter().any(|entity| match entity {
        Entity::TopicName => topic(api.key).is_some(),
        Entity::GroupId => group(api.key).is_some(),
        Entity::TransactionalId => transactional_id(api.key).is_some(),
        _ => configs(api.key).is_some(),
    });
    needs || !cluster(api.key).is_empty() || asks_for_nothing(api.key) || administers(api.key)
}

/// Whether the broker asks for nothing, or filters what it answers.
fn asks_for_nothing(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::API_VERSIONS
            | ApiKey::DESCRIBE_CLUSTER
            | ApiKey::GET_TELEMETRY_SUBSCRIPTIONS
            | ApiKey::LIST_GROUPS
            | ApiKey::LIST_TRANSACTIONS
            | ApiKey::PUSH_TELEMETRY
    )
}

/// Whether ACLs are administered. There are none but the gateway's own.
pub(super) fn administers(api: ApiKey) -> bool {
    matches!(api, ApiKey::CREATE_ACLS | ApiKey::DELETE_ACLS | ApiKey::DESCRIBE_ACLS)
}

/// Whether the broker looks at a topic's name, and refuses it, before it looks at what is allowed.
pub(super) fn is_refused_first(api: ApiKey, topic: &[u8]) -> bool {
    api == ApiKey::DESCRIBE_PRODUCERS && !is_name(topic)
}

/// What a broker says beside the code, which for some APIs is nothing.
pub(super) fn words(api: ApiKey, version: i16, code: ErrorCode) -> Option<&'static str> {
    const FIRST_WITH_SEVERAL_COORDINATORS: i16 = 4;
    match (api, code) {
        (
            ApiKey::CONSUMER_GROUP_DESCRIBE
            | ApiKey::CONSUMER_GROUP_HEARTBEAT
            | ApiKey::CREATE_PARTITIONS
            | ApiKey::DESCRIBE_GROUPS
            | ApiKey::PRODUCE
            | ApiKey::SHARE_ACKNOWLEDGE
            | ApiKey::SHARE_FETCH
            | ApiKey::SHARE_GROUP_DESCRIBE
            | ApiKey::SHARE_GROUP_HEARTBEAT
            | ApiKey::STREAMS_GROUP_DESCRIBE
            | ApiKey::STREAMS_GROUP_HEARTBEAT,
            _,
        ) => None,
        (ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS, ErrorCode::GROUP_AUTHORIZATION_FAILED) => None,
        (ApiKey::FIND_COORDINATOR, code)
            if version >= FIRST_WITH_SEVERAL_COORDINATORS && code != ErrorCode::CLUSTER_AUTHORIZATION_FAILED =>
        {
            Some("")
        }
        // The controller has words of its own.
        (ApiKey::CREATE_TOPICS, ErrorCode::TOPIC_AUTHORIZATION_FAILED) => Some("Authorization failed."),
        (ApiKey::DELETE_TOPICS, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {
            Some("This server does not host this topic-partition.")
        }
        (ApiKey::DELETE_TOPICS, ErrorCode::INVALID_REQUEST) => {
            Some("You may not specify both topic name and topic id.")
        }
        (ApiKey::DELETE_TOPICS, ErrorCode::UNKNOWN_TOPIC_ID) => Some("This server does not host this topic ID."),
        (_, ErrorCode::TOPIC_AUTHORIZATION_FAILED) => Some("Topic authorization failed."),
        (_, ErrorCode::GROUP_AUTHORIZATION_FAILED) => Some("Group authorization failed."),
        (_, ErrorCode::CLUSTER_AUTHORIZATION_FAILED) => Some("Cluster authorization failed."),
        (_, ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED) => Some("Transactional Id authorization failed."),
        _ => None,
    }
}

/// What a broker says of a resource for lack of a permission.
pub(super) fn denied(resource_type: ResourceType) -> ErrorCode {
    match resource_type {
        ResourceType::Topic => ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        ResourceType::Group => ErrorCode::GROUP_AUTHORIZATION_FAILED,
        ResourceType::Cluster => ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
        ResourceType::TransactionalId => ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
}
