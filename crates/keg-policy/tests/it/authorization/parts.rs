//! Requests of which a part is allowed.

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::{Operation, ResourceType};

use super::{allow, observed};
use crate::support::message::{ints, texts, values};
use crate::support::{Fate, answering, asking, int, null, text};

const OWN_ID: Value = Value::Uuid([1; 16]);
const OTHER_ID: Value = Value::Uuid([2; 16]);
const UNKNOWN_ID: Value = Value::Uuid([3; 16]);

#[test]
fn a_denied_topic_leaves_the_others_alone_and_both_are_told() {
    let (gateway, decisions) = observed(vec![allow(ResourceType::Topic, &[Operation::Write], "orders")]);
    let asked = asking(
        ApiKey::PRODUCE,
        9,
        &[
            ("Acks", int(-1)),
            ("TopicData.0.Name", text("orders")),
            ("TopicData.0.PartitionData.0.Index", int(0)),
            ("TopicData.1.Name", text("secret")),
            ("TopicData.1.PartitionData.0.Index", int(1)),
            ("TopicData.1.PartitionData.1.Index", int(2)),
        ],
    );
    let (sent, pending) = gateway.forward(ApiKey::PRODUCE, 9, &asked);
    assert_eq!(texts(&sent, "TopicData.*.Name"), ["orders"]);
    let answer = answering(
        ApiKey::PRODUCE,
        9,
        &[
            ("Responses.0.Name", text("orders")),
            ("Responses.0.PartitionResponses.0.Index", int(0)),
        ],
    );
    let seen = gateway.answer(ApiKey::PRODUCE, 9, pending, &answer);
    assert_eq!(texts(&seen, "Responses.*.Name"), ["orders", "secret"]);
    assert_eq!(ints(&seen, "Responses.*.PartitionResponses.*.Index"), [0, 1, 2]);
    assert_eq!(ints(&seen, "Responses.*.PartitionResponses.*.ErrorCode"), [0, 29, 29]);
    assert_eq!(
        *decisions.0.lock().unwrap(),
        [
            "User:ANONYMOUS allowed write topic orders: rule 0 of the policy `rules`",
            "User:ANONYMOUS denied write topic secret: no rule",
        ]
    );
}

#[test]
fn a_topic_id_is_its_topic_and_one_that_is_unknown_is_looked_up_once() {
    let (gateway, _) = observed(vec![allow(ResourceType::Topic, &[Operation::Write], "orders")]);
    let produce = |id: Value| {
        asking(
            ApiKey::PRODUCE,
            13,
            &[
                ("Acks", int(-1)),
                ("TopicData.0.TopicId", id),
                ("TopicData.0.PartitionData.0.Index", int(0)),
            ],
        )
    };
    let topics = [(OWN_ID, "orders"), (OTHER_ID, "secret")];
    for (id, expected) in [(OTHER_ID, 29), (UNKNOWN_ID, 100)] {
        let Fate::Answered(seen) = gateway.ask_one_with(&topics, ApiKey::PRODUCE, 13, &produce(id.clone())) else {
            panic!("{id:?} is forwarded");
        };
        assert_eq!(ints(&seen, "Responses.*.PartitionResponses.*.ErrorCode"), [expected]);
        assert_eq!(values(&seen, "Responses.*.TopicId"), [&id]);
    }
    let Fate::Forwarded(..) = gateway.ask_one_with(&topics, ApiKey::PRODUCE, 13, &produce(OWN_ID)) else {
        panic!("it is not forwarded");
    };
    gateway.forward(ApiKey::PRODUCE, 13, &produce(OWN_ID));
    let seen = gateway.local(ApiKey::PRODUCE, 13, &produce(OTHER_ID));
    assert_eq!(ints(&seen, "Responses.*.PartitionResponses.*.ErrorCode"), [29]);
}

#[test]
fn transactional_records_need_the_transactional_id() {
    let (gateway, _) = observed(vec![
        allow(ResourceType::Topic, &[Operation::Write], "*"),
        allow(ResourceType::TransactionalId, &[Operation::Write], "mine"),
    ]);
    // A batch of version 2, whose attributes say that it is a part of a transaction, or not.
    let batch = |attributes: u8| {
        let mut batch = vec![0; 61];
        batch[16] = 2;
        batch[22] = attributes;
        Value::Bytes(batch)
    };
    let produce = |id: Value, attributes| {
        let asked = asking(
            ApiKey::PRODUCE,
            9,
            &[
                ("TransactionalId", id),
                ("Acks", int(-1)),
                ("TopicData.0.Name", text("orders")),
                ("TopicData.0.PartitionData.0.Records", batch(attributes)),
            ],
        );
        match gateway.ask(ApiKey::PRODUCE, 9, &asked) {
            Fate::Forwarded(..) => 0,
            Fate::Answered(seen) => ints(&seen, "Responses.*.PartitionResponses.*.ErrorCode")[0],
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(produce(text("mine"), 0x10), 0);
    assert_eq!(produce(text("other"), 0x10), 53);
    assert_eq!(produce(null(), 0x10), 53);
    assert_eq!(produce(text("other"), 0), 0);
    assert_eq!(produce(null(), 0), 0);
}

#[test]
fn a_group_is_asked_for_before_its_topics() {
    let (gateway, decisions) = observed(vec![allow(ResourceType::Group, &[Operation::Read], "mine")]);
    for (group, expected, told) in [("mine", 29, 2), ("other", 30, 1)] {
        let asked = asking(
            ApiKey::OFFSET_COMMIT,
            8,
            &[
                ("GroupId", text(group)),
                ("Topics.0.Name", text("orders")),
                ("Topics.0.Partitions.0.PartitionIndex", int(0)),
            ],
        );
        let seen = gateway.local(ApiKey::OFFSET_COMMIT, 8, &asked);
        assert_eq!(ints(&seen, "Topics.*.Partitions.*.ErrorCode"), [expected]);
        assert_eq!(std::mem::take(&mut *decisions.0.lock().unwrap()).len(), told);
    }
}

#[test]
fn a_producer_without_transactions_may_write_somewhere() {
    let check = |rules, expected: i64| {
        let (gateway, _) = observed(rules);
        let asked = asking(ApiKey::INIT_PRODUCER_ID, 4, &[("TransactionalId", null())]);
        match gateway.ask(ApiKey::INIT_PRODUCER_ID, 4, &asked) {
            Fate::Forwarded(..) => assert_eq!(expected, 0),
            Fate::Answered(seen) => assert_eq!(ints(&seen, "ErrorCode"), [expected]),
            other => panic!("{other:?}"),
        }
    };
    check(Vec::new(), 31);
    check(vec![allow(ResourceType::Topic, &[Operation::Read], "*")], 31);
    check(vec![allow(ResourceType::Topic, &[Operation::Write], "orders")], 0);
    check(
        vec![allow(
            ResourceType::Cluster,
            &[Operation::IdempotentWrite],
            "kafka-cluster",
        )],
        0,
    );
}

#[test]
fn acls_are_not_administered_through_the_gateway() {
    let (gateway, _) = observed(super::allow_all("*"));
    let asked = asking(ApiKey::DESCRIBE_ACLS, 3, &[]);
    let seen = gateway.local(ApiKey::DESCRIBE_ACLS, 3, &asked);
    assert_eq!(ints(&seen, "ErrorCode"), [54]);
    let asked = asking(ApiKey::CREATE_ACLS, 3, &[("Creations.0.ResourceName", text("orders"))]);
    let seen = gateway.local(ApiKey::CREATE_ACLS, 3, &asked);
    assert_eq!(ints(&seen, "Results.*.ErrorCode"), [54]);
}

#[test]
fn an_expression_needs_that_all_it_can_match_may_be_described() {
    let (gateway, _) = observed(vec![
        allow(ResourceType::Group, &[Operation::Read], "*"),
        allow(ResourceType::Topic, &[Operation::Read], "orders-*"),
    ]);
    let subscribe = |regex| {
        asking(
            ApiKey::CONSUMER_GROUP_HEARTBEAT,
            1,
            &[("GroupId", text("mine")), ("SubscribedTopicRegex", text(regex))],
        )
    };
    gateway.forward(ApiKey::CONSUMER_GROUP_HEARTBEAT, 1, &subscribe("orders-.*"));
    gateway.forward(ApiKey::CONSUMER_GROUP_HEARTBEAT, 1, &subscribe(""));
    for regex in [".*", "orders.*", "orders-.*|.*"] {
        let seen = gateway.local(ApiKey::CONSUMER_GROUP_HEARTBEAT, 1, &subscribe(regex));
        assert_eq!(ints(&seen, "ErrorCode"), [29]);
        assert!(texts(&seen, "ErrorMessage")[0].contains("it needs Describe on all topics that begin with"));
    }
}

#[test]
fn a_denied_coordinator_and_a_denied_configuration_are_told_beside_the_others() {
    let rules = vec![
        allow(ResourceType::TransactionalId, &[Operation::Describe], "mine"),
        allow(ResourceType::Topic, &[Operation::AlterConfigs], "mine"),
    ];
    let (gateway, _) = observed(rules);
    let asked = asking(
        ApiKey::FIND_COORDINATOR,
        5,
        &[
            ("KeyType", int(1)),
            ("CoordinatorKeys.0", text("secret")),
            ("CoordinatorKeys.1", text("mine")),
        ],
    );
    let answer = answering(ApiKey::FIND_COORDINATOR, 5, &[("Coordinators.0.Key", text("mine"))]);
    let seen = gateway.exchange(ApiKey::FIND_COORDINATOR, 5, &asked, &answer);
    assert_eq!(texts(&seen, "Coordinators.*.Key"), ["mine", "secret"]);
    assert_eq!(ints(&seen, "Coordinators.*.ErrorCode"), [0, 53]);
    let asked = asking(
        ApiKey::INCREMENTAL_ALTER_CONFIGS,
        1,
        &[
            ("Resources.0.ResourceType", int(2)),
            ("Resources.0.ResourceName", text("secret")),
            ("Resources.1.ResourceType", int(2)),
            ("Resources.1.ResourceName", text("mine")),
        ],
    );
    let answer = [
        ("Responses.0.ResourceType", int(2)),
        ("Responses.0.ResourceName", text("mine")),
    ];
    let answer = answering(ApiKey::INCREMENTAL_ALTER_CONFIGS, 1, &answer);
    let seen = gateway.exchange(ApiKey::INCREMENTAL_ALTER_CONFIGS, 1, &asked, &answer);
    assert_eq!(texts(&seen, "Responses.*.ResourceName"), ["mine", "secret"]);
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [0, 29]);
}

#[test]
fn a_name_that_no_topic_can_have_is_the_brokers_to_refuse_where_it_looks_at_that_first() {
    let (gateway, _) = observed(Vec::new());
    let asked = |name: &str| asking(ApiKey::DESCRIBE_PRODUCERS, 0, &[("Topics.0.Name", text(name))]);
    for name in ["", "..", "a b"] {
        assert_eq!(
            gateway.forward(ApiKey::DESCRIBE_PRODUCERS, 0, &asked(name)).0,
            asked(name)
        );
    }
    let Fate::Answered(_) = gateway.ask(ApiKey::DESCRIBE_PRODUCERS, 0, &asked("orders")) else {
        panic!("it is forwarded")
    };
}

#[test]
fn offsets_of_a_share_group_that_fail_together_are_not_denied_by_topic() {
    let rules = vec![
        allow(ResourceType::Group, &[Operation::Delete], "*"),
        allow(ResourceType::Topic, &[Operation::Read], "mine"),
    ];
    let (gateway, _) = observed(rules);
    let topics = [
        ("GroupId", text("group")),
        ("Topics.0.TopicName", text("mine")),
        ("Topics.1.TopicName", text("secret")),
    ];
    let asked = asking(ApiKey::DELETE_SHARE_GROUP_OFFSETS, 0, &topics);
    for (code, expected) in [(0, &["secret"][..]), (69, &[])] {
        let answer = answering(ApiKey::DELETE_SHARE_GROUP_OFFSETS, 0, &[("ErrorCode", int(code))]);
        let seen = gateway.exchange(ApiKey::DELETE_SHARE_GROUP_OFFSETS, 0, &asked, &answer);
        assert_eq!(texts(&seen, "Responses.*.TopicName"), expected);
    }
}

#[test]
fn a_group_whose_protocol_is_not_said_is_inconsistent_before_it_is_denied() {
    let (gateway, _) = observed(Vec::new());
    let sync = |version, fields: &[_]| {
        let asked = asking(ApiKey::SYNC_GROUP, version, fields);
        ints(&gateway.local(ApiKey::SYNC_GROUP, version, &asked), "ErrorCode")
    };
    let said = [("ProtocolType", text("consumer")), ("ProtocolName", text("range"))];
    assert_eq!(sync(5, &said), [30]);
    assert_eq!(sync(5, &said[..1]), [23]);
    assert_eq!(sync(4, &[]), [30]);
}
