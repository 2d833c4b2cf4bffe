//! TLS: ended here, on both sides, or passed through.

use std::sync::Arc;

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest};
use keg_devbroker::DevBroker;
use keg_proxy::{Backend, Destination, Gateway, Limits, ListenerTls};
use keg_router::{Sni, SniPassthrough};
use keg_tls::{HandshakeError, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::support::authority::Authority;
use crate::support::client::Client;
use crate::support::forwarder::Forwarder;
use crate::support::gateway::{
    Listening, Team, backend, broker, cluster, host_port, local, ports, settings, snapshot, start_anywhere,
};
use crate::support::logs::Logs;
use crate::support::samples::{FETCH, METADATA, PRODUCE, fetch, produce, produce_error, values};
use crate::support::{PATIENCE, until};

const SUFFIX: &str = ".keg.test";

fn listener_tls(authority: &Authority, allow_plaintext: bool) -> ListenerTls {
    ListenerTls {
        config: Arc::new(authority.server(&["*.team.keg.test", "localhost"])),
        allow_plaintext,
        mapping: Arc::default(),
    }
}

/// A gateway that routes one port by SNI.
fn by_sni(authority: &Authority, broker: &DevBroker) -> (Gateway, u16) {
    let cluster = cluster("team", &backend(broker.addresses()), Vec::new());
    start_anywhere(|port| {
        let destination = Destination::VirtualCluster(Arc::clone(&cluster));
        let rule = Sni::new(SUFFIX).destination(destination, "team");
        let listening = Listening::new("tls", ports(port, port), rule).tls(listener_tls(authority, false));
        snapshot(vec![listening], &[&cluster], Limits::default())
    })
}

#[tokio::test]
async fn one_port_leads_to_every_node_by_name() {
    let (authority, broker) = (Authority::new("clients"), broker().start().await.unwrap());
    let (_gateway, port) = by_sni(&authority, &broker);
    let trust = authority.client();
    let mut client = Client::tls(local(port), &trust, "bootstrap.team.keg.test").await;
    let metadata = client
        .call(METADATA, MetadataRequest::default().with_topics(None))
        .await;
    assert_eq!(metadata.brokers.len(), 3);
    for told in &metadata.brokers {
        let expected = format!("broker-{}.team.keg.test", told.node_id.0);
        assert_eq!((told.host.as_str(), told.port), (&*expected, i32::from(port)));
    }
    let leader = broker.leader("orders", 1).unwrap();
    let mut client = Client::tls(local(port), &trust, &format!("broker-{leader}.team.keg.test")).await;
    // More than a TLS record, and than what is buffered of one.
    let value = vec![b'x'; 3_000_000];
    assert_eq!(produce_error(&client.call(PRODUCE, produce(1, value.clone())).await), 0);
    assert!(values(&client.call(FETCH, fetch(1)).await) == [value]);
}

#[tokio::test]
async fn an_unknown_name_is_refused_with_an_alert_and_a_line() {
    let logs = Logs::capture();
    let (authority, broker) = (Authority::new("clients"), broker().start().await.unwrap());
    let (gateway, port) = by_sni(&authority, &broker);
    let stream = TcpStream::connect(local(port)).await.unwrap();
    let name = ServerName::try_from("bootstrap.other.keg.test").unwrap();
    let refused = keg_tls::connect(stream, authority.client().config(), name, Instant::now() + PATIENCE).await;
    let unrecognised = keg_tls::AlertDescription::UnrecognisedName;
    assert!(matches!(refused, Err(HandshakeError::Refused(alert)) if alert == unrecognised));
    until("the connection ends", || gateway.open_connections() == 0).await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("bootstrap.other.keg.test") && lines[0].contains("dns_label"),
        "{lines:?}"
    );
}

/// A virtual cluster by port mapping, with TLS on its listener.
fn mapped(authority: &Authority, broker: &DevBroker, allow_plaintext: bool) -> (Gateway, u16) {
    let cluster = cluster("team", &backend(broker.addresses()), Vec::new());
    start_anywhere(|first| {
        let listening = Listening::port_mapping(first, 3, &cluster).tls(listener_tls(authority, allow_plaintext));
        snapshot(vec![listening], &[&cluster], Limits::default())
    })
}

#[tokio::test]
async fn plaintext_can_be_allowed_beside_tls() {
    let (authority, broker) = (Authority::new("clients"), broker().start().await.unwrap());
    let (_gateway, port) = mapped(&authority, &broker, true);
    let mut encrypted = Client::tls(local(port), &authority.client(), "localhost").await;
    encrypted.call(3, ApiVersionsRequest::default()).await;
    let mut plain = Client::plain(local(port)).await;
    plain.call(3, ApiVersionsRequest::default()).await;
}

#[tokio::test]
async fn plaintext_is_refused_otherwise_and_a_line_says_what_to_do() {
    let logs = Logs::capture();
    let (authority, broker) = (Authority::new("clients"), broker().start().await.unwrap());
    let (gateway, port) = mapped(&authority, &broker, false);
    let mut plain = Client::plain(local(port)).await;
    plain.send(3, &ApiVersionsRequest::default()).await;
    assert_eq!(plain.rest().await, b"");
    until("the connection ends", || gateway.open_connections() == 0).await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("`security.protocol=SSL`"), "{lines:?}");
}

#[tokio::test]
async fn backends_are_reached_over_tls() {
    let (authority, broker) = (
        Authority::new("brokers"),
        DevBroker::builder().nodes(1).topic("orders", 1).start().await.unwrap(),
    );
    let forwarder = Forwarder::start(authority.server(&["localhost"]), broker.addresses()[0]).await;
    let mut settings = settings(&[], Some(authority.client()));
    let mut address = host_port(forwarder.address);
    address.host = "localhost".to_owned();
    settings.bootstrap_servers = vec![address.clone()];
    // The broker behind doesn't know that it has TLS in front.
    settings.node_addresses.insert(0, address);
    let team = Team::new(
        &cluster("team", &Arc::new(Backend::new(settings)), Vec::new()),
        &Limits::default(),
    );
    team.cluster.backend().refresh().await.unwrap();
    for address in [team.bootstrap(), team.node(0)] {
        let mut client = Client::plain(address).await;
        let value = vec![b'x'; 900_000];
        assert_eq!(produce_error(&client.call(PRODUCE, produce(0, value.clone())).await), 0);
        assert!(values(&client.call(FETCH, fetch(0)).await).contains(&value.into()));
    }
}

#[tokio::test]
async fn a_backend_with_tls_that_is_taken_for_plaintext_is_said_to_be_so() {
    let logs = Logs::capture();
    let (authority, broker) = (Authority::new("brokers"), broker().start().await.unwrap());
    let forwarder = Forwarder::start(authority.server(&["localhost"]), broker.addresses()[0]).await;
    let backend = backend(&[forwarder.address]);
    let error = backend.refresh().await.unwrap_err().to_string();
    assert!(error.contains("tls.enabled: true"), "{error}");
    let team = Team::new(&cluster("team", &backend, Vec::new()), &Limits::default());
    until("the refresh has failed", || !logs.take().is_empty()).await;
    let mut client = team.client().await;
    client.send(3, &ApiVersionsRequest::default()).await;
    assert_eq!(client.rest().await, b"");
    team.is_empty().await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("tls.enabled: true"), "{lines:?}");
}

/// A gateway that passes TLS through to an address, for whatever node.
fn passthrough(target: std::net::SocketAddr) -> (Gateway, u16) {
    let mut settings = settings(&[target], None);
    settings.node_addresses.insert(7, host_port(target));
    let backend = Arc::new(Backend::new(settings));
    start_anywhere(|port| {
        let destination = Destination::Backend(Arc::clone(&backend));
        let rule = SniPassthrough::new(destination, "bootstrap.kafka.test", "broker-{node_id}.kafka.test");
        let listening = Listening::new("passthrough", ports(port, port), rule);
        snapshot(vec![listening], &[], Limits::default())
    })
}

#[tokio::test]
async fn passed_through_tls_ends_at_the_broker() {
    let (authority, broker) = (
        Authority::new("brokers"),
        DevBroker::builder().nodes(1).topic("orders", 1).start().await.unwrap(),
    );
    let settings = authority.server(&["bootstrap.kafka.test", "broker-7.kafka.test"]);
    let forwarder = Forwarder::start(settings, broker.addresses()[0]).await;
    let (_gateway, port) = passthrough(forwarder.address);
    for name in ["bootstrap.kafka.test", "broker-7.kafka.test"] {
        let mut client = Client::tls(local(port), &authority.client(), name).await;
        let value = vec![b'x'; 900_000];
        assert_eq!(produce_error(&client.call(PRODUCE, produce(0, value)).await), 0);
    }
}

#[tokio::test]
async fn passed_through_bytes_are_the_same_bytes() {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_gateway, port) = passthrough(target.local_addr().unwrap());

    // The hello of a real client, in pieces; and then anything at all.
    let (recorder, mut record) = tokio::io::duplex(4096);
    let authority = Authority::new("brokers");
    let name = ServerName::try_from("broker-7.kafka.test").unwrap();
    let _ = keg_tls::connect(recorder, authority.client().config(), name, Instant::now()).await;
    let mut sent = Vec::new();
    record.read_to_end(&mut sent).await.unwrap();
    assert!(sent.len() > 100);
    let hello = sent.len();
    sent.extend((0..700_000_u32).map(|n| (n % 251) as u8));

    let serve = async {
        let (mut stream, _) = target.accept().await.unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        stream.write_all(&received).await.unwrap();
        received
    };
    let (beginning, rest) = (&sent[..hello / 2], &sent[hello / 2..]);
    let ask = async {
        let mut stream = TcpStream::connect(local(port)).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(rest).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let (received, answer) = tokio::join!(serve, ask);
    assert!(received == sent && answer == sent);
}
