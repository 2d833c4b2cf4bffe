//! Starting and stopping.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use kafka_protocol::messages::MetadataRequest;
use keg_devbroker::{DevBroker, StartError};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{Client, PATIENCE};
use crate::samples::{broker, builder, fetch, topic_id};

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = DevBroker::builder().ports([0, port, 0]).start().await.unwrap_err();
    assert_eq!(error.taken(), Some(taken.local_addr().unwrap()));
    let message = error.to_string();
    assert!(
        message.contains("node 1") && message.contains(&port.to_string()),
        "{message}"
    );
}

#[tokio::test]
async fn what_can_not_be_started_is_said() {
    let check = async |builder: keg_devbroker::Builder, expected: &str| {
        let message = builder.start().await.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    check(DevBroker::builder().nodes(0), "at least 1 node").await;
    check(DevBroker::builder().ports([0, 0]), "each of 3 node(s), found 2").await;
    check(DevBroker::builder().topic("a b", 1), "'a b'").await;
    check(DevBroker::builder().topic("a", 0), "from 1 to 10000").await;
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let error = DevBroker::builder().bind(elsewhere).start().await.unwrap_err();
    assert!(matches!(error, StartError::Listen { node: 0, .. }));
    assert_eq!(error.taken(), None);
}

#[tokio::test]
async fn clients_are_told_the_advertised_host_and_the_node_ids() {
    let broker = builder()
        .nodes(2)
        .first_node_id(11)
        .advertised_host("kafka.test")
        .start()
        .await
        .unwrap();
    assert_eq!(broker.node_ids(), [11, 12]);
    let ports: Vec<_> = broker.addresses().iter().map(|address| address.port()).collect();
    assert_eq!(
        broker.bootstrap(),
        format!("kafka.test:{},kafka.test:{}", ports[0], ports[1])
    );
    let metadata = Client::connect(&broker, 0)
        .await
        .call(9, MetadataRequest::default())
        .await;
    assert!(metadata.brokers.iter().all(|node| node.host.as_str() == "kafka.test"));
}

#[tokio::test]
async fn a_seed_repeats_every_id() {
    let start = async || builder().seed(5).start().await.unwrap();
    let (one, two) = (start().await, start().await);
    assert_eq!(one.cluster_id(), two.cluster_id());
    assert_eq!(topic_id(&one, "orders").await, topic_id(&two, "orders").await);
    assert_ne!(one.cluster_id(), broker().await.cluster_id());
}

#[tokio::test]
async fn topics_can_be_created_while_it_runs() {
    let broker = broker().await;
    broker.create_topic("more", 2).unwrap();
    assert_eq!(broker.topics(), ["more", "orders"]);
    let error = broker.create_topic("more", 2).unwrap_err();
    assert_eq!(error.code, kafka_protocol::ResponseError::TopicAlreadyExists.code());
    assert!(error.to_string().contains("'more'"), "{error}");
}

#[tokio::test]
async fn a_shutdown_closes_ports_and_connections_even_waiting_ones() {
    let broker = broker().await;
    let address = broker.addresses()[0];
    let mut waiting = Client::leader(&broker, "orders", 0).await;
    waiting
        .send(12, &fetch("orders", 0, 0).with_max_wait_ms(60_000).with_min_bytes(1))
        .await;
    tokio::time::timeout(PATIENCE, broker.shutdown())
        .await
        .expect("in time");
    assert_eq!(waiting.frame().await, None);
    assert!(TcpStream::connect(address).await.is_err());
    TcpListener::bind(address).await.expect("the port is free");
}

#[tokio::test]
async fn dropping_it_stops_it() {
    let broker = broker().await;
    let address = broker.addresses()[0];
    let mut client = Client::connect(&broker, 0).await;
    client.call(9, MetadataRequest::default()).await;
    drop(broker);
    assert_eq!(client.frame().await, None);
    let closed = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.expect("in time");
}
