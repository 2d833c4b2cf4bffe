//! Which requests change what they name, other than by using it.

use keg_codec::ApiKey;
use keg_codec::schema::Entity;

/// Whether requests of this API create, alter or delete the topics or groups that they name.
///
/// These are the ones for which Kafka's authorizer asks for more than Read, Write and Describe of what is named; where it
/// asks for Alter of the cluster, that is as much more.
pub(crate) fn alters(api: ApiKey, entity: Entity) -> bool {
    match entity {
        Entity::GroupId => matches!(
            api,
            ApiKey::ALTER_CONFIGS
                | ApiKey::DELETE_GROUPS
                | ApiKey::DELETE_SHARE_GROUP_OFFSETS
                | ApiKey::INCREMENTAL_ALTER_CONFIGS
                | ApiKey::OFFSET_DELETE
        ),
        _ => matches!(
            api,
            ApiKey::ALTER_CONFIGS
                | ApiKey::ALTER_PARTITION_REASSIGNMENTS
                | ApiKey::ALTER_REPLICA_LOG_DIRS
                | ApiKey::CREATE_PARTITIONS
                | ApiKey::CREATE_TOPICS
                | ApiKey::DELETE_RECORDS
                | ApiKey::DELETE_TOPICS
                | ApiKey::ELECT_LEADERS
                | ApiKey::INCREMENTAL_ALTER_CONFIGS
        ),
    }
}

#[cfg(test)]
mod tests {
    use keg_codec::Api;
    use keg_codec::schema::EntitySet;

    use super::*;
    use crate::namespace::coverage;
    use crate::policy::Interest;

    /// The APIs by which topics, and those by which groups, are used and described.
    const USES: [(&str, &[ApiKey]); 2] = [
        (
            "topics",
            &[
                ApiKey::ADD_PARTITIONS_TO_TXN,
                // Of the own group's offsets.
                ApiKey::ALTER_SHARE_GROUP_OFFSETS,
                ApiKey::CONSUMER_GROUP_HEARTBEAT,
                ApiKey::DESCRIBE_CONFIGS,
                ApiKey::DESCRIBE_LOG_DIRS,
                ApiKey::DELETE_SHARE_GROUP_OFFSETS,
                ApiKey::DESCRIBE_PRODUCERS,
                ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS,
                ApiKey::DESCRIBE_TOPIC_PARTITIONS,
                ApiKey::FETCH,
                ApiKey::LIST_OFFSETS,
                ApiKey::LIST_PARTITION_REASSIGNMENTS,
                ApiKey::METADATA,
                ApiKey::OFFSET_COMMIT,
                // Of the own group's offsets.
                ApiKey::OFFSET_DELETE,
                ApiKey::OFFSET_FETCH,
                ApiKey::OFFSET_FOR_LEADER_EPOCH,
                ApiKey::PRODUCE,
                ApiKey::SHARE_GROUP_HEARTBEAT,
                // What the broker makes for it is decided on with its topology.
                ApiKey::STREAMS_GROUP_HEARTBEAT,
                ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE,
                ApiKey::TXN_OFFSET_COMMIT,
            ],
        ),
        (
            "groups",
            &[
                ApiKey::ADD_OFFSETS_TO_TXN,
                ApiKey::ALTER_SHARE_GROUP_OFFSETS,
                ApiKey::CONSUMER_GROUP_DESCRIBE,
                ApiKey::CONSUMER_GROUP_HEARTBEAT,
                ApiKey::DESCRIBE_CONFIGS,
                ApiKey::DESCRIBE_GROUPS,
                ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS,
                ApiKey::FIND_COORDINATOR,
                ApiKey::HEARTBEAT,
                ApiKey::JOIN_GROUP,
                ApiKey::LEAVE_GROUP,
                ApiKey::OFFSET_COMMIT,
                ApiKey::OFFSET_FETCH,
                ApiKey::SHARE_ACKNOWLEDGE,
                ApiKey::SHARE_FETCH,
                ApiKey::SHARE_GROUP_DESCRIBE,
                ApiKey::SHARE_GROUP_HEARTBEAT,
                ApiKey::STREAMS_GROUP_DESCRIBE,
                ApiKey::STREAMS_GROUP_HEARTBEAT,
                ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE,
                ApiKey::SYNC_GROUP,
                ApiKey::TXN_OFFSET_COMMIT,
            ],
        ),
    ];

    #[test]
    fn every_api_that_names_topics_or_groups_was_decided_on() {
        let topics = EntitySet::of(&[Entity::TopicName, Entity::ConfigResourceName]);
        let groups = EntitySet::of(&[Entity::GroupId, Entity::CoordinatorKey, Entity::ConfigResourceName]);
        for ((kind, uses), (entity, names)) in USES
            .into_iter()
            .zip([(Entity::TopicName, topics), (Entity::GroupId, groups)])
        {
            for api in Api::all() {
                let versions = api.request.versions;
                let is_served = |version| coverage::interest(api, version) != Interest::Unsupported;
                let names_them = (versions.first..=versions.last)
                    .any(|version| is_served(version) && api.request.entities(version).intersects(names));
                if names_them {
                    let decided = (uses.contains(&api.key), alters(api.key, entity));
                    assert!(decided.0 != decided.1, "{} of {kind}: {decided:?}", api.name);
                }
            }
        }
    }
}
