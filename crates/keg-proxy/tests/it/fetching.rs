//! Fetch responses whose topics have names, which change between the records.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse};
use kafka_protocol::protocol::{Decodable, Encodable};
use keg_policy::{Mode, Namespace};
use keg_proxy::Limits;

use crate::support::client::Client;
use crate::support::gateway::{Team, backend, cluster};
use crate::support::samples::{fetch, topic};
use crate::support::scripted::{Link, Scripted, correlation_id, response};

/// Few topics with many records, and many with few.
const SIZES: [usize; 10] = [400_000, 1, 300_000, 40, 0, 9_000, 20_000, 500_000, 70_000, 3];

/// More than half of it can't be held.
const LIMITS: fn() -> Limits = || Limits {
    max_frame_size: 512 << 10,
    buffer_budget: 1 << 20,
    ..Limits::default()
};

/// A response of topics of these names, and records of [those](SIZES) sizes.
fn fetched(version: i16, names: impl Fn(usize) -> String) -> Bytes {
    let topics = SIZES.iter().enumerate().map(|(at, size)| {
        let records = Bytes::from(vec![u8::try_from(at).unwrap(); *size]);
        FetchableTopicResponse::default()
            .with_topic(topic(&names(at)))
            .with_partitions(vec![PartitionData::default().with_records(Some(records))])
    });
    let mut out = BytesMut::new();
    FetchResponse::default()
        .with_responses(topics.collect())
        .encode(&mut out, version)
        .unwrap();
    out.freeze()
}

fn asked() -> FetchRequest {
    let mut request = fetch(0);
    let one = request.topics[0].clone();
    request.topics = (0..SIZES.len())
        .map(|at| one.clone().with_topic(topic(&format!("topic-{at}"))))
        .collect();
    request.with_session_epoch(-1)
}

async fn connected(mode: Mode) -> (Team, Client, Scripted) {
    let broker = Scripted::start().await;
    let namespace = Namespace::new(mode, "team.");
    let cluster = cluster("team", &backend(&[broker.address]), vec![Arc::new(namespace)]);
    let team = Team::new(&cluster, &LIMITS());
    let client = team.client().await;
    (team, client, broker)
}

/// Answers the next request.
async fn answer(link: &mut Link, version: i16, body: &[u8], pieces: usize) -> i32 {
    let id = correlation_id(&link.request().await.unwrap());
    let tags: &[u8] = if version >= 12 { &[0] } else { &[] };
    let frame = response(id, &[tags, body].concat());
    for piece in frame.chunks(pieces) {
        link.write(piece).await;
    }
    id
}

#[tokio::test]
async fn names_change_between_records_that_nobody_could_hold() {
    let (_team, mut client, mut broker) = connected(Mode::HidePrefix).await;
    let mut link = None;
    for version in [4, 11, 12] {
        let body = fetched(version, |at| format!("team.topic-{at}"));
        assert!(body.len() > LIMITS().buffer_budget);
        for pieces in [body.len(), 64 * 1024, 4_099] {
            let sent = client.send(version, &asked()).await;
            let link = match &mut link {
                Some(link) => link,
                none => none.insert(broker.accept().await),
            };
            let (_, received) = tokio::join!(answer(link, version, &body, pieces), client.frame());
            let mut received = received.unwrap();
            assert_eq!(received.split_to(4), sent.to_be_bytes()[..]);
            if version >= 12 {
                assert_eq!(received.split_to(1), [0][..]);
            }
            assert_eq!(
                received,
                fetched(version, |at| format!("topic-{at}")),
                "{version} {pieces}"
            );
        }
    }
}

#[tokio::test]
async fn a_name_of_somebody_else_between_records_ends_the_connection_before_it() {
    let (team, mut client, mut broker) = connected(Mode::HidePrefix).await;
    client.send(12, &asked()).await;
    let mut link = broker.accept().await;
    let body = fetched(12, |at| match at {
        7 => "other.topic".to_owned(),
        _ => format!("team.topic-{at}"),
    });
    let (_, received) = tokio::join!(answer(&mut link, 12, &body, 64 * 1024), client.rest());
    assert!(!received.windows(5).any(|bytes| bytes == b"other"));
    // Never more than what the namespace's are.
    assert!(received.len() < 1_000_000);
    team.is_empty().await;
}

#[tokio::test]
async fn never_more_comes_than_was_told_when_a_broker_tells_of_topics_that_it_does_not_have() {
    let (team, mut client, mut broker) = connected(Mode::HidePrefix).await;
    client.send(11, &asked()).await;
    let mut link = broker.accept().await;
    let body = fetched(11, |at| format!("team.topic-{at}"));
    // Behind the throttle time, an error code and the session's id.
    let topics = 200_000_u32.to_be_bytes();
    let body = [&body[..10], &topics, &body[14..]].concat();
    let (_, received) = tokio::join!(answer(&mut link, 11, &body, 64 * 1024), client.rest());
    let told = u32::from_be_bytes(*received.first_chunk().unwrap()) as usize;
    assert!(told < body.len(), "it is {told}");
    assert!(
        received.len() <= 4 + told,
        "{} bytes instead of {told}",
        received.len() - 4
    );
    team.is_empty().await;
}

#[tokio::test]
async fn where_clients_see_the_prefix_names_stay_as_they_are() {
    let (_team, mut client, mut broker) = connected(Mode::EnforcePrefix).await;
    let mut request = asked();
    for (at, asked) in request.topics.iter_mut().enumerate() {
        asked.topic = topic(&format!("team.topic-{at}"));
    }
    client.send(12, &request).await;
    let mut link = broker.accept().await;
    let body = fetched(12, |at| format!("team.topic-{at}"));
    let (_, received) = tokio::join!(answer(&mut link, 12, &body, 64 * 1024), client.frame());
    let mut received = received.unwrap().split_off(5);
    assert_eq!(received, body);
    assert!(FetchResponse::decode(&mut received, 12).is_ok());
}
