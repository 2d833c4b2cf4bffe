//! Requests that wait until the broker has said whose topic ids they name.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{GroupId, HeartbeatRequest, MetadataRequest, MetadataResponse, ProduceRequest};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use keg_policy::{Mode, Namespace};
use keg_proxy::Limits;
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::PATIENCE;
use crate::support::client::Client;
use crate::support::gateway::{Team, backend, cluster};
use crate::support::logs::Logs;
use crate::support::samples::{produce, produce_error, topic};
use crate::support::scripted::{Link, Scripted, correlation_id, response};

/// The first version of Produce that has topic ids in the place of names.
const PRODUCE: i16 = 13;
const HEARTBEAT: i16 = 4;
const METADATA: i16 = 12;

/// What the client says, and what comes to the broker.
struct Rig {
    team: Team,
    client: Client,
    broker: Scripted,
    link: Link,
}

/// A client of a namespace that has sent a Produce request, of which the broker is asked first.
async fn asked(limits: &Limits, id: Uuid, acks: i16) -> (Rig, i32) {
    let mut broker = Scripted::start().await;
    let namespace = Namespace::new(Mode::HidePrefix, "team.");
    let cluster = cluster("team", &backend(&[broker.address]), vec![Arc::new(namespace)]);
    let team = Team::new(&cluster, limits);
    let stream = TcpStream::connect(team.bootstrap()).await.unwrap();
    // Closing resets.
    stream.set_zero_linger().unwrap();
    let mut client = Client::over(stream);
    let sent = client.send(PRODUCE, &by_id(id).with_acks(acks)).await;
    let link = broker.accept().await;
    let rig = Rig {
        team,
        client,
        broker,
        link,
    };
    (rig, sent)
}

fn by_id(id: Uuid) -> ProduceRequest {
    let mut request = produce(0, "a");
    request.topic_data[0].topic_id = id;
    request
}

fn heartbeat() -> HeartbeatRequest {
    HeartbeatRequest::default().with_group_id(GroupId(StrBytes::from_static_str("workers")))
}

impl Rig {
    /// The broker's next request, which is of this API and version; what it is called.
    async fn request(&mut self, api: i16, version: i16) -> (i32, Bytes) {
        let request = self.link.request().await.expect("a request");
        let number = |at: usize| i16::from_be_bytes([request[at], request[at + 1]]);
        assert_eq!((number(0), number(2)), (api, version));
        (correlation_id(&request), request)
    }

    /// Reads the question, which is for this id.
    async fn question(&mut self, id: Uuid) -> i32 {
        let (question, request) = self.request(3, METADATA).await;
        let mut body = request.slice(4 + 4 + 2 + "test".len() + 1..);
        let asked = MetadataRequest::decode(&mut body, METADATA).unwrap();
        let ids: Vec<Uuid> = asked.topics.unwrap().iter().map(|topic| topic.topic_id).collect();
        assert_eq!((ids, asked.allow_auto_topic_creation), (vec![id], false));
        question
    }

    /// Answers the question: the topic has this name, or there is none.
    async fn tell(&mut self, question: i32, id: Uuid, name: Option<&str>) {
        let topic = MetadataResponseTopic::default()
            .with_topic_id(id)
            .with_error_code(if name.is_some() { 0 } else { 100 })
            .with_name(name.map(topic));
        let mut out = BytesMut::from(&b"\0"[..]);
        MetadataResponse::default()
            .with_cluster_id(Some(StrBytes::from_static_str("cluster")))
            .with_topics(vec![topic])
            .encode(&mut out, METADATA)
            .unwrap();
        self.link.write(&response(question, &out)).await;
    }

    async fn answer_produce(&mut self, id: i32) {
        // No tags of the header; no topics, not throttled, no tags.
        self.link.write(&response(id, &[0, 1, 0, 0, 0, 0, 0])).await;
    }

    async fn answer_heartbeat(&mut self, id: i32) {
        self.link.write(&response(id, &[0; 8])).await;
    }

    /// Nothing more comes to the broker for now.
    async fn is_quiet(&mut self) -> bool {
        timeout(Duration::from_millis(50), self.link.stream.peek(&mut [0]))
            .await
            .is_err()
    }
}

#[tokio::test]
async fn what_was_sent_behind_an_unknown_topic_id_comes_behind_it() {
    let id = Uuid::from_u128(7);
    let (mut rig, sent) = asked(&Limits::default(), id, -1).await;
    let heartbeats = [
        rig.client.send(HEARTBEAT, &heartbeat()).await,
        rig.client.send(HEARTBEAT, &heartbeat()).await,
    ];
    let question = rig.question(id).await;
    assert!(rig.is_quiet().await, "all of it waits");
    rig.tell(question, id, Some("team.orders")).await;
    let (produce, _) = rig.request(0, PRODUCE).await;
    let (first, _) = rig.request(12, HEARTBEAT).await;
    let (second, _) = rig.request(12, HEARTBEAT).await;
    rig.answer_produce(produce).await;
    rig.answer_heartbeat(first).await;
    rig.answer_heartbeat(second).await;
    assert_eq!(rig.client.receive::<ProduceRequest>(PRODUCE).await.0, sent);
    for heartbeat in heartbeats {
        assert_eq!(rig.client.receive::<HeartbeatRequest>(HEARTBEAT).await.0, heartbeat);
    }
    // It is known now.
    rig.client.send(PRODUCE, &by_id(id)).await;
    rig.request(0, PRODUCE).await;
}

#[tokio::test]
async fn an_id_that_the_namespace_does_not_have_is_answered_in_its_turn() {
    for name in [None, Some("other.orders")] {
        let id = Uuid::from_u128(7);
        let (mut rig, sent) = asked(&Limits::default(), id, -1).await;
        let behind = rig.client.send(HEARTBEAT, &heartbeat()).await;
        let question = rig.question(id).await;
        rig.tell(question, id, name).await;
        let (heartbeat, _) = rig.request(12, HEARTBEAT).await;
        rig.answer_heartbeat(heartbeat).await;
        let (answered, refused) = rig.client.receive::<ProduceRequest>(PRODUCE).await;
        assert_eq!((answered, produce_error(&refused)), (sent, 100));
        assert_eq!(rig.client.receive::<HeartbeatRequest>(HEARTBEAT).await.0, behind);
    }
}

#[tokio::test]
async fn a_produce_without_acks_waits_for_the_question_and_for_nothing_after_it() {
    let id = Uuid::from_u128(7);
    let (mut rig, _) = asked(&Limits::default(), id, 0).await;
    let behind = rig.client.send(HEARTBEAT, &heartbeat()).await;
    let question = rig.question(id).await;
    rig.tell(question, id, Some("team.orders")).await;
    rig.request(0, PRODUCE).await;
    let (heartbeat, _) = rig.request(12, HEARTBEAT).await;
    rig.answer_heartbeat(heartbeat).await;
    assert_eq!(rig.client.receive::<HeartbeatRequest>(HEARTBEAT).await.0, behind);
}

#[tokio::test]
async fn a_produce_without_acks_to_an_id_of_nobody_costs_the_connection() {
    let id = Uuid::from_u128(7);
    let (mut rig, _) = asked(&Limits::default(), id, 0).await;
    rig.client.send(HEARTBEAT, &heartbeat()).await;
    let question = rig.question(id).await;
    rig.tell(question, id, None).await;
    // As a broker does: there is nothing else that could tell the producer.
    assert_eq!(rig.client.rest().await, b"");
    assert_eq!(rig.link.request().await, None);
}

#[tokio::test]
async fn a_produce_without_acks_under_a_long_transactional_id_has_no_reply() {
    let mut broker = Scripted::start().await;
    let namespace = Namespace::new(Mode::HidePrefix, "team.");
    let cluster = cluster("team", &backend(&[broker.address]), vec![Arc::new(namespace)]);
    let team = Team::new(&cluster, &Limits::default());
    let mut client = team.client().await;
    // So long that it is passed on in a piece of its own.
    let long = StrBytes::from_string("x".repeat(20_000));
    let request = produce(0, "a").with_acks(0).with_transactional_id(Some(long.into()));
    client.send(9, &request).await;
    let behind = client.send(HEARTBEAT, &heartbeat()).await;
    let mut link = broker.accept().await;
    let produced = link.request().await.unwrap();
    assert!(produced.windows(6).any(|it| it == b"team.x"));
    let heartbeat = correlation_id(&link.request().await.unwrap());
    link.write(&response(heartbeat, &[0; 8])).await;
    assert_eq!(client.receive::<HeartbeatRequest>(HEARTBEAT).await.0, behind);
}

#[tokio::test]
async fn a_broker_that_never_answers_the_question_is_left_after_a_while() {
    let logs = Logs::capture();
    let limits = Limits {
        max_response_wait: Duration::from_millis(100),
        ..Limits::default()
    };
    let id = Uuid::from_u128(7);
    let (mut rig, _) = asked(&limits, id, -1).await;
    rig.client.send(HEARTBEAT, &heartbeat()).await;
    rig.question(id).await;
    assert_eq!(rig.client.rest().await, b"");
    assert_eq!(rig.link.request().await, None, "nothing of what waited was sent");
    drop(rig.client);
    rig.team.is_empty().await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the broker has not answered for"), "{lines:?}");
}

#[tokio::test]
async fn a_drain_lets_the_request_that_waits_be_sent_and_answered() {
    let id = Uuid::from_u128(7);
    let (mut rig, sent) = asked(&Limits::default(), id, -1).await;
    let question = rig.question(id).await;
    rig.team.cluster.drain();
    rig.tell(question, id, Some("team.orders")).await;
    let (produce, _) = rig.request(0, PRODUCE).await;
    rig.answer_produce(produce).await;
    assert_eq!(rig.client.receive::<ProduceRequest>(PRODUCE).await.0, sent);
    assert_eq!(rig.client.rest().await, b"");
    drop(rig.client);
    rig.team.is_empty().await;
}

#[tokio::test]
async fn a_client_that_closes_its_side_while_it_waits_gets_its_reply() {
    let id = Uuid::from_u128(7);
    let (mut rig, sent) = asked(&Limits::default(), id, -1).await;
    let question = rig.question(id).await;
    rig.client.finish().await;
    rig.tell(question, id, Some("team.orders")).await;
    let (produce, _) = rig.request(0, PRODUCE).await;
    rig.answer_produce(produce).await;
    assert_eq!(rig.client.receive::<ProduceRequest>(PRODUCE).await.0, sent);
    assert_eq!(rig.client.frame().await, None);
    rig.team.is_empty().await;
}

#[tokio::test]
async fn a_client_that_goes_away_while_it_waits_takes_its_request_along() {
    let id = Uuid::from_u128(7);
    let (mut rig, _) = asked(&Limits::default(), id, -1).await;
    rig.question(id).await;
    drop(rig.client);
    assert_eq!(rig.link.request().await, None);
    rig.team.is_empty().await;
}

#[tokio::test]
async fn a_broker_that_closes_while_it_is_asked_costs_the_connection() {
    let logs = Logs::capture();
    let id = Uuid::from_u128(7);
    let (mut rig, _) = asked(&Limits::default(), id, -1).await;
    rig.client.send(HEARTBEAT, &heartbeat()).await;
    rig.question(id).await;
    drop(rig.link);
    assert_eq!(timeout(PATIENCE, rig.client.rest()).await.unwrap(), b"");
    drop(rig.client);
    rig.team.is_empty().await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the broker closed the connection"), "{lines:?}");
    drop(rig.broker);
}

#[tokio::test]
async fn an_answer_that_is_nonsense_tells_nothing() {
    let id = Uuid::from_u128(7);
    let (mut rig, sent) = asked(&Limits::default(), id, -1).await;
    let question = rig.question(id).await;
    rig.link.write(&response(question, b"\0\xff\xff\xff\xff")).await;
    // What can't be read tells nothing: the id stays unknown.
    let (answered, refused) = rig.client.receive::<ProduceRequest>(PRODUCE).await;
    assert_eq!((answered, produce_error(&refused)), (sent, 100));
    assert!(rig.is_quiet().await);
}
