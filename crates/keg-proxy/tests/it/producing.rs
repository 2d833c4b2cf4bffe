//! Produce requests of several topics, which go on while they arrive.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    MetadataRequest, MetadataResponse, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, Encodable};
use keg_codec::walk::Passage;
use keg_policy::{Mode, Namespace};
use keg_proxy::Limits;
use tokio::io::AsyncReadExt;

use crate::support::client::{Client, framed};
use crate::support::gateway::{Team, backend, cluster};
use crate::support::samples::{METADATA, topic};
use crate::support::scripted::{Link, Scripted, correlation_id};

/// Versions in which topics have names, and the last, in which they have ids.
const VERSIONS: [i16; 3] = [8, 12, BY_ID];
const BY_ID: i16 = 13;
const FIRST_FLEXIBLE: i16 = 9;

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const UNKNOWN_TOPIC_ID: i16 = 100;

/// The client's topics, whose ids it is told, and another's.
const OWN: [u128; 2] = [1, 2];
const OTHER: u128 = 3;

type Id = uuid::Uuid;

/// Asks for the client's topics, so that their ids are known.
async fn connected(broker: &mut Scripted) -> (Team, Client, Link) {
    let namespace = Namespace::new(Mode::HidePrefix, "team.");
    let cluster = cluster("team", &backend(&[broker.address]), vec![Arc::new(namespace)]);
    let team = Team::new(&cluster, &Limits::default());
    let mut client = team.client().await;
    client
        .send(METADATA, &MetadataRequest::default().with_topics(None))
        .await;
    let mut link = broker.accept().await;
    let topics = OWN.map(|id| {
        MetadataResponseTopic::default()
            .with_name(Some(topic(&name(id))))
            .with_topic_id(Id::from_u128(id))
    });
    let told = MetadataResponse::default().with_topics(topics.to_vec());
    let asked = link.request().await.unwrap();
    link.write(&answer(&asked, METADATA, &told)).await;
    client.receive::<MetadataRequest>(METADATA).await;
    (team, client, link)
}

/// What the backend calls the topic of an id.
fn name(id: u128) -> String {
    let owner = if OWN.contains(&id) { "team" } else { "others" };
    format!("{owner}.topic-{id}")
}

/// The response to a request, as a frame.
fn answer(request: &[u8], version: i16, answer: &impl Encodable) -> Bytes {
    let mut out = BytesMut::new();
    let header = ResponseHeader::default().with_correlation_id(correlation_id(request));
    header.encode(&mut out, i16::from(version >= FIRST_FLEXIBLE)).unwrap();
    answer.encode(&mut out, version).unwrap();
    framed(&out)
}

/// A request of these topics, each with so many bytes of records.
fn produce(version: i16, topics: &[(u128, usize)]) -> ProduceRequest {
    let topics = topics.iter().map(|(id, size)| {
        let records = Bytes::from(vec![u8::try_from(*id).unwrap(); *size]);
        let partition = PartitionProduceData::default().with_records(Some(records));
        let asked = TopicProduceData::default().with_partition_data(vec![partition]);
        match version {
            BY_ID => asked.with_topic_id(Id::from_u128(*id)),
            _ => asked.with_name(topic(&name(*id))),
        }
    });
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(1_000)
        .with_topic_data(topics.collect())
}

/// What a broker gets, and what it answers, which has the client's topics and the other.
fn serve(version: i16, frame: &[u8]) -> (ProduceRequest, Bytes) {
    let mut body = Bytes::copy_from_slice(frame);
    RequestHeader::decode(&mut body, 1 + i16::from(version >= FIRST_FLEXIBLE)).unwrap();
    let request = ProduceRequest::decode(&mut body, version).unwrap();
    assert!(body.is_empty());
    let told = request.topic_data.iter().map(|topic| {
        let is_there = |id: &u128| match version {
            BY_ID => topic.topic_id.as_u128() == *id,
            _ => *topic.name.0 == *name(*id),
        };
        let code = match (OWN[0]..=OTHER).any(|id| is_there(&id)) {
            true => 0,
            false if version == BY_ID => UNKNOWN_TOPIC_ID,
            false => UNKNOWN_TOPIC_OR_PARTITION,
        };
        TopicProduceResponse::default()
            .with_topic_id(topic.topic_id)
            .with_name(topic.name.clone())
            .with_partition_responses(vec![PartitionProduceResponse::default().with_error_code(code)])
    });
    let told = ProduceResponse::default().with_responses(told.collect());
    (request, answer(frame, version, &told))
}

/// What the client calls the topics of a request or of a response, each with what is behind that.
fn seen(version: i16, asked: ProduceRequest) -> ProduceRequest {
    if version == BY_ID {
        return asked;
    }
    let bare = |mut asked: TopicProduceData| {
        if let Some(bare) = asked.name.0.strip_prefix("team.") {
            asked.name = topic(bare);
        }
        asked
    };
    let topics = asked.topic_data.iter().cloned().map(bare).collect();
    asked.with_topic_data(topics)
}

#[tokio::test]
async fn topics_go_on_before_the_last_has_come_and_one_that_is_refused_is_told_as_its_own() {
    let mut broker = Scripted::start().await;
    let (_team, mut client, mut link) = connected(&mut broker).await;
    for version in VERSIONS {
        // The first of several topics with ids comes whole, in case that something is to be asked.
        client
            .send(version, &seen(version, produce(version, &[(1, 100_000), (2, 1)])))
            .await;
        let (_, answer) = serve(version, &link.request().await.unwrap());
        link.write(&answer).await;
        client.receive::<ProduceRequest>(version).await;
        for topics in [
            [(1, 400_000), (2, 300_000), (1, 5), (2, 600_000)],
            [(1, 400_000), (OTHER, 9), (2, 90_000), (OTHER, 700_000)],
        ] {
            let meant = produce(version, &topics);
            let asked = seen(version, meant.clone());
            let frame = client.frame_of(version, &asked);
            let (first, rest) = frame.split_at(frame.len() / 2);
            client.write(first).await;
            // What has come is with the broker, but for a few bytes.
            let mut seen = vec![0; first.len() - Passage::HELD_BACK];
            link.stream.read_exact(&mut seen).await.unwrap();
            let length = 4 + u32::from_be_bytes(*seen.first_chunk().unwrap()) as usize;
            let mut behind = vec![0; length - seen.len()];
            let (_, read) = tokio::join!(client.write(rest), link.stream.read_exact(&mut behind));
            read.unwrap();
            seen.extend(behind);
            let (seen, answer) = serve(version, &seen[4..]);
            for ((seen, meant), (id, _)) in seen.topic_data.iter().zip(&meant.topic_data).zip(topics) {
                let is_meant = (&seen.topic_id, &seen.name) == (&meant.topic_id, &meant.name);
                assert_eq!(is_meant, OWN.contains(&id));
                assert_eq!(seen.partition_data, meant.partition_data);
            }
            link.write(&answer).await;
            let (_, told) = client.receive::<ProduceRequest>(version).await;
            let code = |topic: &TopicProduceResponse| topic.partition_responses[0].error_code;
            let mut told: Vec<_> = told
                .responses
                .iter()
                .map(|topic| (topic.topic_id, topic.name.clone(), code(topic)))
                .collect();
            let mut expected: Vec<_> = asked
                .topic_data
                .iter()
                .zip(topics)
                .map(|(topic, (id, _))| (topic.topic_id, topic.name.clone(), refusal(version, id)))
                .collect();
            told.sort();
            expected.sort();
            assert_eq!(told, expected, "version {version}");
        }
    }
}

/// What is answered to records for a topic: the namespace's names all have a prefix, so that another's is one that isn't there.
fn refusal(version: i16, id: u128) -> i16 {
    match (OWN.contains(&id), version) {
        (true, _) => 0,
        (false, BY_ID) => UNKNOWN_TOPIC_ID,
        (false, _) => UNKNOWN_TOPIC_OR_PARTITION,
    }
}
