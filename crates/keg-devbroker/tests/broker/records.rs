//! Produce, Fetch and InitProducerId.

use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{FetchRequest, InitProducerIdRequest, ProduceRequest, TransactionalId};
use kafka_protocol::records::RecordBatchDecoder;
use uuid::Uuid;

use crate::client::Client;
use crate::samples::{batch, broker, builder, fetch, idempotent_batch, produce, text, topic_id};

#[tokio::test]
async fn what_is_produced_is_fetched_with_offsets_of_the_broker() {
    let broker = broker().await;
    let mut client = Client::leader(&broker, "orders", 1).await;
    for (values, offset) in [(&["a", "b"][..], 0), (&["c"], 2)] {
        let produced = client.call(9, produce("orders", 1, batch(values))).await;
        let partition = &produced.responses[0].partition_responses[0];
        assert_eq!((partition.error_code, partition.base_offset), (0, offset));
    }
    let fetched = client.call(12, fetch("orders", 1, 0)).await;
    let partition = &fetched.responses[0].partitions[0];
    assert_eq!(
        (
            partition.error_code,
            partition.high_watermark,
            partition.last_stable_offset
        ),
        (0, 3, 3)
    );
    let sets = RecordBatchDecoder::decode_all(&mut partition.records.clone().unwrap()).unwrap();
    let records = sets.into_iter().flat_map(|set| set.records);
    let records: Vec<_> = records.map(|record| (record.offset, record.value.unwrap())).collect();
    assert_eq!(records, [(0, "a".into()), (1, "b".into()), (2, "c".into())]);
}

#[tokio::test]
async fn a_node_that_does_not_lead_names_the_leader() {
    let broker = broker().await;
    let leader = broker.leader("orders", 0).unwrap();
    let mut client = Client::connect(&broker, (leader + 1) % 3).await;
    let not_leader = ResponseError::NotLeaderOrFollower.code();
    let port = i32::from(broker.addresses()[leader as usize].port());

    let produced = client.call(10, produce("orders", 0, batch(&["a"]))).await;
    let partition = &produced.responses[0].partition_responses[0];
    assert_eq!(
        (partition.error_code, partition.current_leader.leader_id.0),
        (not_leader, leader)
    );
    assert_eq!(
        (produced.node_endpoints[0].node_id.0, produced.node_endpoints[0].port),
        (leader, port)
    );

    let mut request = fetch("orders", 0, 0);
    request.topics[0].topic = Default::default();
    request.topics[0].topic_id = topic_id(&broker, "orders").await;
    let fetched = client.call(16, request).await;
    let partition = &fetched.responses[0].partitions[0];
    assert_eq!(
        (partition.error_code, partition.current_leader.leader_id.0),
        (not_leader, leader)
    );
    assert_eq!(
        (fetched.node_endpoints[0].node_id.0, fetched.node_endpoints[0].port),
        (leader, port)
    );
}

#[tokio::test]
async fn topics_are_known_by_their_ids() {
    let broker = broker().await;
    let id = topic_id(&broker, "orders").await;
    let mut client = Client::leader(&broker, "orders", 0).await;
    let by_id = |id| {
        let mut request = produce("", 0, batch(&["a"]));
        request.topic_data[0].topic_id = id;
        request
    };
    let produced = client.call(13, by_id(id)).await;
    assert_eq!(produced.responses[0].topic_id, id);
    assert_eq!(produced.responses[0].partition_responses[0].error_code, 0);
    let unknown = client.call(13, by_id(Uuid::from_u128(1))).await;
    let code = unknown.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ResponseError::UnknownTopicId.code());

    let by_id = |id| {
        let mut request = fetch("", 0, 0);
        request.topics[0].topic_id = id;
        request
    };
    let fetched = client.call(13, by_id(id)).await;
    assert!(!fetched.responses[0].partitions[0].records.as_ref().unwrap().is_empty());
    let unknown = client.call(13, by_id(Uuid::from_u128(1))).await;
    let code = unknown.responses[0].partitions[0].error_code;
    assert_eq!(code, ResponseError::UnknownTopicId.code());
}

#[tokio::test]
async fn a_retried_batch_is_appended_once() {
    let broker = broker().await;
    let mut client = Client::leader(&broker, "orders", 0).await;
    let ids = client
        .call(4, InitProducerIdRequest::default().with_transactional_id(None))
        .await;
    let another = client
        .call(4, InitProducerIdRequest::default().with_transactional_id(None))
        .await;
    assert_ne!(ids.producer_id, another.producer_id);

    let mut send = async |values: &[&str], sequence| {
        let records = idempotent_batch(values, ids.producer_id.0, ids.producer_epoch, sequence);
        let produced = client.call(9, produce("orders", 0, records)).await;
        let partition = &produced.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    };
    assert_eq!(send(&["a", "b"], 0).await, (0, 0));
    assert_eq!(send(&["c"], 2).await, (0, 2));
    assert_eq!(send(&["a", "b"], 0).await, (0, 0), "the answer that got lost");
    assert_eq!(send(&["d"], 3).await, (0, 3));
    assert_eq!(
        send(&["f"], 5).await,
        (ResponseError::OutOfOrderSequenceNumber.code(), -1)
    );
}

#[tokio::test]
async fn transactions_are_refused_with_unsupported_version() {
    let broker = broker().await;
    let mut client = Client::connect(&broker, 0).await;
    let request = InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(text("t"))));
    let refused = client.call(4, request).await;
    assert_eq!(refused.error_code, ResponseError::UnsupportedVersion.code());
}

#[tokio::test]
async fn damaged_and_oversized_batches_are_refused() {
    let broker = builder().max_message_bytes(200).start().await.unwrap();
    let mut client = Client::leader(&broker, "orders", 0).await;
    let mut damaged = batch(&["a"]).to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let large = batch(&["x".repeat(200).as_str()]);
    for (records, error) in [
        (damaged.into(), ResponseError::CorruptMessage),
        (large, ResponseError::MessageTooLarge),
        (bytes::Bytes::new(), ResponseError::CorruptMessage),
    ] {
        let produced = client.call(9, produce("orders", 0, records)).await;
        assert_eq!(produced.responses[0].partition_responses[0].error_code, error.code());
    }
    let invalid = client.call(9, produce("orders", 0, batch(&["a"])).with_acks(2)).await;
    let code = invalid.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ResponseError::InvalidRequiredAcks.code());
    let fetched = client.call(12, fetch("orders", 0, 0)).await;
    assert_eq!(fetched.responses[0].partitions[0].high_watermark, 0);
}

#[tokio::test]
async fn a_producer_without_acks_gets_no_answer_and_a_closed_connection_on_failure() {
    let broker = broker().await;
    let mut client = Client::leader(&broker, "orders", 0).await;
    client.send(9, &produce("orders", 0, batch(&["a"])).with_acks(0)).await;
    let fetched = client.call(12, fetch("orders", 0, 0)).await;
    assert_eq!(
        fetched.responses[0].partitions[0].high_watermark, 1,
        "the first answer is the fetch's"
    );
    client.send(9, &produce("missing", 0, batch(&["a"])).with_acks(0)).await;
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn a_fetch_waits_for_records_until_there_are_enough() {
    let broker = broker().await;
    let mut consumer = Client::leader(&broker, "orders", 0).await;
    let mut producer = Client::leader(&broker, "orders", 0).await;
    let one = batch(&["a"]);
    let min_bytes = i32::try_from(one.len()).unwrap() + 1;
    let patient = fetch("orders", 0, 0).with_max_wait_ms(60_000).with_min_bytes(min_bytes);
    consumer.send(12, &patient).await;
    for _ in 0..2 {
        producer.call(9, produce("orders", 0, one.clone())).await;
    }
    let (_, fetched) = consumer.receive::<FetchRequest>(12).await.unwrap();
    assert_eq!(
        fetched.responses[0].partitions[0].records.as_ref().unwrap().len(),
        2 * one.len()
    );
}

#[tokio::test]
async fn a_fetch_that_waited_in_vain_is_answered_without_records() {
    let broker = broker().await;
    let mut consumer = Client::leader(&broker, "orders", 0).await;
    let began = Instant::now();
    let fetched = consumer
        .call(12, fetch("orders", 0, 0).with_max_wait_ms(50).with_min_bytes(1))
        .await;
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert!(fetched.responses[0].partitions[0].records.as_ref().unwrap().is_empty());
}

#[tokio::test]
async fn a_fetch_with_an_error_does_not_wait() {
    let broker = broker().await;
    let mut consumer = Client::leader(&broker, "orders", 0).await;
    let began = Instant::now();
    for (name, offset, error) in [
        ("orders", 1, ResponseError::OffsetOutOfRange),
        ("missing", 0, ResponseError::UnknownTopicOrPartition),
    ] {
        let patient = fetch(name, 0, offset).with_max_wait_ms(60_000).with_min_bytes(1);
        let fetched = consumer.call(12, patient).await;
        assert_eq!(fetched.responses[0].partitions[0].error_code, error.code());
    }
    let mut fenced = fetch("orders", 0, 0).with_max_wait_ms(60_000).with_min_bytes(1);
    fenced.topics[0].partitions[0].current_leader_epoch = 7;
    let fetched = consumer.call(12, fenced).await;
    assert_eq!(
        fetched.responses[0].partitions[0].error_code,
        ResponseError::UnknownLeaderEpoch.code()
    );
    let session = consumer.call(12, fetch("orders", 0, 0).with_session_id(9)).await;
    assert_eq!(session.error_code, ResponseError::FetchSessionIdNotFound.code());
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_full_partition_drops_its_oldest_batches() {
    let one = batch(&["a"]);
    let broker = builder().retention_bytes(3 * one.len()).start().await.unwrap();
    let mut client = Client::leader(&broker, "orders", 0).await;
    let mut last = None;
    for _ in 0..10 {
        last = Some(client.call(9, produce("orders", 0, one.clone())).await);
    }
    let partition = &last.unwrap().responses[0].partition_responses[0];
    assert_eq!((partition.base_offset, partition.log_start_offset), (9, 7));
    let fetched = client.call(12, fetch("orders", 0, 7)).await;
    let partition = &fetched.responses[0].partitions[0];
    assert_eq!(
        (partition.log_start_offset, partition.records.as_ref().unwrap().len()),
        (7, 3 * one.len())
    );
}

#[tokio::test]
async fn several_requests_in_flight_are_answered_in_their_order() {
    let broker = broker().await;
    let mut client = Client::leader(&broker, "orders", 0).await;
    let mut sent = Vec::new();
    for _ in 0..20 {
        sent.push(client.send(9, &produce("orders", 0, batch(&["a"]))).await);
    }
    for (offset, correlation_id) in (0..).zip(sent) {
        let (answered, produced) = client.receive::<ProduceRequest>(9).await.unwrap();
        let base_offset = produced.responses[0].partition_responses[0].base_offset;
        assert_eq!((answered, base_offset), (correlation_id, offset));
    }
}
