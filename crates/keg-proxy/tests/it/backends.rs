//! How nodes are found, and what happens when they aren't.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest};
use keg_devbroker::DevBroker;
use keg_proxy::Backend;
use tokio::net::{TcpListener, TcpStream};

use crate::support::client::Client;
use crate::support::gateway::{Team, backend, broker, cluster, settings};
use crate::support::logs::Logs;
use crate::support::samples::METADATA;
use crate::support::until;

/// An address that refuses connections.
async fn dead() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn bootstrap_servers_are_tried_in_turn_and_the_one_that_answers_is_asked_first_from_then_on() {
    let broker = broker().start().await.unwrap();
    // Accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings(
        &[dead().await, silent.local_addr().unwrap(), broker.addresses()[0]],
        None,
    );
    settings.connect_timeout = Duration::from_millis(300);
    let backend = Arc::new(Backend::new(settings));
    backend.refresh().await.unwrap();
    let team = Team::new(&cluster("team", &backend, Vec::new()), &Default::default());
    let began = Instant::now();
    team.client().await.call(3, ApiVersionsRequest::default()).await;
    assert!(
        began.elapsed() < Duration::from_millis(300),
        "the silent one was not asked"
    );
}

#[tokio::test]
async fn a_backend_of_which_nothing_answers_costs_the_client_its_connection_and_a_line_says_why() {
    let logs = Logs::capture();
    let dead = dead().await;
    let team = Team::before(&[dead]);
    until("the refresh has failed", || !logs.take().is_empty()).await;
    let mut client = team.client().await;
    client.send(3, &ApiVersionsRequest::default()).await;
    assert_eq!(client.rest().await, b"");
    team.is_empty().await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let expected =
        format!("virtual cluster \"team\": no connection to any node of backend cluster \"main\": {dead} can't");
    assert!(lines[0].contains(&expected), "{lines:?}");
    assert!(!team.cluster.backend().is_reachable());
}

#[tokio::test]
async fn a_node_that_the_cluster_does_not_have_is_named_with_those_that_it_has() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut client = Client::plain(team.node(3)).await;
    client.send(3, &ApiVersionsRequest::default()).await;
    assert_eq!(client.rest().await, b"");
    team.is_empty().await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("no node 3; it has [0, 1, 2]"), "{lines:?}");
}

#[tokio::test]
async fn a_node_is_found_where_it_has_moved() {
    let before = DevBroker::builder().nodes(1).start().await.unwrap();
    let after = DevBroker::builder().nodes(1).start().await.unwrap();
    let addresses = [before.addresses()[0], after.addresses()[0]];
    let backend = backend(&addresses);
    backend.refresh().await.unwrap();
    let team = Team::new(&cluster("team", &backend, Vec::new()), &Default::default());
    let mut client = Client::plain(team.node(0)).await;
    client.call(METADATA, MetadataRequest::default()).await;
    before.shutdown().await;
    assert_eq!(client.rest().await, b"", "the node is gone, and so is the connection");
    // An answer that is too fresh is not asked for again.
    let answers = async {
        loop {
            let mut client = Client::plain(team.node(0)).await;
            client.send(METADATA, &MetadataRequest::default()).await;
            if client.frame().await.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, answers).await.unwrap();
}

#[tokio::test]
async fn a_connection_without_a_request_does_not_reach_the_backend() {
    let backend_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let team = Team::before(&[backend_listener.local_addr().unwrap()]);
    let (_refresh, _) = backend_listener.accept().await.unwrap();
    drop(TcpStream::connect(team.bootstrap()).await.unwrap());
    team.is_empty().await;
    let accepted = tokio::time::timeout(Duration::from_millis(50), backend_listener.accept()).await;
    assert!(accepted.is_err());
}

#[tokio::test]
async fn a_client_that_goes_while_its_node_is_being_reached_is_not_waited_for() {
    let broker = broker().start().await.unwrap();
    // Connections are accepted by the kernel, and the TLS handshake never answered.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = crate::support::authority::Authority::new("backend");
    let mut settings = settings(&[silent.local_addr().unwrap()], Some(authority.client()));
    settings.connect_timeout = Duration::from_secs(60);
    let limits = keg_proxy::Limits {
        drain_duration: Duration::from_millis(20),
        ..Default::default()
    };
    let team = Team::new(&cluster("team", &Arc::new(Backend::new(settings)), Vec::new()), &limits);
    let mut client = team.client().await;
    client.send(3, &ApiVersionsRequest::default()).await;
    until("the client is there", || team.gateway.open_connections() == 1).await;
    drop(client);
    team.is_empty().await;
    drop(broker);
}
