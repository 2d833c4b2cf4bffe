//! What is advertised, and what is refused.

use bytes::BytesMut;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, ApiVersionsRequest, ConsumerGroupHeartbeatRequest, DescribeAclsRequest,
    FindCoordinatorRequest, SaslHandshakeRequest,
};
use keg_devbroker::{ApiKey, supported_versions};

use crate::client::Client;
use crate::samples::{broker, group, text};

const UNSUPPORTED: i16 = 35;

#[tokio::test]
async fn api_versions_advertises_what_is_supported() {
    let broker = broker().await;
    let mut client = Client::connect(&broker, 0).await;
    for version in 0..=4 {
        let answer = client.call(version, ApiVersionsRequest::default()).await;
        assert_eq!(answer.error_code, 0);
        let advertised: Vec<_> = answer
            .api_keys
            .iter()
            .map(|api| (api.api_key, api.min_version, api.max_version))
            .collect();
        let expected = supported_versions().iter().map(|api| match api.api_key {
            // Old librdkafka turns compression off unless it sees version 0.
            ApiKey::Produce => (0, 0, api.max),
            other => (other as i16, api.min, api.max),
        });
        assert_eq!(advertised, expected.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_api_versions_request_from_the_future_gets_an_answer_of_version_0() {
    let broker = broker().await;
    for version in [5, 99] {
        let mut client = Client::connect(&broker, 0).await;
        let mut frame = BytesMut::new();
        frame.extend_from_slice(&[0, 18, 0, version, 0, 0, 0, 7, 0xff, 0xff, 0]);
        if version == 5 {
            // Names of a client, a cluster and a node that nobody knows (KIP-1242).
            frame.extend_from_slice(&[2, b'c', 2, b'1', 0, 0xff, 0xff, 0xff, 0xff, 0]);
        }
        client.write(&crate::client::framed(&frame)).await;
        let (correlation_id, answer) = client.receive::<ApiVersionsRequest>(0).await.expect("an answer");
        assert_eq!((correlation_id, answer.error_code), (7, UNSUPPORTED));
        assert!(answer.api_keys.iter().any(|api| api.api_key == 18));
        client.call(4, ApiVersionsRequest::default()).await;
    }
}

#[tokio::test]
async fn what_is_not_implemented_answers_unsupported_version() {
    let broker = broker().await;
    let mut client = Client::connect(&broker, 0).await;
    let acls = client.call(3, DescribeAclsRequest::default()).await;
    assert_eq!(acls.error_code, UNSUPPORTED);
    let heartbeat = ConsumerGroupHeartbeatRequest::default().with_group_id(group("g"));
    assert_eq!(client.call(0, heartbeat).await.error_code, UNSUPPORTED);
    let sasl = SaslHandshakeRequest::default().with_mechanism(text("PLAIN"));
    assert_eq!(client.call(1, sasl).await.error_code, UNSUPPORTED);
    let transaction = AddPartitionsToTxnRequest::default().with_v3_and_below_topics(vec![
        AddPartitionsToTxnTopic::default()
            .with_name(text("orders").into())
            .with_partitions(vec![0]),
    ]);
    let refused = client.call(3, transaction).await;
    let code = refused.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code;
    assert_eq!(code, UNSUPPORTED);
    let share = FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g")]);
    let refused = client.call(6, share).await;
    assert_eq!(
        refused.coordinators[0].error_code, UNSUPPORTED,
        "a version that is too new"
    );
}
