//! Sessions, whose topics are named once.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{Operation, ResourceType};

use super::{allow, gateway};
use crate::support::message::{ints, texts, values};
use crate::support::{Gateway, answering, asking, int, text};

fn fetch(session: i64, epoch: i64, topics: &[&str]) -> Struct {
    let mut asked = asking(
        ApiKey::FETCH,
        12,
        &[
            ("ReplicaId", int(-1)),
            ("SessionId", int(session)),
            ("SessionEpoch", int(epoch)),
        ],
    );
    let topics = topics.iter().map(|name| {
        let mut topic = asked.nested("Topics", 12).unwrap();
        topic.set("Topic", text(name));
        let mut partition = topic.nested("Partitions", 12).unwrap();
        partition.set("Partition", int(0));
        topic.set("Partitions", Value::Array(vec![Value::Struct(partition)]));
        Value::Struct(topic)
    });
    let topics = topics.collect();
    asked.set("Topics", Value::Array(topics));
    asked
}

fn read(topics: &str) -> keg_policy::AclRule {
    allow(ResourceType::Topic, &[Operation::Read], topics)
}

/// Begins a session of this number.
fn begin(gateway: &Gateway, session: i64, topics: &[&str]) {
    let answer = answering(ApiKey::FETCH, 12, &[("SessionId", int(session))]);
    let seen = gateway.exchange(ApiKey::FETCH, 12, &fetch(0, 0, topics), &answer);
    assert_eq!(ints(&seen, "SessionId"), [session]);
}

#[test]
fn a_session_goes_on_until_a_rule_that_allowed_one_of_its_topics_is_gone() {
    let mut gateway = gateway(vec![read("orders*"), read("audit")]);
    begin(&gateway, 7, &["orders", "audit"]);
    gateway.forward(ApiKey::FETCH, 12, &fetch(7, 1, &[]));
    gateway.forward(ApiKey::FETCH, 12, &fetch(7, 2, &["orders-2"]));
    // The rules are others, and still allow all of it.
    gateway.set_rules(vec![read("*")]);
    gateway.forward(ApiKey::FETCH, 12, &fetch(7, 3, &[]));
    gateway.set_rules(vec![read("orders*")]);
    let seen = gateway.local(ApiKey::FETCH, 12, &fetch(7, 4, &[]));
    assert_eq!(ints(&seen, "ErrorCode"), [70]);
    // The client begins anew with all its topics, of which one is denied; and has no session for that.
    let (sent, pending) = gateway.forward(ApiKey::FETCH, 12, &fetch(0, 0, &["orders", "audit"]));
    assert_eq!(texts(&sent, "Topics.*.Topic"), ["orders"]);
    assert_eq!(ints(&sent, "SessionEpoch"), [-1]);
    let answer = answering(ApiKey::FETCH, 12, &[("Responses.0.Topic", text("orders"))]);
    let seen = gateway.answer(ApiKey::FETCH, 12, pending, &answer);
    assert_eq!(texts(&seen, "Responses.*.Topic"), ["orders", "audit"]);
    assert_eq!(ints(&seen, "Responses.*.Partitions.*.ErrorCode"), [29]);
}

#[test]
fn a_topic_that_is_denied_does_not_come_into_a_session() {
    let gateway = gateway(vec![read("orders")]);
    begin(&gateway, 7, &["orders"]);
    let seen = gateway.local(ApiKey::FETCH, 12, &fetch(7, 1, &["secret"]));
    assert_eq!(ints(&seen, "ErrorCode"), [70]);
    let seen = gateway.local(ApiKey::FETCH, 12, &fetch(8, 1, &[]));
    assert_eq!(ints(&seen, "ErrorCode"), [70], "it was never given");
}

#[test]
fn a_share_session_goes_on_as_long() {
    let group = allow(ResourceType::Group, &[Operation::Read], "mine");
    let mut gateway = gateway(vec![group.clone(), read("*")]);
    let id = Value::Uuid([1; 16]);
    let share = |epoch, ids: &[&Value]| {
        let mut asked = asking(
            ApiKey::SHARE_FETCH,
            1,
            &[
                ("GroupId", text("mine")),
                ("MemberId", text("me")),
                ("ShareSessionEpoch", int(epoch)),
            ],
        );
        let topics = ids.iter().map(|id| {
            let mut topic = asked.nested("Topics", 1).unwrap();
            topic.set("TopicId", (*id).clone());
            Value::Struct(topic)
        });
        let topics = topics.collect();
        asked.set("Topics", Value::Array(topics));
        asked
    };
    gateway.ask_one_with(&[(id.clone(), "orders")], ApiKey::SHARE_FETCH, 1, &share(0, &[&id]));
    let (sent, _) = gateway.forward(ApiKey::SHARE_FETCH, 1, &share(1, &[]));
    assert!(values(&sent, "Topics.*").is_empty());
    gateway.set_rules(vec![group, read("audit")]);
    let seen = gateway.local(ApiKey::SHARE_FETCH, 1, &share(2, &[]));
    assert_eq!(ints(&seen, "ErrorCode"), [122]);
}
