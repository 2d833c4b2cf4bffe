//! What is told of topics where one is denied.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{Operation, ResourceType};

use super::{allow, gateway};
use crate::support::message::{ints, texts, values};
use crate::support::{Fate, Gateway, answering, asking, int, null, text};

const OWN_ID: Value = Value::Uuid([7; 16]);

fn orders_alone() -> Gateway {
    gateway(vec![
        allow(ResourceType::Topic, &[Operation::Read, Operation::Write], "orders"),
        allow(ResourceType::Group, &[Operation::Read], "*"),
        allow(ResourceType::TransactionalId, &[Operation::Write], "*"),
    ])
}

/// What becomes of it once the broker has said that it has this topic, with one partition.
fn told_of(gateway: &Gateway, key: ApiKey, version: i16, asked: &Struct, topic: &str) -> Fate {
    let Fate::Waits(request, asking) = gateway.ask(key, version, asked) else {
        panic!("{key:?} isn't asked about first");
    };
    let there = answering(
        ApiKey::METADATA,
        12,
        &[
            ("Topics.0.Name", text(topic)),
            ("Topics.0.TopicId", OWN_ID),
            ("Topics.0.Partitions.0.PartitionIndex", int(0)),
        ],
    );
    gateway.resume(request, asking, &there)
}

#[test]
fn of_partitions_that_arent_there_it_is_said_beside_a_denied_topic() {
    let asked = asking(
        ApiKey::ADD_PARTITIONS_TO_TXN,
        3,
        &[
            ("V3AndBelowTransactionalId", text("tx")),
            ("V3AndBelowTopics.0.Name", text("orders")),
            ("V3AndBelowTopics.0.Partitions.0", int(0)),
            ("V3AndBelowTopics.0.Partitions.1", int(1)),
            ("V3AndBelowTopics.0.Partitions.2", int(-1)),
            ("V3AndBelowTopics.1.Name", text("secret")),
            ("V3AndBelowTopics.1.Partitions.0", int(7)),
        ],
    );
    let fate = told_of(&orders_alone(), ApiKey::ADD_PARTITIONS_TO_TXN, 3, &asked, "orders");
    let Fate::Answered(seen) = fate else {
        panic!("it isn't answered: {fate:?}")
    };
    let partitions = "ResultsByTopicV3AndBelow.*.ResultsByPartition.*";
    assert_eq!(ints(&seen, &format!("{partitions}.PartitionIndex")), [7, 0, 1, -1]);
    assert_eq!(ints(&seen, &format!("{partitions}.PartitionErrorCode")), [29, 55, 3, 3]);
}

#[test]
fn the_id_of_a_denied_topic_whose_offsets_are_to_be_altered_is_told() {
    let asked = asking(
        ApiKey::ALTER_SHARE_GROUP_OFFSETS,
        0,
        &[
            ("GroupId", text("g")),
            ("Topics.0.TopicName", text("secret")),
            ("Topics.0.Partitions.0.PartitionIndex", int(0)),
        ],
    );
    let key = ApiKey::ALTER_SHARE_GROUP_OFFSETS;
    let gateway = orders_alone();
    // The broker is asked nevertheless: the group may be one that has members.
    for (code, told) in [(0, &[29][..]), (68, &[])] {
        let Fate::Forwarded(sent, pending) = told_of(&gateway, key, 0, &asked, "secret") else {
            panic!("it doesn't go on")
        };
        assert!(values(&sent, "Topics.*.TopicName").is_empty());
        let seen = gateway.answer(key, 0, pending, &answering(key, 0, &[("ErrorCode", int(code))]));
        assert_eq!(ints(&seen, "ErrorCode"), [code]);
        assert_eq!(ints(&seen, "Responses.*.Partitions.*.ErrorCode"), told);
        assert_eq!(values(&seen, "Responses.*.TopicId"), vec![&OWN_ID; told.len()]);
    }
}

#[test]
fn a_request_of_which_nothing_is_denied_waits_for_nothing() {
    let asked = asking(
        ApiKey::ADD_PARTITIONS_TO_TXN,
        3,
        &[
            ("V3AndBelowTransactionalId", text("tx")),
            ("V3AndBelowTopics.0.Name", text("orders")),
        ],
    );
    let (sent, _) = orders_alone().forward(ApiKey::ADD_PARTITIONS_TO_TXN, 3, &asked);
    assert_eq!(sent, asked);
}

#[test]
fn a_denied_topic_that_metadata_names_twice_is_told_once() {
    let gateway = orders_alone();
    let asked = asking(
        ApiKey::METADATA,
        9,
        &[
            ("Topics.0.Name", text("secret")),
            ("Topics.1.Name", text("secret")),
            ("Topics.2.Name", text("hidden")),
        ],
    );
    let (_, pending) = gateway.forward(ApiKey::METADATA, 9, &asked);
    let seen = gateway.answer(ApiKey::METADATA, 9, pending, &answering(ApiKey::METADATA, 9, &[]));
    assert_eq!(texts(&seen, "Topics.*.Name"), ["secret", "hidden"]);
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [29, 29]);
}

#[test]
fn beside_ids_metadata_is_not_asked_about_names_and_gives_the_nodes_where_no_id_is_known() {
    let gateway = orders_alone();
    let asked = asking(
        ApiKey::METADATA,
        12,
        &[
            ("Topics.0.Name", text("orders")),
            ("Topics.1.TopicId", Value::Uuid([9; 16])),
            ("Topics.1.Name", text("whatever")),
            ("Topics.2.Name", text("secret")),
            // The same again.
            ("Topics.3.TopicId", Value::Uuid([9; 16])),
            ("Topics.3.Name", null()),
        ],
    );
    let Fate::Waits(request, asking) = gateway.ask(ApiKey::METADATA, 12, &asked) else {
        panic!("the id isn't looked up");
    };
    let Fate::Forwarded(sent, pending) = gateway.resume(request, asking, &answering(ApiKey::METADATA, 12, &[])) else {
        panic!("the nodes aren't asked for");
    };
    assert!(values(&sent, "Topics.*.Name").is_empty());
    let seen = gateway.answer(ApiKey::METADATA, 12, pending, &answering(ApiKey::METADATA, 12, &[]));
    assert_eq!(values(&seen, "Topics.*.TopicId"), [&Value::Uuid([9; 16])]);
    assert_eq!(values(&seen, "Topics.*.Name"), [&Value::Null]);
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [100]);
}
