//! What responses say beyond names.

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::{Operation, Operations, ResourceType};

use super::{allow, gateway};
use crate::support::message::{ints, texts, values};
use crate::support::{Fate, answering, asking, int, null, text};

const OWN_ID: Value = Value::Uuid([1; 16]);
const OTHER_ID: Value = Value::Uuid([2; 16]);
const UNKNOWN_ID: Value = Value::Uuid([3; 16]);

#[test]
fn a_client_is_told_what_it_may_do_and_not_what_the_gateway_may() {
    let gateway = gateway(vec![
        allow(ResourceType::Topic, &[Operation::Read], "orders"),
        allow(ResourceType::Group, &[Operation::Delete], "mine"),
    ]);
    let asked = asking(
        ApiKey::METADATA,
        8,
        &[
            ("Topics", null()),
            ("IncludeClusterAuthorizedOperations", int(1)),
            ("IncludeTopicAuthorizedOperations", int(1)),
        ],
    );
    let answer = answering(
        ApiKey::METADATA,
        8,
        &[
            ("Topics.0.Name", text("orders")),
            ("Topics.0.TopicAuthorizedOperations", int(3576)),
            ("ClusterAuthorizedOperations", int(8096)),
        ],
    );
    let seen = gateway.exchange(ApiKey::METADATA, 8, &asked, &answer);
    let operations = |all: &[Operation]| i64::from(Operations::of(all).bits());
    let of_topic = operations(&[Operation::Read, Operation::Describe]);
    assert_eq!(ints(&seen, "Topics.*.TopicAuthorizedOperations"), [of_topic]);
    assert_eq!(ints(&seen, "ClusterAuthorizedOperations"), [0]);

    let asked = asking(
        ApiKey::DESCRIBE_TOPIC_PARTITIONS,
        0,
        &[("Topics.0.Name", text("orders"))],
    );
    let answer = [
        ("Topics.0.Name", text("orders")),
        ("Topics.0.TopicAuthorizedOperations", int(3576)),
    ];
    let answer = answering(ApiKey::DESCRIBE_TOPIC_PARTITIONS, 0, &answer);
    let seen = gateway.exchange(ApiKey::DESCRIBE_TOPIC_PARTITIONS, 0, &asked, &answer);
    assert_eq!(ints(&seen, "Topics.*.TopicAuthorizedOperations"), [of_topic]);

    let not_asked = i64::from(i32::MIN);
    for (said, expected) in [
        (not_asked, not_asked),
        (9999, operations(&[Operation::Delete, Operation::Describe])),
    ] {
        let asked = asking(ApiKey::DESCRIBE_GROUPS, 5, &[("Groups.0", text("mine"))]);
        let answer = answering(
            ApiKey::DESCRIBE_GROUPS,
            5,
            &[
                ("Groups.0.GroupId", text("mine")),
                ("Groups.0.AuthorizedOperations", int(said)),
            ],
        );
        let seen = gateway.exchange(ApiKey::DESCRIBE_GROUPS, 5, &asked, &answer);
        assert_eq!(ints(&seen, "Groups.*.AuthorizedOperations"), [expected]);
    }
}

#[test]
fn a_group_with_topics_that_may_not_be_described_is_not_described() {
    let gateway = gateway(vec![
        allow(ResourceType::Topic, &[Operation::Describe], "orders"),
        allow(ResourceType::Group, &[Operation::Describe], "*"),
    ]);
    let asked = asking(
        ApiKey::CONSUMER_GROUP_DESCRIBE,
        1,
        &[("GroupIds.0", text("one")), ("GroupIds.1", text("two"))],
    );
    let assignment = "Assignment.TopicPartitions.0.TopicName";
    let answer = answering(
        ApiKey::CONSUMER_GROUP_DESCRIBE,
        1,
        &[
            ("Groups.0.GroupId", text("one")),
            (&format!("Groups.0.Members.0.{assignment}"), text("orders")),
            // It isn't assigned this one.
            ("Groups.0.Members.0.SubscribedTopicNames.0", text("secret")),
            ("Groups.1.GroupId", text("two")),
            ("Groups.1.GroupState", text("Stable")),
            ("Groups.1.GroupEpoch", int(3)),
            ("Groups.1.AuthorizedOperations", int(8)),
            (&format!("Groups.1.Members.0.{assignment}"), text("secret")),
        ],
    );
    let seen = gateway.exchange(ApiKey::CONSUMER_GROUP_DESCRIBE, 1, &asked, &answer);
    assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [0, 29]);
    assert_eq!(values(&seen, "Groups.*.Members.*").len(), 1);
    assert!(texts(&seen, "Groups.*.ErrorMessage")[1].starts_with("The group has described topic(s)"));
    // Nothing else is told of it.
    assert_eq!(texts(&seen, "Groups.*.GroupId"), ["one", "two"]);
    assert_eq!(texts(&seen, "Groups.*.GroupState")[1], "");
    assert_eq!(ints(&seen, "Groups.*.GroupEpoch")[1], 0);
    assert_eq!(ints(&seen, "Groups.*.AuthorizedOperations")[1], i64::from(i32::MIN));
}

#[test]
fn a_streams_group_of_topics_that_may_not_be_described_is_not_described() {
    let gateway = gateway(vec![allow(ResourceType::Group, &[Operation::Describe], "*")]);
    let key = ApiKey::STREAMS_GROUP_DESCRIBE;
    let asked = asking(key, 0, &[("GroupIds.0", text("one"))]);
    let answer = answering(
        key,
        0,
        &[
            ("Groups.0.GroupId", text("one")),
            ("Groups.0.Topology.Subtopologies.0.SourceTopics.0", text("secret")),
            ("Groups.0.Members.0.MemberId", text("member")),
        ],
    );
    let seen = gateway.exchange(key, 0, &asked, &answer);
    assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [29]);
    assert!(texts(&seen, "Groups.*.ErrorMessage")[0].starts_with("The described group uses topics"));
    assert!(values(&seen, "Groups.*.Members.*").is_empty());
    assert_eq!(values(&seen, "Groups.*.Topology"), [&Value::Null]);
}

#[test]
fn how_a_new_topic_is_configured_is_for_those_who_may_describe_that() {
    for (operation, expected) in [(Operation::DescribeConfigs, 3), (Operation::Write, -1)] {
        let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Create, operation], "*")]);
        let asked = asking(ApiKey::CREATE_TOPICS, 7, &[("Topics.0.Name", text("orders"))]);
        let answer = answering(
            ApiKey::CREATE_TOPICS,
            7,
            &[("Topics.0.Name", text("orders")), ("Topics.0.NumPartitions", int(3))],
        );
        let seen = gateway.exchange(ApiKey::CREATE_TOPICS, 7, &asked, &answer);
        assert_eq!(ints(&seen, "Topics.*.NumPartitions"), [expected]);
    }
}

#[test]
fn all_topics_of_a_group_or_a_transaction_are_those_that_may_be_described() {
    let gateway = gateway(vec![
        allow(ResourceType::Topic, &[Operation::Describe], "orders"),
        allow(ResourceType::Group, &[Operation::Describe], "*"),
        allow(ResourceType::TransactionalId, &[Operation::Describe], "*"),
    ]);
    let check = |key, version, asked: &[(&str, Value)], holder: &str, topic: &str| {
        let paths = [
            format!("{holder}.Topics.0.{topic}"),
            format!("{holder}.Topics.1.{topic}"),
        ];
        let answer = answering(
            key,
            version,
            &[(&paths[0], text("orders")), (&paths[1], text("secret"))],
        );
        let seen = gateway.exchange(key, version, &asking(key, version, asked), &answer);
        let path = format!("{holder}.Topics.*.{topic}").replace(".0.", ".*.");
        assert_eq!(texts(&seen, &path), ["orders"]);
    };
    let group = [("Groups.0.GroupId", text("one")), ("Groups.0.Topics", null())];
    check(ApiKey::OFFSET_FETCH, 8, &group, "Groups.0", "Name");
    check(ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS, 0, &group, "Groups.0", "TopicName");
    let transaction = [("TransactionalIds.0", text("one"))];
    check(
        ApiKey::DESCRIBE_TRANSACTIONS,
        0,
        &transaction,
        "TransactionStates.0",
        "Topic",
    );
}

#[test]
fn offsets_of_all_topics_by_their_ids_are_those_of_topics_that_may_be_described() {
    let gateway = gateway(vec![
        allow(ResourceType::Topic, &[Operation::Describe], "orders"),
        allow(ResourceType::Group, &[Operation::Describe], "*"),
    ]);
    let (key, version) = (ApiKey::OFFSET_FETCH, 10);
    let group = [("Groups.0.GroupId", text("one")), ("Groups.0.Topics", null())];
    let Fate::Waits(request, question) = gateway.ask(key, version, &asking(key, version, &group)) else {
        panic!("it isn't known whose the ids are");
    };
    let all = [
        ("Topics.0.Name", text("orders")),
        ("Topics.0.TopicId", OWN_ID),
        ("Topics.1.Name", text("secret")),
        ("Topics.1.TopicId", OTHER_ID),
    ];
    let told = answering(ApiKey::METADATA, 12, &all);
    let Fate::Forwarded(_, pending) = gateway.resume(request, question, &told) else {
        panic!("it is not forwarded");
    };
    let offsets = [
        ("Groups.0.GroupId", text("one")),
        ("Groups.0.Topics.0.TopicId", OWN_ID),
        ("Groups.0.Topics.1.TopicId", OTHER_ID),
        ("Groups.0.Topics.2.TopicId", UNKNOWN_ID),
    ];
    let seen = gateway.answer(key, version, pending, &answering(key, version, &offsets));
    assert_eq!(values(&seen, "Groups.*.Topics.*.TopicId"), [&OWN_ID]);
}
