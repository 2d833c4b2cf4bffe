//! Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
    OffsetFetchResponse,
};

use super::membership::identity;
use super::{Call, code, text};
use crate::cluster::{State, now};
use crate::groups::Committed;

/// From this version on several groups' offsets are fetched at once (KIP-709).
const BATCHED: i16 = 8;
/// What a partition has that nothing was committed for.
const NOTHING: Committed = Committed {
    offset: -1,
    leader_epoch: -1,
    metadata: String::new(),
};
/// Kafka's default of `offset.metadata.max.bytes`.
const MAX_METADATA: usize = 4096;

pub(super) fn offset_commit(call: &Call<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let mut state = call.cluster.state();
    let State { topics, groups, .. } = &mut *state;
    let identity = identity(&request.member_id, request.group_instance_id.as_ref());
    let group = call
        .cluster
        .check_coordinator(call.node, &request.group_id)
        .and_then(|()| {
            groups.committing(
                now(),
                &request.group_id,
                &identity,
                request.generation_id_or_member_epoch,
            )
        });
    let refused = group.as_ref().err().copied();
    let commit = |topic: &str, partition: &OffsetCommitRequestPartition| {
        if let Some(error) = refused {
            return Err(error);
        }
        if !topics.has_partition(topic, partition.partition_index) {
            return Err(ResponseError::UnknownTopicOrPartition);
        }
        let metadata = partition.committed_metadata.as_deref().unwrap_or_default();
        if metadata.len() > MAX_METADATA {
            return Err(ResponseError::OffsetMetadataTooLarge);
        }
        Ok(Committed {
            offset: partition.committed_offset,
            leader_epoch: partition.committed_leader_epoch,
            metadata: metadata.to_owned(),
        })
    };
    let mut accepted = Vec::new();
    let responses = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let committed = commit(&topic.name, partition);
            let error = committed.as_ref().err().copied();
            if let Ok(committed) = committed {
                accepted.push((topic.name.to_string(), partition.partition_index, committed));
            }
            OffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(code(error))
        });
        let partitions = partitions.collect();
        OffsetCommitResponseTopic::default()
            .with_name(topic.name)
            .with_partitions(partitions)
    });
    let response = OffsetCommitResponse::default().with_topics(responses.collect());
    if let Ok(group) = group {
        for (topic, partition, committed) in accepted {
            group.offsets.commit(&topic, partition, committed);
        }
    }
    drop(state);
    call.cluster.regrouped.notify_one();
    response
}

pub(super) fn offset_fetch(call: &Call<'_>, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let state = call.cluster.state();
    if call.version < BATCHED {
        let asked = request.topics.map(|topics| {
            topics
                .into_iter()
                .map(|topic| (topic.name.to_string(), topic.partition_indexes))
                .collect()
        });
        return single(call.version, fetch(call, &state, &request.group_id, asked));
    }
    let groups = request.groups.into_iter().map(|group| {
        let asked = group.topics.map(|topics| {
            topics
                .into_iter()
                .map(|topic| (topic.name.to_string(), topic.partition_indexes))
                .collect()
        });
        let response = OffsetFetchResponseGroup::default();
        let response = match fetch(call, &state, &group.group_id, asked) {
            Err(refused) => response.with_error_code(refused.error.code()),
            Ok(fetched) => response.with_topics(fetched.into_iter().map(many).collect()),
        };
        response.with_group_id(group.group_id)
    });
    OffsetFetchResponse::default().with_groups(groups.collect())
}

type Asked = Vec<(String, Vec<i32>)>;
type Fetched = Vec<(String, Vec<(i32, Committed)>)>;

struct FetchRefused {
    error: ResponseError,
    asked: Asked,
}

/// What was committed for the partitions, or for all that the group has committed.
fn fetch(call: &Call<'_>, state: &State, group: &str, asked: Option<Asked>) -> Result<Fetched, FetchRefused> {
    if let Err(error) = call.cluster.check_coordinator(call.node, group) {
        return Err(FetchRefused {
            error,
            asked: asked.unwrap_or_default(),
        });
    }
    let offsets = state.groups.get(group).map(|group| &group.offsets);
    let asked = asked.unwrap_or_else(|| {
        let all = offsets.into_iter().flat_map(|offsets| offsets.all());
        all.map(|(topic, partitions)| (topic.to_owned(), partitions)).collect()
    });
    let fetched = asked.into_iter().map(|(topic, partitions)| {
        let fetched = partitions.into_iter().map(|partition| {
            let committed = offsets.and_then(|offsets| offsets.fetch(&topic, partition));
            (partition, committed.cloned().unwrap_or(NOTHING))
        });
        let fetched = fetched.collect();
        (topic, fetched)
    });
    Ok(fetched.collect())
}

fn single(version: i16, fetched: Result<Fetched, FetchRefused>) -> OffsetFetchResponse {
    let (fetched, error) = match fetched {
        Ok(fetched) => (fetched, None),
        Err(refused) => {
            // Version 1 has no room for an error but at the partitions.
            let nothing = |partitions: Vec<i32>| partitions.into_iter().map(|index| (index, NOTHING)).collect();
            let topics = refused
                .asked
                .into_iter()
                .map(|(topic, partitions)| (topic, nothing(partitions)));
            (topics.collect(), Some(refused.error))
        }
    };
    let topics = fetched.into_iter().map(|(topic, partitions)| {
        let partitions = partitions.into_iter().map(|(index, committed)| {
            let partition = OffsetFetchResponsePartition::default()
                .with_partition_index(index)
                .with_committed_offset(committed.offset)
                .with_metadata(Some(text(committed.metadata)))
                .with_error_code(code(error));
            match version {
                5.. => partition.with_committed_leader_epoch(committed.leader_epoch),
                _ => partition,
            }
        });
        OffsetFetchResponseTopic::default()
            .with_name(text(topic).into())
            .with_partitions(partitions.collect())
    });
    let response = OffsetFetchResponse::default().with_topics(topics.collect());
    match version {
        2.. => response.with_error_code(code(error)),
        _ => response,
    }
}

fn many((topic, partitions): (String, Vec<(i32, Committed)>)) -> OffsetFetchResponseTopics {
    let partitions = partitions.into_iter().map(|(index, committed)| {
        OffsetFetchResponsePartitions::default()
            .with_partition_index(index)
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(committed.leader_epoch)
            .with_metadata(Some(text(committed.metadata)))
    });
    OffsetFetchResponseTopics::default()
        .with_name(text(topic).into())
        .with_partitions(partitions.collect())
}

pub(super) fn offset_delete(call: &Call<'_>, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let mut state = call.cluster.state();
    let group = call
        .cluster
        .check_coordinator(call.node, &request.group_id)
        .and_then(|()| {
            state
                .groups
                .get_mut(&request.group_id)
                .ok_or(ResponseError::GroupIdNotFound)
        });
    let group = match group {
        Ok(group) => group,
        Err(error) => return OffsetDeleteResponse::default().with_error_code(error.code()),
    };
    let topics = request.topics.into_iter().map(|topic| {
        let subscribed = group
            .subscribes(&topic.name)
            .then_some(ResponseError::GroupSubscribedToTopic);
        let partitions = topic.partitions.iter().map(|partition| {
            if subscribed.is_none() {
                group.offsets.delete(&topic.name, partition.partition_index);
            }
            OffsetDeleteResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(code(subscribed))
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic::default()
            .with_name(topic.name)
            .with_partitions(partitions)
    });
    OffsetDeleteResponse::default().with_topics(topics.collect())
}
