//! The offsets of a log: ListOffsets, OffsetForLeaderEpoch, DeleteRecords.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_protocol::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};

use super::Call;
use crate::log::{Found, LEADER_EPOCH};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
/// No log has a remote part, so that nothing is found by this.
const LATEST_TIERED: i64 = -5;

pub(super) fn list_offsets(call: &Call<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let list = |partition: &ListOffsetsPartition| {
            let response = ListOffsetsPartitionResponse::default().with_partition_index(partition.partition_index);
            match find(call, &topic.name, partition) {
                Ok(None) => response.with_offset(-1).with_timestamp(-1),
                Ok(Some(found)) => {
                    let response = response.with_offset(found.offset).with_timestamp(found.timestamp);
                    match call.version {
                        4.. => response.with_leader_epoch(LEADER_EPOCH),
                        _ => response,
                    }
                }
                Err(error) => response
                    .with_offset(-1)
                    .with_timestamp(-1)
                    .with_error_code(error.code()),
            }
        };
        let partitions = topic.partitions.iter().map(list).collect();
        ListOffsetsTopicResponse::default()
            .with_name(topic.name)
            .with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn find(call: &Call<'_>, topic: &str, partition: &ListOffsetsPartition) -> Result<Option<Found>, ResponseError> {
    let mut state = call.cluster.state();
    let log = state.topics.led_by(call.node, topic, partition.partition_index)?.log;
    check_epoch(partition.current_leader_epoch)?;
    let at = |offset| Some(Found { offset, timestamp: -1 });
    match partition.timestamp {
        LATEST => Ok(at(log.end_offset())),
        EARLIEST | EARLIEST_LOCAL => Ok(at(log.start_offset())),
        MAX_TIMESTAMP => Ok(log.latest_timestamp()),
        LATEST_TIERED => Ok(None),
        timestamp @ 0.. => Ok(log.at_or_after(timestamp)),
        _ => Err(ResponseError::UnsupportedVersion),
    }
}

pub(super) fn offset_for_leader_epoch(
    call: &Call<'_>,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let find = |partition: &OffsetForLeaderPartition| {
            let mut state = call.cluster.state();
            let end_offset = state
                .topics
                .led_by(call.node, &topic.topic, partition.partition)
                .and_then(|led| {
                    check_epoch(partition.current_leader_epoch)?;
                    Ok((partition.leader_epoch == LEADER_EPOCH).then(|| led.log.end_offset()))
                });
            let response = EpochEndOffset::default().with_partition(partition.partition);
            match end_offset {
                Ok(Some(end_offset)) => response.with_leader_epoch(LEADER_EPOCH).with_end_offset(end_offset),
                Ok(None) => response,
                Err(error) => response.with_error_code(error.code()),
            }
        };
        let partitions = topic.partitions.iter().map(find).collect();
        OffsetForLeaderTopicResult::default()
            .with_topic(topic.topic)
            .with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}

pub(super) fn delete_records(call: &Call<'_>, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let mut state = call.cluster.state();
            let led = state.topics.led_by(call.node, &topic.name, partition.partition_index);
            let response = DeleteRecordsPartitionResult::default().with_partition_index(partition.partition_index);
            match led.and_then(|led| led.log.delete_before(partition.offset)) {
                Ok(low_watermark) => response.with_low_watermark(low_watermark),
                Err(error) => response.with_low_watermark(-1).with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default()
            .with_name(topic.name)
            .with_partitions(partitions)
    });
    let response = DeleteRecordsResponse::default().with_topics(topics.collect());
    call.cluster.appended.notify_waiters();
    response
}

/// Checks what a client believes to be the leader's epoch; -1 is no belief.
pub(super) fn check_epoch(believed: i32) -> Result<(), ResponseError> {
    match believed {
        LEADER_EPOCH | -1 => Ok(()),
        ..LEADER_EPOCH => Err(ResponseError::FencedLeaderEpoch),
        _ => Err(ResponseError::UnknownLeaderEpoch),
    }
}
