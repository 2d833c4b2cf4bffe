//! Every fault does what it says, once, and to the API that it is meant for.

use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{MetadataRequest, ProduceRequest};
use keg_devbroker::{ApiKey, DevBroker, Fault, Faults};

use crate::client::{Client, decode};
use crate::samples::{batch, broker, builder, fetch, produce};

async fn high_watermark(broker: &DevBroker) -> i64 {
    let mut client = Client::leader(broker, "orders", 0).await;
    client.call(12, fetch("orders", 0, 0)).await.responses[0].partitions[0].high_watermark
}

#[tokio::test]
async fn a_delay_holds_the_reply_back() {
    let broker = broker().await;
    let delay = Duration::from_millis(60);
    broker.faults().on(ApiKey::Produce).inject(Fault::Delay(delay));
    let mut client = Client::leader(&broker, "orders", 0).await;
    let began = Instant::now();
    client.call(9, produce("orders", 0, batch(&["a"]))).await;
    assert!(began.elapsed() >= delay);
    assert!(broker.faults().is_empty());
}

#[tokio::test]
async fn a_disconnect_comes_before_the_effect_or_before_or_after_the_reply() {
    let broker = broker().await;
    for (fault, replied, appended) in [
        (Fault::DisconnectBeforeHandling, false, 0),
        (Fault::DisconnectBeforeReply, false, 1),
        (Fault::DisconnectAfterReply, true, 2),
    ] {
        broker.faults().on(ApiKey::Produce).inject(fault.clone());
        let mut client = Client::leader(&broker, "orders", 0).await;
        client.send(9, &produce("orders", 0, batch(&["a"]))).await;
        assert_eq!(
            client.receive::<ProduceRequest>(9).await.is_some(),
            replied,
            "{fault:?}"
        );
        assert_eq!(client.frame().await, None, "{fault:?}");
        assert_eq!(high_watermark(&broker).await, appended, "{fault:?}");
    }
}

#[tokio::test]
async fn an_error_takes_the_place_of_the_effect() {
    let broker = broker().await;
    let code = ResponseError::NotEnoughReplicas.code();
    broker.faults().on(ApiKey::Produce).times(2).inject(Fault::Error(code));
    let mut client = Client::leader(&broker, "orders", 0).await;
    let refused = client.call(9, produce("orders", 0, batch(&["a"]))).await;
    assert_eq!(refused.responses[0].name.as_str(), "orders");
    assert_eq!(refused.responses[0].partition_responses[0].error_code, code);
    assert_eq!(high_watermark(&broker).await, 0);
    client.send(9, &produce("orders", 0, batch(&["a"])).with_acks(0)).await;
    assert_eq!(
        client.frame().await,
        None,
        "all that a producer without acks can be told"
    );
}

#[tokio::test]
async fn a_truncated_reply_ends_in_the_middle() {
    let broker = broker().await;
    broker.faults().on(ApiKey::Metadata).inject(Fault::Truncate(10));
    let mut client = Client::connect(&broker, 0).await;
    client.send(9, &MetadataRequest::default()).await;
    let rest = client.rest().await;
    assert_eq!(rest.len(), 4 + 10);
    assert!(
        u32::from_be_bytes(rest[..4].try_into().unwrap()) > 10,
        "more was announced"
    );
}

#[tokio::test]
async fn a_shortened_reply_is_a_whole_frame_and_the_connection_goes_on() {
    let broker = broker().await;
    broker.faults().on(ApiKey::Metadata).inject(Fault::Shorten(10));
    let mut client = Client::connect(&broker, 0).await;
    client.send(9, &MetadataRequest::default()).await;
    assert_eq!(client.frame().await.unwrap().len(), 10);
    client.call(9, MetadataRequest::default()).await;
}

#[tokio::test]
async fn swapped_replies_come_in_the_other_order() {
    let broker = broker().await;
    broker.faults().on(ApiKey::Metadata).inject(Fault::SwapWithNext);
    let mut client = Client::connect(&broker, 0).await;
    let first = client.send(9, &MetadataRequest::default()).await;
    let second = client.send(9, &MetadataRequest::default()).await;
    let mut answered = Vec::new();
    for _ in 0..2 {
        answered.push(client.receive::<MetadataRequest>(9).await.unwrap().0);
    }
    assert_eq!(answered, [second, first]);
    client.call(9, MetadataRequest::default()).await;
}

#[tokio::test]
async fn a_wrong_correlation_id_is_all_that_is_wrong() {
    let broker = broker().await;
    broker.faults().on(ApiKey::Metadata).inject(Fault::WrongCorrelationId);
    let mut client = Client::connect(&broker, 0).await;
    let sent = client.send(9, &MetadataRequest::default()).await;
    let (answered, metadata) = decode::<MetadataRequest>(9, client.frame().await.unwrap());
    assert_ne!(answered, sent);
    assert_eq!(metadata.brokers.len(), 3);
}

#[tokio::test]
async fn faults_can_be_meant_for_one_node_and_be_there_from_the_start() {
    let faults = Faults::new();
    faults
        .on(ApiKey::Metadata)
        .at_node(1)
        .inject(Fault::DisconnectBeforeHandling);
    let broker = builder().faults(faults.clone()).start().await.unwrap();
    Client::connect(&broker, 0)
        .await
        .call(9, MetadataRequest::default())
        .await;
    assert!(!faults.is_empty());
    let mut client = Client::connect(&broker, 1).await;
    client.send(9, &MetadataRequest::default()).await;
    assert_eq!(client.frame().await, None);
    assert!(faults.is_empty());
}
