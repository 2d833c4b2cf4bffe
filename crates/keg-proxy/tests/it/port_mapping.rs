//! Clients that come by port.

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest};

use crate::support::gateway::{Team, broker};
use crate::support::samples::{FETCH, METADATA, PRODUCE, fetch, produce, produce_error, values};

#[tokio::test]
async fn a_client_produces_and_fetches_over_the_addresses_that_it_was_told() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut client = team.client().await;
    let versions = client.call(3, ApiVersionsRequest::default()).await;
    assert!(versions.api_keys.iter().any(|api| api.api_key == 0));

    let metadata = client
        .call(METADATA, MetadataRequest::default().with_topics(None))
        .await;
    let mut told: Vec<_> = metadata
        .brokers
        .iter()
        .map(|broker| (broker.node_id.0, broker.host.to_string(), broker.port))
        .collect();
    told.sort();
    let expected = (0..3).map(|id| (id, "127.0.0.1".to_owned(), i32::from(team.node(id).port())));
    assert_eq!(told, expected.collect::<Vec<_>>());

    for partition in 0..3 {
        let mut client = team.leader(&broker, partition).await;
        let value = format!("value {partition}");
        let produced = client.call(PRODUCE, produce(partition, value.clone())).await;
        assert_eq!(produce_error(&produced), 0);
        let fetched = client.call(FETCH, fetch(partition)).await;
        assert_eq!(values(&fetched), [value]);
    }
}

#[tokio::test]
async fn a_port_leads_to_its_node_and_to_no_other() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let leader = broker.leader("orders", 0).unwrap();
    for node in 0..3 {
        let mut client = crate::support::client::Client::plain(team.node(node)).await;
        let produced = client.call(PRODUCE, produce(0, "x")).await;
        let not_leader = kafka_protocol::ResponseError::NotLeaderOrFollower.code();
        assert_eq!(produce_error(&produced), if node == leader { 0 } else { not_leader });
    }
}
