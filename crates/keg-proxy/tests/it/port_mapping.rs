//! Clients that come by port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest};
use keg_policy::{Mode, Namespace};
use keg_proxy::{Destination, Limits};
use keg_router::PortMapping;

use crate::support::client::Client;
use crate::support::gateway::{Listening, Team, backend, broker, cluster, ports, snapshot, start_anywhere};
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
        let mut client = Client::plain(team.node(node)).await;
        let produced = client.call(PRODUCE, produce(0, "x")).await;
        let not_leader = kafka_protocol::ResponseError::NotLeaderOrFollower.code();
        assert_eq!(produce_error(&produced), if node == leader { 0 } else { not_leader });
    }
}

#[tokio::test]
async fn one_port_leads_to_two_virtual_clusters_by_the_address_that_is_connected_to() {
    let broker = broker().topic("a-one", 1).topic("b-two", 1).start().await.unwrap();
    let backend = backend(broker.addresses());
    let team = |name: &str| {
        let namespace = Namespace::new(Mode::HidePrefix, &format!("{name}-"));
        cluster(name, &backend, vec![Arc::new(namespace)])
    };
    let (a, b) = (team("a"), team("b"));
    let addresses = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)].map(IpAddr::from);
    let (gateway, port) = start_anywhere(|first| {
        let listening = [&a, &b].into_iter().zip(addresses).map(|(cluster, address)| {
            let rule = PortMapping::new(Destination::VirtualCluster(Arc::clone(cluster)), address.to_string());
            Listening::new(cluster.name(), ports(first, first + 3), rule).on(address)
        });
        snapshot(listening.collect(), &[&a, &b], Limits::default())
    });
    for (address, topic) in addresses.into_iter().zip(["one", "two"]) {
        let mut client = Client::plain(SocketAddr::new(address, port)).await;
        let metadata = client
            .call(METADATA, MetadataRequest::default().with_topics(None))
            .await;
        let topics: Vec<_> = metadata.topics.iter().flat_map(|topic| &topic.name).collect();
        assert_eq!(topics.iter().map(|it| it.as_str()).collect::<Vec<_>>(), [topic]);
        assert!(
            metadata
                .brokers
                .iter()
                .all(|it| it.host.as_str() == address.to_string())
        );
    }
    drop(gateway);
}
