//! Requests and record batches as clients send them.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProduceRequest, ProduceResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

/// A version in which topics have names, and responses neither addresses nor texts: no policy looks into them.
pub(crate) const PRODUCE: i16 = 7;
pub(crate) const FETCH: i16 = 12;
pub(crate) const METADATA: i16 = 12;

pub(crate) fn topic(name: &str) -> TopicName {
    StrBytes::from_string(name.to_owned()).into()
}

/// One batch with these values.
pub(crate) fn batch(values: &[Bytes]) -> Bytes {
    let record = |(index, value): (i32, &Bytes)| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: i64::from(index),
        sequence: -1,
        timestamp: 1_000,
        key: None,
        value: Some(value.clone()),
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

/// One value for a partition of `orders`.
pub(crate) fn produce(partition: i32, value: impl Into<Bytes>) -> ProduceRequest {
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(batch(&[value.into()])));
    let topic = TopicProduceData::default()
        .with_name(topic("orders"))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(1_000)
        .with_topic_data(vec![topic])
}

/// A fetch of all that a partition of `orders` has, which doesn't wait.
pub(crate) fn fetch(partition: i32) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(partition)
        .with_partition_max_bytes(1 << 30);
    let topic = FetchTopic::default()
        .with_topic(topic("orders"))
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_bytes(1 << 30)
        .with_topics(vec![topic])
}

pub(crate) fn produce_error(response: &ProduceResponse) -> i16 {
    response.responses[0].partition_responses[0].error_code
}

/// The values of what was fetched.
pub(crate) fn values(response: &FetchResponse) -> Vec<Bytes> {
    let partition = &response.responses[0].partitions[0];
    assert_eq!(partition.error_code, 0);
    let mut records = partition.records.clone().unwrap_or_default();
    let mut values = Vec::new();
    while !records.is_empty() {
        let batch = RecordBatchDecoder::decode(&mut records).unwrap();
        values.extend(batch.records.into_iter().filter_map(|record| record.value));
    }
    values
}
