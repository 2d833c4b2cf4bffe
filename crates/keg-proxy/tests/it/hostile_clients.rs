//! Peers that don't speak Kafka, or don't speak it well.

use std::time::Duration;

use kafka_protocol::messages::{ApiVersionsRequest, FetchRequest, MetadataRequest};
use keg_proxy::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::client::{Client, framed};
use crate::support::gateway::{Team, broker};
use crate::support::logs::Logs;
use crate::support::samples::{FETCH, METADATA, PRODUCE, fetch, produce, values};
use crate::support::until;

/// What peers send, and what the one line says about it.
const HOSTILE: &[(&[u8], &str)] = &[
    (
        b"GET / HTTP/1.1\r\nHost: kafka\r\n\r\n",
        "the peer speaks HTTP, but this is a Kafka port",
    ),
    (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "use `security.protocol=PLAINTEXT` (or SASL_PLAINTEXT), or add a tls_server policy",
    ),
    (
        b"\x7f\xff\xff\xff\0\x12\0\x03",
        "raise `runtime.max_frame_size` if the peer is a Kafka client",
    ),
    (
        b"\x80\0\0\0\0\x12\0\x03",
        "the frame length is -2147483648: the peer does not speak Kafka",
    ),
    (b"\0\0\0\0", "the request header is malformed"),
    (b"\0\0\0\x04\0\x12\0\x03", "the request header is malformed"),
    (
        b"\0\0\0\x0a\x03\xe7\0\0\0\0\0\x01\xff\xff",
        "api key 999 (version 0) is not one that Kafka",
    ),
    (
        b"\0\0\0\x0a\0\x03\0\x63\0\0\0\x01\xff\xff",
        "Metadata version 99 is not one of",
    ),
    // A client id that is longer than the frame.
    (
        b"\0\0\0\x0a\0\x03\0\0\0\0\0\x01\x7f\xff",
        "the request header is malformed",
    ),
    // No policy looks into this body, whose array is longer than the frame; the broker hangs up.
    (
        b"\0\0\0\x0e\0\x03\0\x01\0\0\0\x01\xff\xff\x7f\xff\xff\xff",
        "the broker closed the connection, with 1 requests unanswered, first Metadata version 1",
    ),
];

#[tokio::test]
async fn what_is_not_kafka_ends_the_connection_with_one_line_and_nobody_else_notices() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut neighbour = team.client().await;
    neighbour.call(METADATA, MetadataRequest::default()).await;
    for (bytes, expected) in HOSTILE {
        let mut client = team.client().await;
        client.write(bytes).await;
        client.rest().await;
        drop(client);
        until("the connection ends", || team.gateway.open_connections() == 1).await;
        let lines = logs.take();
        assert_eq!(lines.len(), 1, "{:?}: {lines:?}", bytes.escape_ascii().to_string());
        assert!(lines[0].contains(expected), "{lines:?}");
        assert!(
            lines[0].contains("WARN") && lines[0].contains("listener=\"team\""),
            "{lines:?}"
        );
        neighbour.call(METADATA, MetadataRequest::default()).await;
    }
}

#[tokio::test]
async fn what_was_asked_before_the_nonsense_is_still_answered() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut client = team.leader(&broker, 0).await;
    client.call(PRODUCE, produce(0, vec![b'x'; 3_000_000])).await;
    for (bytes, _) in HOSTILE {
        let mut client = team.leader(&broker, 0).await;
        let good = client.frame_of(FETCH, &fetch(0));
        // More than is ever read of it.
        let much = vec![b'x'; 100_000];
        client.write(&[&good[..], bytes, &much].concat()).await;
        // By now all is written. A connection that is closed with bytes unread is reset, and takes the reply with it.
        sleep(Duration::from_millis(100)).await;
        let (_, fetched) = client.receive::<FetchRequest>(FETCH).await;
        assert_eq!(values(&fetched)[0].len(), 3_000_000);
        client.rest().await;
    }
}

#[tokio::test]
async fn half_a_frame_and_then_silence_is_not_waited_for_long() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let limits = Limits {
        stall_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let team = Team::with(broker.addresses(), &limits);
    let mut neighbour = team.client().await;
    neighbour.call(METADATA, MetadataRequest::default()).await;
    for half in [&b"\0\0"[..], b"\0\0\x01\0\0\x03", &framed(&[0; 200_000])[..100_000]] {
        let mut client = team.client().await;
        client.write(half).await;
        assert_eq!(client.rest().await, b"");
        drop(client);
        until("the connection ends", || team.gateway.open_connections() == 1).await;
        let lines = logs.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(" of a frame, and then nothing for"), "{lines:?}");
    }
    assert_eq!(team.gateway.buffered_bytes(), 0);
    // Silence between frames is a client's right.
    neighbour.call(METADATA, MetadataRequest::default()).await;
}

#[tokio::test]
async fn a_frame_that_the_budget_can_never_hold_is_refused_and_not_waited_for() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let limits = Limits {
        max_frame_size: 1 << 20,
        buffer_budget: 1 << 20,
        ..Limits::default()
    };
    assert!(limits.check().is_err());
    let team = Team::with(broker.addresses(), &limits);
    for (length, expected) in [
        (600_000, "raise `runtime.buffer_budget`"),
        (2 << 20, "raise `runtime.max_frame_size`"),
    ] {
        let mut client = team.client().await;
        client.write(&framed(&vec![0; length])[..100]).await;
        assert_eq!(client.rest().await, b"");
        drop(client);
        team.is_empty().await;
        let lines = logs.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(expected), "{lines:?}");
    }
}

#[tokio::test]
async fn a_peer_that_sends_nothing_at_all_is_not_kept_and_not_worth_a_line() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let limits = Limits {
        stall_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let team = Team::with(broker.addresses(), &limits);
    let mut client = team.client().await;
    assert_eq!(client.rest().await, b"");
    team.is_empty().await;
    assert_eq!(logs.take(), Vec::<String>::new());
}

#[tokio::test]
async fn a_peer_that_leaves_in_the_middle_of_a_frame_is_told_of() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut client = team.client().await;
    client.call(3, ApiVersionsRequest::default()).await;
    client.write(b"\0\0\x01\0\0\x03").await;
    drop(client);
    team.is_empty().await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("closed the connection after 6 bytes of a frame"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn resets_and_port_scans_are_not_worth_a_line() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    drop(TcpStream::connect(team.bootstrap()).await.unwrap());
    let mut stream = TcpStream::connect(team.bootstrap()).await.unwrap();
    stream.set_zero_linger().unwrap();
    stream.write_all(&framed(&[0; 100])[..50]).await.unwrap();
    drop(stream);
    let stream = TcpStream::connect(team.bootstrap()).await.unwrap();
    stream.set_zero_linger().unwrap();
    let mut client = Client::over(stream);
    client.call(3, ApiVersionsRequest::default()).await;
    drop(client);
    until("they were accepted", || team.gateway.open_connections() == 0).await;
    team.client().await.call(3, ApiVersionsRequest::default()).await;
    assert_eq!(logs.take(), Vec::<String>::new());
}
