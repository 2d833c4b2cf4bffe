//! CreateTopics, DeleteTopics, CreatePartitions.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse,
};
use uuid::Uuid;

use super::configs::{Origin, entries};
use super::{Call, code, text};
use crate::topics::{Placement, Refused, TopicConfigs};

/// From this version on topics can be deleted by id.
const DELETES_BY_ID: i16 = 6;
/// From this version on the reply describes the topic, and an error of its own is possible there.
const DESCRIBES: i16 = 5;

pub(super) fn create_topics(call: &Call<'_>, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let results = request.topics.into_iter().map(|topic| {
        let result = CreatableTopicResult::default().with_name(topic.name.clone());
        match create(call, &topic, request.validate_only) {
            Ok(created) if call.version >= DESCRIBES => {
                let described = result
                    .with_num_partitions(created.partitions)
                    .with_replication_factor(created.replicas)
                    .with_configs(Some(created.configs));
                match call.version {
                    7.. => described.with_topic_id(created.id),
                    _ => described,
                }
            }
            Ok(_) => result,
            Err(refused) => result
                .with_error_code(refused.error.code())
                .with_error_message(Some(text(refused.message))),
        }
    });
    CreateTopicsResponse::default().with_topics(results.collect())
}

struct Created {
    id: Uuid,
    partitions: i32,
    replicas: i16,
    configs: Vec<CreatableTopicConfigs>,
}

fn create(call: &Call<'_>, topic: &CreatableTopic, dry_run: bool) -> Result<Created, Refused> {
    let mut configs = TopicConfigs::default();
    for config in &topic.configs {
        configs.set(&config.name, config.value.as_deref())?;
    }
    let settings = &call.cluster.settings;
    let (placement, partitions, replicas) = match topic.assignments.len() {
        0 => {
            let otherwise = |asked, default| if asked == -1 { default } else { asked };
            let partitions = otherwise(topic.num_partitions, settings.default_partitions);
            let replicas = match topic.replication_factor {
                -1 => settings.default_replicas,
                asked => asked,
            };
            (Placement::Spread { partitions, replicas }, partitions, replicas)
        }
        count => {
            let assignments = manual(topic)?;
            let replicas = assignments.first().map_or(0, Vec::len);
            (
                Placement::Manual(assignments),
                i32::try_from(count).unwrap_or(i32::MAX),
                i16::try_from(replicas).unwrap_or(i16::MAX),
            )
        }
    };
    let described = entries(&configs, settings).into_iter().map(|entry| {
        CreatableTopicConfigs::default()
            .with_name(text(entry.name))
            .with_value(Some(text(entry.value)))
            .with_config_source(match entry.origin {
                Origin::Topic => 1,
                Origin::Default => 5,
            })
    });
    let described = described.collect();
    let mut state = call.cluster.state();
    let id = call
        .cluster
        .create_topic(&mut state, &topic.name, placement, configs, dry_run)?;
    Ok(Created {
        id: if dry_run { Uuid::nil() } else { id },
        partitions,
        replicas,
        configs: described,
    })
}

/// The replicas that the client wants, in the order of the partitions, which must be without a gap.
fn manual(topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, Refused> {
    let mut assignments: Vec<_> = topic.assignments.iter().collect();
    assignments.sort_by_key(|assignment| assignment.partition_index);
    let without_gap = (0..)
        .zip(&assignments)
        .all(|(index, assignment)| assignment.partition_index == index);
    if !without_gap || topic.num_partitions != -1 || topic.replication_factor != -1 {
        let message = "Replicas are assigned to partitions 0, 1, 2 and so on, with neither a number of partitions nor a replication factor.";
        return Err(Refused::new(ResponseError::InvalidReplicaAssignment, message));
    }
    let ids = |assignment: &&_| {
        let kafka_protocol::messages::create_topics_request::CreatableReplicaAssignment { broker_ids, .. } = assignment;
        broker_ids.iter().map(|id| id.0).collect()
    };
    Ok(assignments.iter().map(ids).collect())
}

pub(super) fn delete_topics(call: &Call<'_>, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let topics = match call.version {
        DELETES_BY_ID.. => request.topics,
        _ => {
            let named = |name| DeleteTopicState::default().with_name(Some(name));
            request.topic_names.into_iter().map(named).collect()
        }
    };
    let results = topics.into_iter().map(|topic| {
        let mut state = call.cluster.state();
        let name = match &topic.name {
            Some(name) => Ok(name.to_string()),
            None => {
                let name = state.topics.name_of(topic.topic_id).map(str::to_owned);
                name.ok_or(ResponseError::UnknownTopicId)
            }
        };
        let deleted = name.and_then(|name| {
            let deleted = state.topics.delete(&name)?;
            state.groups.forget_topic(&name);
            Ok((name, deleted.id))
        });
        let result = DeletableTopicResult::default();
        match deleted {
            Ok((name, id)) => {
                let result = result.with_name(Some(text(name).into()));
                match call.version {
                    DELETES_BY_ID.. => result.with_topic_id(id),
                    _ => result,
                }
            }
            Err(error) => result
                .with_name(topic.name)
                .with_topic_id(topic.topic_id)
                .with_error_code(error.code()),
        }
    });
    let response = DeleteTopicsResponse::default().with_responses(results.collect());
    call.cluster.appended.notify_waiters();
    response
}

pub(super) fn create_partitions(call: &Call<'_>, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let nodes = call.cluster.node_ids();
    let results = request.topics.into_iter().map(|topic: CreatePartitionsTopic| {
        let manual = topic.assignments.map(|assignments| {
            assignments
                .iter()
                .map(|assigned| assigned.broker_ids.iter().map(|id| id.0).collect())
                .collect()
        });
        let mut state = call.cluster.state();
        let grown = state
            .topics
            .grow(&topic.name, topic.count, manual, &nodes, request.validate_only);
        let result = CreatePartitionsTopicResult::default().with_name(topic.name);
        match grown {
            Ok(()) => result.with_error_code(code(None)),
            Err(refused) => result
                .with_error_code(refused.error.code())
                .with_error_message(Some(text(refused.message))),
        }
    });
    CreatePartitionsResponse::default().with_results(results.collect())
}
