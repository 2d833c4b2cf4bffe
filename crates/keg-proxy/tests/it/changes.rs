//! Configuration that changes while clients are connected.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::{ApiVersionsRequest, DescribeClusterRequest, MetadataRequest, ProduceRequest};
use keg_codec::ApiKey as CodecKey;
use keg_devbroker::{ApiKey, Fault};
use keg_policy::BlockApis;
use keg_proxy::{Change, Limits};
use tokio::net::TcpStream;

use crate::support::client::Client;
use crate::support::gateway::{
    Listening, Team, backend, broker, chain, cluster, local, next_block, snapshot, start_anywhere,
};
use crate::support::logs::Logs;
use crate::support::samples::{METADATA, PRODUCE, produce, produce_error};
use crate::support::until;

/// POLICY_VIOLATION.
const VIOLATION: i16 = 44;

fn refuse() -> Arc<keg_policy::Chain> {
    chain(vec![Arc::new(BlockApis::new(
        "no-clusters",
        vec![CodecKey::DESCRIBE_CLUSTER],
    ))])
}

#[tokio::test]
async fn policies_are_replaced_on_open_connections_from_the_next_request_on() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut client = team.leader(&broker, 0).await;
    assert_eq!(client.call(0, DescribeClusterRequest::default()).await.error_code, 0);
    broker
        .faults()
        .on(ApiKey::Produce)
        .inject(Fault::Delay(Duration::from_millis(50)));
    let both = [
        client.frame_of(PRODUCE, &produce(0, "a")),
        client.frame_of(0, &DescribeClusterRequest::default()),
    ];
    client.write(&both.concat()).await;
    until("the requests are with the broker", || broker.faults().is_empty()).await;

    let same = snapshot(
        vec![Listening::port_mapping(team.first_port, 4, &team.cluster)],
        &[&team.cluster],
        Limits::default(),
    );
    let chains = vec![(Arc::clone(&team.cluster), refuse())];
    team.gateway.change(Change { snapshot: same, chains }).unwrap();
    let after = client.send(0, &DescribeClusterRequest::default()).await;
    let (_, produced) = client.receive::<ProduceRequest>(PRODUCE).await;
    assert_eq!(produce_error(&produced), 0);
    let (_, before) = client.receive::<DescribeClusterRequest>(0).await;
    assert_eq!(
        before.error_code, 0,
        "the policies that saw the request see its response"
    );
    let (id, refused) = client.receive::<DescribeClusterRequest>(0).await;
    assert_eq!((id, refused.error_code), (after, VIOLATION));
}

#[tokio::test]
async fn a_change_that_can_not_be_made_whole_changes_nothing() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut client = team.client().await;
    client.call(METADATA, MetadataRequest::default()).await;
    let other = cluster("other", team.cluster.backend(), Vec::new());
    let (taken, free) = loop {
        let block = next_block();
        if let Ok(taken) = std::net::TcpListener::bind(local(block + 3)) {
            break (taken, block);
        }
    };
    // The first ports of the listener are free, and the last one is not; the team's own listener is gone.
    let snapshot = snapshot(
        vec![Listening::port_mapping(free, 3, &other)],
        &[&other],
        Limits::default(),
    );
    let chains = vec![(Arc::clone(&team.cluster), refuse())];
    let error = team.gateway.change(Change { snapshot, chains }).unwrap_err();
    assert_eq!(
        (error.address, &*error.listener),
        (taken.local_addr().unwrap(), "other")
    );
    assert!(TcpStream::connect(local(free)).await.is_err());
    assert_eq!(&**team.gateway.snapshot().virtual_clusters[0].name(), "team");
    assert_eq!(client.call(0, DescribeClusterRequest::default()).await.error_code, 0);
    team.client().await.call(METADATA, MetadataRequest::default()).await;
}

#[tokio::test]
async fn listeners_come_and_go_and_come_back_without_touching_others() {
    let broker = broker().start().await.unwrap();
    let backend = backend(broker.addresses());
    let (one, two) = (
        cluster("one", &backend, Vec::new()),
        cluster("two", &backend, Vec::new()),
    );
    let listening = |first, both| {
        let mut listening = vec![Listening::port_mapping(first, 3, &one)];
        if both {
            listening.push(Listening::port_mapping(first + 4, 3, &two));
        }
        snapshot(listening, &[&one, &two], Limits::default())
    };
    let (gateway, port) = start_anywhere(|first| listening(first, false));
    let change = |both| {
        gateway
            .change(Change {
                snapshot: listening(port, both),
                chains: Vec::new(),
            })
            .unwrap();
    };
    let mut first = Client::plain(local(port)).await;
    first.call(3, ApiVersionsRequest::default()).await;
    assert!(TcpStream::connect(local(port + 4)).await.is_err());
    change(true);
    let mut second = Client::plain(local(port + 4)).await;
    second.call(3, ApiVersionsRequest::default()).await;
    // A port is free as soon as its listener is gone.
    change(false);
    change(true);
    assert_eq!(
        second.rest().await,
        b"",
        "its virtual cluster is still there, but its listener went"
    );
    let mut third = Client::plain(local(port + 4)).await;
    third.call(3, ApiVersionsRequest::default()).await;
    first.call(3, ApiVersionsRequest::default()).await;
}

#[tokio::test]
async fn the_limit_of_connections_is_that_of_the_listener_over_all_its_ports() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let team = cluster("team", &backend(broker.addresses()), Vec::new());
    let limited = |first, limit| {
        let mut listening = Listening::port_mapping(first, 3, &team);
        listening.listener.max_connections = limit;
        snapshot(vec![listening], &[&team], Limits::default())
    };
    let (gateway, port) = start_anywhere(|first| limited(first, 2));
    let mut first = Client::plain(local(port)).await;
    first.call(3, ApiVersionsRequest::default()).await;
    let mut second = Client::plain(local(port + 1)).await;
    second.call(3, ApiVersionsRequest::default()).await;
    let mut third = Client::plain(local(port + 2)).await;
    let sent = third.send(3, &ApiVersionsRequest::default()).await;
    assert!(third.is_quiet().await);
    assert_eq!(gateway.open_connections(), 2);
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("limit=2") && lines[0].contains("`runtime.max_connections`"),
        "{lines:?}"
    );

    drop(first);
    assert_eq!(third.receive::<ApiVersionsRequest>(3).await.0, sent);
    let mut fourth = Client::plain(local(port + 3)).await;
    let sent = fourth.send(3, &ApiVersionsRequest::default()).await;
    assert!(fourth.is_quiet().await);
    gateway
        .change(Change {
            snapshot: limited(port, 3),
            chains: Vec::new(),
        })
        .unwrap();
    assert_eq!(fourth.receive::<ApiVersionsRequest>(3).await.0, sent);
    second.call(3, ApiVersionsRequest::default()).await;
}

#[tokio::test]
async fn nothing_listens_after_a_shutdown_whatever_changes() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    team.gateway.shut_down(Duration::ZERO).await;
    let again = snapshot(
        vec![Listening::port_mapping(team.first_port, 4, &team.cluster)],
        &[&team.cluster],
        Limits::default(),
    );
    let chains = Vec::new();
    team.gateway
        .change(Change {
            snapshot: again,
            chains,
        })
        .unwrap();
    assert!(TcpStream::connect(team.bootstrap()).await.is_err());
}
