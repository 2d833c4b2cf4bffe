//! Which messages a namespace covers. What it doesn't cover isn't served.

use keg_codec::schema::{Entity, EntitySet};
use keg_codec::{Api, ApiKey};

use crate::policy::Interest;

/// What the namespace reads or changes.
pub(super) const NAMED: EntitySet = EntitySet::of(&[
    Entity::ConfigResourceName,
    Entity::ConfigResourceType,
    Entity::ConsumerAssignment,
    Entity::ConsumerSubscription,
    Entity::CoordinatorKey,
    Entity::CoordinatorKeyType,
    Entity::FreeText,
    Entity::GroupId,
    Entity::ProtocolType,
    Entity::TopicId,
    Entity::TopicName,
    Entity::TopicNameRegex,
    Entity::TransactionalId,
]);

/// What no client of a namespace may send, because nothing here can tell whose it is.
const UNCOVERED: EntitySet = EntitySet::of(&[
    Entity::AclResourceName,
    Entity::Envelope,
    Entity::Principal,
    Entity::TopicId,
    Entity::TransactionalIdRegex,
]);

pub(super) fn interest(api: &Api, version: i16) -> Interest {
    if !is_tenants_business(api.key) || (carries_uncovered(api, version) && !is_covered(api.key)) {
        return Interest::Unsupported;
    }
    let names = |message: &keg_codec::schema::Message| message.entities(version).intersects(NAMED);
    // ReplicaId: only brokers fetch as brokers.
    let fetches = matches!(
        api.key,
        ApiKey::FETCH | ApiKey::LIST_OFFSETS | ApiKey::OFFSET_FOR_LEADER_EPOCH
    );
    Interest::of(names(&api.request) || fetches, names(&api.response))
}

fn carries_uncovered(api: &Api, version: i16) -> bool {
    api.request.entities(version).intersects(UNCOVERED)
}

/// Topic ids that are checked, or that the broker doesn't act on.
fn is_covered(key: ApiKey) -> bool {
    match key {
        ApiKey::METADATA | ApiKey::DELETE_TOPICS => true,
        // What a member says it owns; the coordinator assigns only what the group has subscribed to by name.
        ApiKey::CONSUMER_GROUP_HEARTBEAT => true,
        _ => false,
    }
}

/// APIs of the cluster's operator, of other brokers, and those that a namespace can't be read out of yet.
fn is_tenants_business(key: ApiKey) -> bool {
    !matches!(
        key,
        ApiKey::WRITE_TXN_MARKERS
            | ApiKey::ALTER_REPLICA_LOG_DIRS
            | ApiKey::RENEW_DELEGATION_TOKEN
            | ApiKey::EXPIRE_DELEGATION_TOKEN
            | ApiKey::DESCRIBE_QUORUM
            | ApiKey::UPDATE_FEATURES
            | ApiKey::UNREGISTER_BROKER
            | ApiKey::SHARE_GROUP_HEARTBEAT
            | ApiKey::SHARE_GROUP_DESCRIBE
            | ApiKey::SHARE_FETCH
            | ApiKey::SHARE_ACKNOWLEDGE
            | ApiKey::ADD_RAFT_VOTER
            | ApiKey::REMOVE_RAFT_VOTER
            | ApiKey::INITIALIZE_SHARE_GROUP_STATE
            | ApiKey::READ_SHARE_GROUP_STATE
            | ApiKey::WRITE_SHARE_GROUP_STATE
            | ApiKey::DELETE_SHARE_GROUP_STATE
            | ApiKey::READ_SHARE_GROUP_STATE_SUMMARY
            | ApiKey::STREAMS_GROUP_HEARTBEAT
            | ApiKey::STREAMS_GROUP_DESCRIBE
            | ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS
            | ApiKey::ALTER_SHARE_GROUP_OFFSETS
            | ApiKey::DELETE_SHARE_GROUP_OFFSETS
            | ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE
            | ApiKey::UNREGISTER_CONTROLLER
    )
}
