//! Connections that are asked to end.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest, ProduceRequest};
use keg_devbroker::{ApiKey, Fault};
use keg_proxy::{Backend, Change, Destination, Limits};
use keg_router::SniPassthrough;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::client::Client;
use crate::support::gateway::{
    Listening, Team, backend, broker, cluster, host_port, local, ports, settings, snapshot, start_anywhere,
};
use crate::support::samples::{METADATA, PRODUCE, produce, produce_error};
use crate::support::{PATIENCE, until};

const DELAY: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_virtual_cluster_that_goes_finishes_what_is_in_flight_and_the_others_stay() {
    let broker = broker().start().await.unwrap();
    let backend = backend(broker.addresses());
    let (going, staying) = (
        cluster("going", &backend, Vec::new()),
        cluster("staying", &backend, Vec::new()),
    );
    let (gateway, port) = start_anywhere(|first| {
        let listening = vec![
            Listening::port_mapping(first, 3, &going),
            Listening::port_mapping(first + 4, 3, &staying),
        ];
        snapshot(listening, &[&going, &staying], Limits::default())
    });
    let leader = u16::try_from(broker.leader("orders", 0).unwrap()).unwrap();
    let mut idle = Client::plain(local(port)).await;
    idle.call(3, ApiVersionsRequest::default()).await;
    let mut busy = Client::plain(local(port + 1 + leader)).await;
    broker.faults().on(ApiKey::Produce).inject(Fault::Delay(DELAY));
    let sent = busy.send(PRODUCE, &produce(0, "a")).await;
    let mut other = Client::plain(local(port + 4)).await;
    other.call(METADATA, MetadataRequest::default()).await;
    until("the request is with the broker", || broker.faults().is_empty()).await;

    let next = snapshot(
        vec![Listening::port_mapping(port + 4, 3, &staying)],
        &[&staying],
        Limits::default(),
    );
    gateway
        .change(Change {
            snapshot: next,
            chains: Vec::new(),
        })
        .unwrap();
    assert_eq!(idle.rest().await, b"", "idle connections end at once");
    let (id, produced) = busy.receive::<ProduceRequest>(PRODUCE).await;
    assert_eq!((id, produce_error(&produced)), (sent, 0));
    assert_eq!(busy.rest().await, b"");
    other.call(METADATA, MetadataRequest::default()).await;
    assert!(TcpStream::connect(local(port)).await.is_err());
    drop((idle, busy));
    until("only the other is left", || gateway.open_connections() == 1).await;
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_in_flight_and_frees_the_ports_at_once() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut busy = team.leader(&broker, 0).await;
    broker.faults().on(ApiKey::Produce).inject(Fault::Delay(DELAY));
    let sent = busy.send(PRODUCE, &produce(0, "a")).await;
    until("the request is with the broker", || broker.faults().is_empty()).await;
    let receive = async {
        assert!(TcpStream::connect(team.bootstrap()).await.is_err());
        let (id, produced) = busy.receive::<ProduceRequest>(PRODUCE).await;
        assert_eq!((id, produce_error(&produced)), (sent, 0));
        assert_eq!(busy.rest().await, b"");
        drop(busy);
    };
    let (left, ()) = tokio::join!(team.gateway.shut_down(PATIENCE), receive);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_shutdown_waits_no_longer_than_it_may() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut busy = team.leader(&broker, 0).await;
    broker.faults().on(ApiKey::Produce).inject(Fault::Delay(PATIENCE));
    busy.send(PRODUCE, &produce(0, "a")).await;
    until("the request is with the broker", || broker.faults().is_empty()).await;
    assert_eq!(team.gateway.shut_down(Duration::from_millis(50)).await, 1);
}

#[tokio::test]
async fn a_drain_ends_what_takes_too_long_and_clients_that_have_said_nothing() {
    let broker = broker().start().await.unwrap();
    let limits = Limits {
        drain_duration: Duration::from_millis(50),
        ..Limits::default()
    };
    let team = Team::with(broker.addresses(), &limits);
    let mut silent = team.client().await;
    let mut busy = team.leader(&broker, 0).await;
    broker.faults().on(ApiKey::Produce).inject(Fault::Delay(PATIENCE));
    busy.send(PRODUCE, &produce(0, "a")).await;
    until("the request is with the broker", || broker.faults().is_empty()).await;
    team.cluster.drain();
    assert_eq!(silent.rest().await, b"");
    assert_eq!(busy.rest().await, b"");
    // A virtual cluster that drains takes nobody in.
    let mut late = team.client().await;
    let _ = late.stream.write_all(b"\0\0").await;
    assert_eq!(late.rest().await, b"");
}

#[tokio::test]
async fn passed_through_connections_end_when_their_backend_cluster_goes() {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = target.local_addr().unwrap();
    let backend = || {
        let mut settings = settings(&[address], None);
        settings.node_addresses.insert(7, host_port(address));
        Arc::new(Backend::new(settings))
    };
    let listening = |port, backend: &Arc<Backend>| {
        let destination = Destination::Backend(Arc::clone(backend));
        let rule = SniPassthrough::new(destination, "bootstrap.kafka.test", "broker-{node_id}.kafka.test");
        Listening::new("passthrough", ports(port, port), rule)
    };
    let with = |port, backend: &Arc<Backend>| {
        let mut snapshot = snapshot(vec![listening(port, backend)], &[], Limits::default());
        snapshot.backends.push(Arc::clone(backend));
        snapshot
    };
    let first = backend();
    let (gateway, port) = start_anywhere(|port| with(port, &first));
    let (_refresh, _) = target.accept().await.unwrap();
    let mut client = TcpStream::connect(local(port)).await.unwrap();
    client.write_all(&hello("broker-7.kafka.test").await).await.unwrap();
    let (mut node, _) = target.accept().await.unwrap();
    assert_eq!(node.read_u8().await.unwrap(), 0x16);

    let change = |backend: &Arc<Backend>| Change {
        snapshot: with(port, backend),
        chains: Vec::new(),
    };
    gateway.change(change(&first)).unwrap();
    node.write_all(b"still there").await.unwrap();
    let mut received = [0; 11];
    client.read_exact(&mut received).await.unwrap();
    gateway.change(change(&backend())).unwrap();
    let ended = timeout(PATIENCE, client.read(&mut received)).await;
    assert_eq!(ended.expect("in time").unwrap(), 0);
}

/// The first bytes of a TLS client.
async fn hello(name: &str) -> Vec<u8> {
    let (recorder, mut record) = tokio::io::duplex(4096);
    let client = crate::support::authority::Authority::new("any").client();
    let name = keg_tls::ServerName::try_from(name.to_owned()).unwrap();
    let _ = keg_tls::connect(recorder, client.config(), name, tokio::time::Instant::now()).await;
    let mut hello = Vec::new();
    record.read_to_end(&mut hello).await.unwrap();
    hello
}
