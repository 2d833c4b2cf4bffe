//! Produce.

use std::collections::BTreeSet;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use super::{Call, text};
use crate::log::LEADER_EPOCH;
use crate::log::batch::Batch;

/// From this version on a reply names the leader that a client should have asked (KIP-951).
const NAMES_LEADERS: i16 = 10;
/// From this version on topics are ids (KIP-516).
const TOPIC_IDS: i16 = 13;

/// Appends what can be appended; `Err` if anything could not.
pub(super) fn produce(call: &Call<'_>, request: ProduceRequest) -> Result<ProduceResponse, ProduceResponse> {
    let mut leaders = BTreeSet::new();
    let mut failed = false;
    let acks = request.acks;
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        let name = match call.version {
            TOPIC_IDS.. => call.cluster.state().topics.name_of(topic.topic_id).map(str::to_owned),
            _ => Some(topic.name.to_string()),
        };
        let append = |data: PartitionProduceData| {
            let outcome = match (&name, acks) {
                (_, i16::MIN..-1 | 2..) => Err(ResponseError::InvalidRequiredAcks),
                (Some(name), _) => append(call, name, data.index, &data.records.unwrap_or_default()),
                (None, _) => Err(ResponseError::UnknownTopicId),
            };
            let response = PartitionProduceResponse::default().with_index(data.index);
            match outcome {
                Ok(appended) => response
                    .with_base_offset(appended.base_offset)
                    .with_log_start_offset(appended.log_start_offset),
                Err(error) => {
                    failed = true;
                    let mut response = response.with_base_offset(-1).with_error_code(error.code());
                    let leader = name
                        .as_ref()
                        .and_then(|name| call.cluster.state().topics.leader_of(name, data.index));
                    if let (ResponseError::NotLeaderOrFollower, NAMES_LEADERS.., Some(leader)) =
                        (error, call.version, leader)
                    {
                        leaders.insert(leader);
                        response.current_leader = LeaderIdAndEpoch::default()
                            .with_leader_id(leader.into())
                            .with_leader_epoch(LEADER_EPOCH);
                    }
                    response
                }
            }
        };
        let partitions = topic.partition_data.into_iter().map(append).collect();
        let response = TopicProduceResponse::default().with_partition_responses(partitions);
        responses.push(match call.version {
            TOPIC_IDS.. => response.with_topic_id(topic.topic_id),
            _ => response.with_name(topic.name),
        });
    }
    let endpoints = leaders
        .iter()
        .filter_map(|leader| call.cluster.endpoint(*leader))
        .map(|endpoint| {
            NodeEndpoint::default()
                .with_node_id(endpoint.id.into())
                .with_host(text(&endpoint.host))
                .with_port(endpoint.port.into())
        });
    let response = ProduceResponse::default()
        .with_responses(responses)
        .with_node_endpoints(endpoints.collect());
    match failed {
        true => Err(response),
        false => Ok(response),
    }
}

struct Appended {
    base_offset: i64,
    log_start_offset: i64,
}

fn append(call: &Call<'_>, topic: &str, partition: i32, records: &Bytes) -> Result<Appended, ResponseError> {
    // The checksum is computed before the cluster is locked.
    let batch = Batch::parse(records);
    let settings = &call.cluster.settings;
    let mut state = call.cluster.state();
    let led = state.topics.led_by(call.node, topic, partition)?;
    let batch = batch?;
    if batch.size() > led.configs.max_message_bytes(settings.max_message_bytes) {
        return Err(ResponseError::MessageTooLarge);
    }
    let base_offset = led
        .log
        .append(&batch, led.configs.retention_bytes(settings.retention_bytes))?;
    let log_start_offset = led.log.start_offset();
    drop(state);
    call.cluster.appended.notify_waiters();
    Ok(Appended {
        base_offset,
        log_start_offset,
    })
}
