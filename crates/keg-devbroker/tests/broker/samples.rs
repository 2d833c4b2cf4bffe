//! Requests and record batches as clients send them.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    BrokerId, FetchRequest, GroupId, JoinGroupRequest, MetadataRequest, ProduceRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use keg_devbroker::{Builder, DevBroker};
use uuid::Uuid;

use crate::client::Client;

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(crate) fn topic(name: &str) -> TopicName {
    text(name).into()
}

pub(crate) fn group(name: &str) -> GroupId {
    text(name).into()
}

pub(crate) fn builder() -> Builder {
    DevBroker::builder().topic("orders", 3)
}

pub(crate) async fn broker() -> DevBroker {
    builder().start().await.unwrap()
}

/// One batch with these values.
pub(crate) fn batch(values: &[&str]) -> Bytes {
    idempotent_batch(values, -1, -1, -1)
}

/// One batch of an idempotent producer.
pub(crate) fn idempotent_batch(values: &[&str], producer_id: i64, producer_epoch: i16, sequence: i32) -> Bytes {
    let record = |(index, value): (i32, &&str)| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id,
        producer_epoch,
        timestamp_type: TimestampType::Creation,
        offset: i64::from(index),
        sequence: sequence + index,
        timestamp: 1_000 + i64::from(index),
        key: None,
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Default::default(),
    };
    let records: Vec<Record> = (0..).zip(values).map(record).collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let mut batch = BytesMut::new();
    RecordBatchEncoder::encode(&mut batch, &records, &options).unwrap();
    batch.freeze()
}

/// Records for one partition of a topic, by its name.
pub(crate) fn produce(name: &str, partition: i32, records: Bytes) -> ProduceRequest {
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(records));
    let topic = TopicProduceData::default()
        .with_name(topic(name))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(1_000)
        .with_topic_data(vec![topic])
}

/// A fetch that doesn't wait, from one partition of a topic, by its name.
pub(crate) fn fetch(name: &str, partition: i32, offset: i64) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(topic(name))
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_bytes(1 << 20)
        .with_topics(vec![topic])
}

/// A member that joins as a consumer.
pub(crate) fn join(name: &str, member_id: &str) -> JoinGroupRequest {
    // A subscription to `orders`.
    let metadata = Bytes::from_static(b"\0\0\0\0\0\x01\0\x06orders\xff\xff\xff\xff");
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(metadata);
    JoinGroupRequest::default()
        .with_group_id(group(name))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(10_000)
        .with_member_id(text(member_id))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

pub(crate) async fn topic_id(broker: &DevBroker, name: &str) -> Uuid {
    let mut client = Client::connect(broker, 0).await;
    let metadata = client.call(12, MetadataRequest::default().with_topics(None)).await;
    let found = metadata
        .topics
        .iter()
        .find(|topic| topic.name.as_ref().is_some_and(|it| it.as_str() == name));
    found.expect("the topic").topic_id
}
