//! What is told of decisions on requests that wait.

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::{Operation, ResourceType};

use super::{Decisions, allow, observed};
use crate::support::{Fate, answering, api, asking, int, null, text};

const ORDERS: Value = Value::Uuid([1; 16]);
const SECRET: Value = Value::Uuid([2; 16]);

fn told(decisions: &Decisions) -> Vec<String> {
    std::mem::take(&mut *decisions.0.lock().unwrap())
}

#[test]
fn decisions_on_a_request_with_bytes_behind_it_are_told_once() {
    let (gateway, decisions) = observed(vec![allow(ResourceType::Group, &[Operation::Read], "readers")]);
    let (key, version) = (ApiKey::HEARTBEAT, 3);
    for (group, told_of_it) in [
        ("readers", "allowed read group readers: rule 0 of the policy `rules`"),
        ("others", "denied read group others: no rule"),
    ] {
        let asked = asking(key, version, &[("GroupId", text(group))]);
        let mut body = asked.write(&api(key).request, version).unwrap();
        body.extend([9, 9]);
        let fate = gateway.ask_bytes(key, version, body);
        assert!(matches!(fate, Fate::Forwarded(..) | Fate::Answered(_)), "{fate:?}");
        assert_eq!(told(&decisions), [format!("User:ANONYMOUS {told_of_it}")]);
    }
}

#[test]
fn decisions_on_a_request_that_waits_for_names_are_told_once() {
    let (gateway, decisions) = observed(vec![
        allow(ResourceType::Topic, &[Operation::Read], "orders"),
        allow(ResourceType::Group, &[Operation::Read], "readers"),
    ]);
    let key = ApiKey::OFFSET_COMMIT;
    let asked = asking(
        key,
        10,
        &[
            ("GroupId", text("readers")),
            ("Topics.0.TopicId", SECRET),
            ("Topics.1.TopicId", ORDERS),
        ],
    );
    let topics = [(ORDERS, "orders"), (SECRET, "secret")];
    let all = [
        "User:ANONYMOUS allowed read group readers: rule 1 of the policy `rules`",
        "User:ANONYMOUS denied read topic secret: no rule",
        "User:ANONYMOUS allowed read topic orders: rule 0 of the policy `rules`",
    ];
    for _ in 0..2 {
        let fate = gateway.ask_one_with(&topics, key, 10, &asked);
        assert!(matches!(fate, Fate::Forwarded(..)), "{fate:?}");
        assert_eq!(told(&decisions), all);
    }
}

#[test]
fn decisions_on_a_request_that_waits_twice_are_told_once() {
    let (gateway, decisions) = observed(vec![
        allow(ResourceType::Topic, &[Operation::Describe], "seen"),
        allow(ResourceType::Topic, &[Operation::Delete], "orders"),
    ]);
    let key = ApiKey::DELETE_TOPICS;
    let asked = asking(
        key,
        6,
        &[
            ("Topics.0.Name", text("seen")),
            ("Topics.1.Name", null()),
            ("Topics.1.TopicId", SECRET),
        ],
    );
    let fate = gateway.ask_one_with(&[(SECRET, "secret")], key, 6, &asked);
    let Fate::Waits(request, asking) = fate else {
        panic!("it isn't asked whether the topic is there: {fate:?}")
    };
    let none = answering(
        ApiKey::METADATA,
        12,
        &[("Topics.0.Name", text("seen")), ("Topics.0.ErrorCode", int(3))],
    );
    let fate = gateway.resume(request, asking, &none);
    assert!(matches!(fate, Fate::Answered(_)), "{fate:?}");
    let all = [
        "User:ANONYMOUS denied delete topic seen: no rule",
        "User:ANONYMOUS denied delete topic secret: no rule",
    ];
    assert_eq!(told(&decisions), all);
}

#[test]
fn decisions_on_a_request_that_has_topics_made_first_are_told_once() {
    let (gateway, decisions) = observed(vec![
        allow(ResourceType::Topic, &[Operation::Describe], "*"),
        allow(ResourceType::Topic, &[Operation::Create], "orders"),
    ]);
    let key = ApiKey::METADATA;
    let asked = asking(
        key,
        9,
        &[
            ("AllowAutoTopicCreation", int(1)),
            ("Topics.0.Name", text("orders")),
            ("Topics.1.Name", text("seen")),
        ],
    );
    let Fate::Waits(request, asking) = gateway.ask(key, 9, &asked) else {
        panic!("the topic isn't made first")
    };
    let fate = gateway.resume(request, asking, &answering(key, 9, &[]));
    assert!(matches!(fate, Fate::Forwarded(..)), "{fate:?}");
    assert_eq!(told(&decisions).len(), 2);
}

#[test]
fn decisions_on_a_walk_over_all_topics_are_told_when_the_topics_are_known() {
    let (gateway, decisions) = observed(vec![allow(ResourceType::Topic, &[Operation::Describe], "orders")]);
    let key = ApiKey::DESCRIBE_TOPIC_PARTITIONS;
    let Fate::Waits(request, asking) = gateway.ask(key, 0, &asking(key, 0, &[])) else {
        panic!("the topics aren't asked for")
    };
    assert!(told(&decisions).is_empty());
    let there = answering(
        ApiKey::METADATA,
        12,
        &[("Topics.0.Name", text("orders")), ("Topics.0.TopicId", ORDERS)],
    );
    let fate = gateway.resume(request, asking, &there);
    assert!(matches!(fate, Fate::Forwarded(..)), "{fate:?}");
    assert_eq!(
        told(&decisions),
        ["User:ANONYMOUS allowed describe topic orders: rule 0 of the policy `rules`"]
    );
}
