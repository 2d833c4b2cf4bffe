//! Requests one after the other, without waiting for replies.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::{
    ApiVersionsRequest, DescribeClusterRequest, FetchRequest, MetadataRequest, ProduceRequest,
};
use keg_codec::ApiKey as CodecKey;
use keg_devbroker::{ApiKey, Fault};
use keg_policy::BlockApis;
use keg_proxy::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::client::{Client, decode};
use crate::support::gateway::{Team, backend, broker, cluster};
use crate::support::samples::{FETCH, METADATA, PRODUCE, fetch, produce, produce_error, values};
use crate::support::scripted::{Scripted, correlation_id, response};

#[tokio::test]
async fn replies_come_in_the_order_of_the_requests_whoever_answers() {
    let broker = broker().start().await.unwrap();
    let refuse = BlockApis::new("no-clusters", vec![CodecKey::DESCRIBE_CLUSTER]);
    let cluster = cluster("team", &backend(broker.addresses()), vec![Arc::new(refuse)]);
    let team = Team::new(&cluster, &Limits::default());
    let mut client = team.leader(&broker, 0).await;
    let delay = Fault::Delay(Duration::from_millis(50));
    broker.faults().on(ApiKey::Produce).times(2).inject(delay);

    let mut expected = Vec::new();
    for round in 0..3 {
        expected.push(client.send(PRODUCE, &produce(0, format!("{round}"))).await);
        expected.push(client.send(0, &DescribeClusterRequest::default()).await);
        expected.push(client.send_unknown(18, 99, b"").await);
        expected.push(client.send(METADATA, &MetadataRequest::default()).await);
        expected.push(client.send(3, &ApiVersionsRequest::default()).await);
    }
    let mut answered = Vec::new();
    for _ in 0..3 {
        let (id, produced) = client.receive::<ProduceRequest>(PRODUCE).await;
        assert_eq!(produce_error(&produced), 0);
        answered.push(id);
        let (id, refused) = client.receive::<DescribeClusterRequest>(0).await;
        assert_eq!(
            refused.error_code,
            kafka_protocol::ResponseError::PolicyViolation.code()
        );
        answered.push(id);
        // Version 0, whatever was asked.
        let (id, unknown) = client.receive::<ApiVersionsRequest>(0).await;
        assert_eq!(
            unknown.error_code,
            kafka_protocol::ResponseError::UnsupportedVersion.code()
        );
        assert_eq!((unknown.api_keys.len(), unknown.api_keys[0].api_key), (1, 18));
        answered.push(id);
        answered.push(client.receive::<MetadataRequest>(METADATA).await.0);
        answered.push(client.receive::<ApiVersionsRequest>(3).await.0);
    }
    assert_eq!(answered, expected);
    let stored = client.call(FETCH, fetch(0)).await;
    assert_eq!(values(&stored), ["0", "1", "2"]);
}

#[tokio::test]
async fn a_produce_without_acks_has_no_reply_and_takes_no_place() {
    let broker = broker().start().await.unwrap();
    let team = Team::with(
        broker.addresses(),
        &Limits {
            max_in_flight: 1,
            ..Limits::default()
        },
    );
    let mut client = team.leader(&broker, 0).await;
    for round in 0..10 {
        client.send(PRODUCE, &produce(0, format!("{round}")).with_acks(0)).await;
    }
    let stored = client.call(FETCH, fetch(0)).await;
    assert_eq!(
        values(&stored),
        (0..10).map(|round| round.to_string()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_client_that_closes_its_side_gets_the_replies_to_what_it_sent() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut client = team.leader(&broker, 0).await;
    let delay = Fault::Delay(Duration::from_millis(50));
    broker.faults().on(ApiKey::Produce).inject(delay);
    let expected = [
        client.send(PRODUCE, &produce(0, "a")).await,
        client.send(FETCH, &fetch(0)).await,
    ];
    client.finish().await;
    let (first, produced) = client.receive::<ProduceRequest>(PRODUCE).await;
    let (second, fetched) = client.receive::<FetchRequest>(FETCH).await;
    assert_eq!([first, second], expected);
    assert_eq!(
        (produce_error(&produced), values(&fetched)),
        (0, vec![Bytes::from("a")])
    );
    assert_eq!(client.frame().await, None);
    team.is_empty().await;
}

#[tokio::test]
async fn a_full_window_stops_reading_until_there_is_room_again() {
    const WINDOW: usize = 3;
    let mut broker = Scripted::start().await;
    let limits = Limits {
        max_in_flight: WINDOW,
        // Waiting for room must not count as the client's silence.
        stall_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let team = Team::with(&[broker.address], &limits);
    let mut client = team.client().await;
    // A frame of 50 KiB each: all of them are more than the sockets on the way take.
    let request = produce(0, vec![b'x'; 50_000]);
    let frames: Vec<Bytes> = (0..1_000).map(|_| client.frame_of(PRODUCE, &request)).collect();
    let (mut reader, mut writer) = tokio::io::split(client.stream);
    let (written, mut writing) = (
        Arc::new(std::sync::atomic::AtomicUsize::new(0)),
        tokio::task::JoinSet::new(),
    );
    let progress = Arc::clone(&written);
    writing.spawn(async move {
        for frame in frames {
            writer.write_all(&frame).await.unwrap();
            progress.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let mut link = broker.accept().await;
    let mut requests = Vec::new();
    for _ in 0..WINDOW {
        requests.push(correlation_id(&link.request().await.unwrap()));
    }
    let more = timeout(Duration::from_millis(500), link.stream.peek(&mut [0])).await;
    assert!(more.is_err(), "no more than the window");
    assert!(
        written.load(std::sync::atomic::Ordering::Relaxed) < 1_000,
        "the client is held back"
    );
    assert_eq!(team.gateway.open_connections(), 1, "and not blamed for it");

    let answer = async {
        let mut answered = 0;
        while answered < 1_000 {
            for id in std::mem::take(&mut requests) {
                link.write(&response(id, &[0; 8])).await;
                answered += 1;
            }
            if answered < 1_000 {
                requests.push(correlation_id(&link.request().await.unwrap()));
            }
        }
    };
    let receive = async {
        for expected in 101..1_101 {
            let mut reply = [0; 16];
            reader.read_exact(&mut reply).await.unwrap();
            assert_eq!(i32::from_be_bytes(reply[4..8].try_into().unwrap()), expected);
        }
    };
    let both = async { tokio::join!(answer, receive) };
    timeout(crate::support::PATIENCE, both).await.unwrap();
    writing.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_reset_by_the_client_ends_its_connection_to_the_broker() {
    let mut broker = Scripted::start().await;
    let team = Team::before(&[broker.address]);
    let stream = TcpStream::connect(team.bootstrap()).await.unwrap();
    // Closing resets.
    stream.set_zero_linger().unwrap();
    let mut client = Client::over(stream);
    client.send(METADATA, &MetadataRequest::default()).await;
    let mut link = broker.accept().await;
    assert!(link.request().await.is_some());
    drop(client);
    assert!(link.request().await.is_none());
}

#[tokio::test]
async fn a_large_request_and_a_large_response_pass_whole() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    let mut client = team.leader(&broker, 0).await;
    let value: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let first = client.send(PRODUCE, &produce(0, value.clone())).await;
    let second = client.send(FETCH, &fetch(0)).await;
    let (id, produced) = decode::<ProduceRequest>(PRODUCE, client.frame().await.unwrap());
    assert_eq!((id, produce_error(&produced)), (first, 0));
    let (id, fetched) = client.receive::<FetchRequest>(FETCH).await;
    assert_eq!(id, second);
    assert!(values(&fetched) == [value]);
    assert_eq!(team.gateway.buffered_bytes(), 0, "nothing of them is left behind");
}
