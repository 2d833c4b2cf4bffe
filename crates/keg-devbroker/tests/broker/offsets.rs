//! ListOffsets, OffsetForLeaderEpoch, DeleteRecords.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{BrokerId, DeleteRecordsRequest, ListOffsetsRequest, OffsetForLeaderEpochRequest};

use crate::client::Client;
use crate::samples::{batch, broker, produce, topic};

fn list_offsets(timestamp: i64) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition::default().with_timestamp(timestamp);
    let topic = ListOffsetsTopic::default()
        .with_name(topic("orders"))
        .with_partitions(vec![partition]);
    ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![topic])
}

fn delete_records(offset: i64) -> DeleteRecordsRequest {
    let partition = DeleteRecordsPartition::default().with_offset(offset);
    let topic = DeleteRecordsTopic::default()
        .with_name(topic("orders"))
        .with_partitions(vec![partition]);
    DeleteRecordsRequest::default().with_topics(vec![topic])
}

#[tokio::test]
async fn offsets_are_found_by_position_and_by_time() {
    let broker = broker().await;
    let mut client = Client::leader(&broker, "orders", 0).await;
    // Timestamps 1000 and 1001, and again.
    for _ in 0..2 {
        client.call(9, produce("orders", 0, batch(&["a", "b"]))).await;
    }
    for (timestamp, offset) in [(-1, 4), (-2, 0), (-3, 1), (-4, 0), (-5, -1), (1_001, 0), (1_002, -1)] {
        let listed = client.call(9, list_offsets(timestamp)).await;
        let partition = &listed.topics[0].partitions[0];
        assert_eq!(
            (partition.error_code, partition.offset),
            (0, offset),
            "timestamp {timestamp}"
        );
    }
    let unknown = client.call(9, list_offsets(-6)).await;
    assert_eq!(
        unknown.topics[0].partitions[0].error_code,
        ResponseError::UnsupportedVersion.code()
    );
}

#[tokio::test]
async fn deleted_records_are_no_longer_there() {
    let broker = broker().await;
    let mut client = Client::leader(&broker, "orders", 0).await;
    client.call(9, produce("orders", 0, batch(&["a", "b", "c"]))).await;
    let deleted = client.call(2, delete_records(2)).await;
    let partition = &deleted.topics[0].partitions[0];
    assert_eq!((partition.error_code, partition.low_watermark), (0, 2));
    let earliest = client.call(9, list_offsets(-2)).await;
    assert_eq!(earliest.topics[0].partitions[0].offset, 2);
    let refused = client.call(2, delete_records(4)).await;
    assert_eq!(
        refused.topics[0].partitions[0].error_code,
        ResponseError::OffsetOutOfRange.code()
    );
}

#[tokio::test]
async fn the_only_epoch_ends_where_the_log_ends() {
    let broker = broker().await;
    let mut client = Client::leader(&broker, "orders", 0).await;
    client.call(9, produce("orders", 0, batch(&["a", "b"]))).await;
    for (epoch, expected) in [(0, (0, 2)), (1, (-1, -1))] {
        let partition = OffsetForLeaderPartition::default()
            .with_current_leader_epoch(-1)
            .with_leader_epoch(epoch);
        let topic = OffsetForLeaderTopic::default()
            .with_topic(topic("orders"))
            .with_partitions(vec![partition]);
        let request = OffsetForLeaderEpochRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(vec![topic]);
        let found = client.call(4, request).await;
        let partition = &found.topics[0].partitions[0];
        assert_eq!(
            (partition.leader_epoch, partition.end_offset),
            expected,
            "epoch {epoch}"
        );
    }
}
