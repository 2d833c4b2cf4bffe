//! Topics that are made, grown and deleted: what the controller says, which isn't what brokers say of topics.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{Operation, ResourceType};

use super::{allow, deny, gateway};
use crate::support::message::{ints, texts, values};
use crate::support::{Fate, Gateway, answering, asking, int, null, text};

const SEEN_ID: Value = Value::Uuid([2; 16]);
const SECRET_ID: Value = Value::Uuid([3; 16]);
const UNKNOWN_ID: Value = Value::Uuid([4; 16]);

const BOTH: [(ApiKey, i16, &str); 2] = [
    (ApiKey::CREATE_TOPICS, 7, "Topics"),
    (ApiKey::CREATE_PARTITIONS, 3, "Results"),
];

#[test]
fn a_topic_that_is_not_the_clients_to_make_or_to_grow_is_denied_in_the_controllers_words() {
    let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Read], "*")]);
    for ((key, version, answers), words) in BOTH.into_iter().zip([text("Authorization failed."), null()]) {
        let asked = asking(key, version, &[("Topics.0.Name", text("orders"))]);
        let seen = gateway.local(key, version, &asked);
        assert_eq!(ints(&seen, &format!("{answers}.*.ErrorCode")), [29]);
        assert_eq!(values(&seen, &format!("{answers}.*.ErrorMessage")), [&words]);
    }
}

#[test]
fn a_topic_that_is_named_twice_is_the_controllers_to_refuse() {
    let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Read], "*")]);
    for (key, version, _) in BOTH {
        let names = [
            ("Topics.0.Name", text("orders")),
            ("Topics.1.Name", text("audit")),
            ("Topics.2.Name", text("orders")),
        ];
        let (sent, _) = gateway.forward(key, version, &asking(key, version, &names));
        assert_eq!(texts(&sent, "Topics.*.Name"), ["orders", "orders"]);
    }
}

#[test]
fn who_may_do_anything_with_the_cluster_may_delete_any_topic() {
    let gateway = gateway(vec![allow(ResourceType::Cluster, &Operation::ALL, "*")]);
    let asked = asking(ApiKey::DELETE_TOPICS, 6, &[("Topics.0.Name", text("orders"))]);
    let (sent, _) = gateway.forward(ApiKey::DELETE_TOPICS, 6, &asked);
    assert_eq!(sent, asked);
}

#[test]
fn who_may_describe_a_topic_and_not_delete_it_is_told_whether_it_is_there() {
    let gateway = seen_and_own();
    let names = ["seen", "seen-not-there", "secret"].map(text).to_vec();
    let topics = asking(
        ApiKey::DELETE_TOPICS,
        6,
        &[
            ("Topics.0.Name", text("seen")),
            ("Topics.1.Name", text("seen-not-there")),
            ("Topics.2.Name", text("secret")),
        ],
    );
    let older = asking(ApiKey::DELETE_TOPICS, 5, &[("TopicNames", Value::Array(names))]);
    for (version, asked) in [(6, topics), (5, older)] {
        let Fate::Waits(request, asking) = gateway.ask(ApiKey::DELETE_TOPICS, version, &asked) else {
            panic!("nothing is asked first")
        };
        let mut question = asking.question();
        let question = Struct::read(&question.api.request, 12, &question.body_bytes()).unwrap();
        assert_eq!(texts(&question, "Topics.*.Name"), ["seen", "seen-not-there"]);
        let there = answering(
            ApiKey::METADATA,
            12,
            &[
                ("Topics.0.Name", text("seen")),
                ("Topics.0.TopicId", SEEN_ID),
                ("Topics.1.Name", text("seen-not-there")),
                ("Topics.1.ErrorCode", int(3)),
            ],
        );
        let Fate::Answered(seen) = gateway.resume(request, asking, &there) else {
            panic!("it is not answered")
        };
        assert_eq!(texts(&seen, "Responses.*.Name"), ["seen", "secret", "seen-not-there"]);
        assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [29, 29, 3]);
    }
}

#[test]
fn who_may_describe_a_topic_and_not_delete_it_is_told_what_its_id_names() {
    let asked = asking(
        ApiKey::DELETE_TOPICS,
        6,
        &[
            ("Topics.0.Name", null()),
            ("Topics.0.TopicId", SEEN_ID),
            ("Topics.1.Name", null()),
            ("Topics.1.TopicId", SECRET_ID),
            ("Topics.2.Name", null()),
            ("Topics.2.TopicId", UNKNOWN_ID),
        ],
    );
    let topics = [(SEEN_ID, "seen"), (SECRET_ID, "secret")];
    let Fate::Answered(seen) = seen_and_own().ask_one_with(&topics, ApiKey::DELETE_TOPICS, 6, &asked) else {
        panic!("it is not answered")
    };
    assert_eq!(values(&seen, "Responses.*.Name"), [&text("seen"), &null(), &null()]);
    assert_eq!(
        values(&seen, "Responses.*.TopicId"),
        [&SEEN_ID, &SECRET_ID, &UNKNOWN_ID]
    );
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [29, 29, 100]);
    let denied = "Topic authorization failed.";
    let unknown = "This server does not host this topic ID.";
    assert_eq!(texts(&seen, "Responses.*.ErrorMessage"), [denied, denied, unknown]);
}

#[test]
fn what_a_client_may_delete_and_not_describe_it_deletes_by_its_id_alone() {
    let gateway = gateway(vec![
        allow(ResourceType::Topic, &[Operation::Delete], "*"),
        deny(ResourceType::Topic, &[Operation::Describe], "secret"),
    ]);
    let asked = asking(
        ApiKey::DELETE_TOPICS,
        6,
        &[
            ("Topics.0.Name", text("secret")),
            ("Topics.1.Name", text("orders")),
            ("Topics.2.Name", null()),
            ("Topics.2.TopicId", SECRET_ID),
        ],
    );
    let topics = [(SECRET_ID, "secret")];
    let Fate::Forwarded(sent, pending) = gateway.ask_one_with(&topics, ApiKey::DELETE_TOPICS, 6, &asked) else {
        panic!("it is not forwarded")
    };
    assert_eq!(values(&sent, "Topics.*.Name"), [&text("orders"), &null()]);
    let seen = gateway.answer(
        ApiKey::DELETE_TOPICS,
        6,
        pending,
        &answering(ApiKey::DELETE_TOPICS, 6, &[]),
    );
    assert_eq!(texts(&seen, "Responses.*.Name"), ["secret"]);
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [29]);
}

fn seen_and_own() -> Gateway {
    gateway(vec![
        allow(ResourceType::Topic, &[Operation::Delete], "orders"),
        allow(ResourceType::Topic, &[Operation::Describe], "seen*"),
    ])
}
