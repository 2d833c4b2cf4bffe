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

const VERSION: i16 = 13;
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
            .with_name(Some(topic(&format!("team.topic-{id}"))))
            .with_topic_id(Id::from_u128(id))
    });
    let told = MetadataResponse::default().with_topics(topics.to_vec());
    let asked = link.request().await.unwrap();
    link.write(&answer(&asked, METADATA, &told)).await;
    client.receive::<MetadataRequest>(METADATA).await;
    (team, client, link)
}

/// The response to a request, as a frame.
fn answer(request: &[u8], version: i16, answer: &impl Encodable) -> Bytes {
    let mut out = BytesMut::new();
    let header = ResponseHeader::default().with_correlation_id(correlation_id(request));
    header.encode(&mut out, 1).unwrap();
    answer.encode(&mut out, version).unwrap();
    framed(&out)
}

/// A request of topics of these ids, each with so many bytes of records.
fn produce(topics: &[(u128, usize)]) -> ProduceRequest {
    let topics = topics.iter().map(|(id, size)| {
        let records = Bytes::from(vec![u8::try_from(*id).unwrap(); *size]);
        let partition = PartitionProduceData::default().with_records(Some(records));
        TopicProduceData::default()
            .with_topic_id(Id::from_u128(*id))
            .with_partition_data(vec![partition])
    });
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(1_000)
        .with_topic_data(topics.collect())
}

/// What a broker gets, and what it answers, which has the client's topics and the other.
fn serve(frame: &[u8]) -> (ProduceRequest, Bytes) {
    let mut body = Bytes::copy_from_slice(frame);
    RequestHeader::decode(&mut body, 2).unwrap();
    let request = ProduceRequest::decode(&mut body, VERSION).unwrap();
    assert!(body.is_empty());
    let told = request.topic_data.iter().map(|topic| {
        let is_there = (OWN[0]..=OTHER).contains(&topic.topic_id.as_u128());
        let code = if is_there { 0 } else { UNKNOWN_TOPIC_ID };
        TopicProduceResponse::default()
            .with_topic_id(topic.topic_id)
            .with_partition_responses(vec![PartitionProduceResponse::default().with_error_code(code)])
    });
    let told = ProduceResponse::default().with_responses(told.collect());
    (request, answer(frame, VERSION, &told))
}

#[tokio::test]
async fn topics_go_on_before_the_last_has_come_and_one_that_is_refused_is_told_as_its_own() {
    let mut broker = Scripted::start().await;
    let (_team, mut client, mut link) = connected(&mut broker).await;
    // The first of several topics comes whole, in case that something is to be asked.
    client.send(VERSION, &produce(&[(1, 100_000), (2, 1)])).await;
    let (_, answer) = serve(&link.request().await.unwrap());
    link.write(&answer).await;
    client.receive::<ProduceRequest>(VERSION).await;
    for topics in [
        [(1, 400_000), (2, 300_000), (1, 5), (2, 600_000)],
        [(1, 400_000), (OTHER, 9), (2, 90_000), (OTHER, 700_000)],
    ] {
        let asked = produce(&topics);
        let frame = client.frame_of(VERSION, &asked);
        let (first, rest) = frame.split_at(frame.len() / 2);
        client.write(first).await;
        // What has come is with the broker, but for a few bytes.
        let mut seen = vec![0; first.len() - Passage::HELD_BACK];
        link.stream.read_exact(&mut seen).await.unwrap();
        let mut behind = vec![0; frame.len() - seen.len()];
        let (_, read) = tokio::join!(client.write(rest), link.stream.read_exact(&mut behind));
        read.unwrap();
        seen.extend(behind);
        let (seen, answer) = serve(&seen[4..]);
        for (seen, asked) in seen.topic_data.iter().zip(&asked.topic_data) {
            let is_own = OWN.contains(&asked.topic_id.as_u128());
            assert_eq!(seen.topic_id == asked.topic_id, is_own);
            assert_eq!(seen.partition_data, asked.partition_data);
        }
        link.write(&answer).await;
        let (_, told) = client.receive::<ProduceRequest>(VERSION).await;
        let code = |topic: &TopicProduceResponse| topic.partition_responses[0].error_code;
        let told = told
            .responses
            .iter()
            .map(|topic| (topic.topic_id.as_u128(), code(topic)));
        let code = |id| if id == OTHER { UNKNOWN_TOPIC_ID } else { 0 };
        let expected = topics.map(|(id, _)| (id, code(id)));
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
