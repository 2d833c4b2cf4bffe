//! Where a broker's answer is not just an error for each part.

use keg_codec::ApiKey;
use keg_codec::message::Value;

use crate::support::message::{count, ints, texts};
use crate::support::{Fate, Gateway, answering, asking, int, null, text};

#[test]
fn each_denied_resource_gets_the_code_of_its_type() {
    let gateway = Gateway::enforcing();
    let asked = asking(
        ApiKey::DESCRIBE_CONFIGS,
        4,
        &[
            ("Resources.0.ResourceType", int(2)),
            ("Resources.0.ResourceName", text("team-b.orders")),
            ("Resources.1.ResourceType", int(4)),
            ("Resources.1.ResourceName", text("1")),
            ("Resources.2.ResourceType", int(32)),
            ("Resources.2.ResourceName", text("team-b.workers")),
            ("Resources.3.ResourceType", int(2)),
            ("Resources.3.ResourceName", text("team-a.orders")),
            ("Resources.4.ResourceType", int(16)),
            ("Resources.4.ResourceName", text("team-a.metrics")),
        ],
    );
    let (sent, pending) = gateway.forward(ApiKey::DESCRIBE_CONFIGS, 4, &asked);
    assert_eq!(texts(&sent, "Resources.*.ResourceName"), ["team-a.orders"]);
    // Of a broker nobody asked.
    let answer = answering(
        ApiKey::DESCRIBE_CONFIGS,
        4,
        &[
            ("Results.0.ResourceType", int(4)),
            ("Results.0.ResourceName", text("1")),
            ("Results.1.ResourceType", int(2)),
            ("Results.1.ResourceName", text("team-a.orders")),
        ],
    );
    let seen = gateway.answer(ApiKey::DESCRIBE_CONFIGS, 4, pending, &answer);
    assert_eq!(
        texts(&seen, "Results.*.ResourceName"),
        [
            "team-a.orders",
            "team-b.orders",
            "1",
            "team-a.metrics",
            "team-b.workers"
        ]
    );
    assert_eq!(ints(&seen, "Results.*.ErrorCode"), [0, 29, 31, 31, 30]);
}

#[test]
fn brokers_settings_are_the_operators() {
    let gateway = Gateway::hiding();
    let check = |key, version, answers: &str| {
        for kind in [4, 8, 16] {
            let asked = asking(
                key,
                version,
                &[
                    ("Resources.0.ResourceType", int(kind)),
                    ("Resources.0.ResourceName", text("1")),
                ],
            );
            let seen = gateway.local(key, version, &asked);
            assert_eq!(ints(&seen, &format!("{answers}.*.ErrorCode")), [31], "{key:?} {kind}");
            assert_eq!(ints(&seen, &format!("{answers}.*.ResourceType")), [kind]);
            assert_eq!(texts(&seen, &format!("{answers}.*.ResourceName")), ["1"]);
        }
    };
    check(ApiKey::DESCRIBE_CONFIGS, 4, "Results");
    check(ApiKey::ALTER_CONFIGS, 2, "Responses");
    check(ApiKey::INCREMENTAL_ALTER_CONFIGS, 1, "Responses");
}

#[test]
fn resources_of_unknown_types_are_invalid() {
    let gateway = Gateway::hiding();
    for kind in [-1, 0, 3, 64] {
        let resources = [
            ("Resources.0.ResourceType", int(kind)),
            ("Resources.0.ResourceName", text("x")),
            ("Resources.1.ResourceType", int(2)),
            ("Resources.1.ResourceName", text("orders")),
        ];
        // Brokers don't describe the rest either.
        let asked = asking(ApiKey::DESCRIBE_CONFIGS, 4, &resources);
        let seen = gateway.local(ApiKey::DESCRIBE_CONFIGS, 4, &asked);
        assert_eq!(ints(&seen, "Results.*.ErrorCode"), [42, 42]);
        for (key, version) in [(ApiKey::ALTER_CONFIGS, 2), (ApiKey::INCREMENTAL_ALTER_CONFIGS, 1)] {
            let (sent, pending) = gateway.forward(key, version, &asking(key, version, &resources));
            assert_eq!(texts(&sent, "Resources.*.ResourceName"), ["team-a.orders"]);
            let answer = answering(
                key,
                version,
                &[
                    ("Responses.0.ResourceType", int(2)),
                    ("Responses.0.ResourceName", text("team-a.orders")),
                ],
            );
            let seen = gateway.answer(key, version, pending, &answer);
            assert_eq!(texts(&seen, "Responses.*.ResourceName"), ["orders", "x"]);
            assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [0, 42]);
        }
    }
}

#[test]
fn offsets_of_foreign_topics_are_denied_within_each_group() {
    let gateway = Gateway::enforcing();
    let asked = asking(
        ApiKey::OFFSET_FETCH,
        8,
        &[
            ("Groups.0.GroupId", text("team-a.one")),
            ("Groups.0.Topics.0.Name", text("team-b.x")),
            ("Groups.0.Topics.0.PartitionIndexes.0", int(3)),
            ("Groups.0.Topics.0.PartitionIndexes.1", int(4)),
            ("Groups.0.Topics.1.Name", text("team-a.x")),
            ("Groups.1.GroupId", text("team-b.two")),
            ("Groups.1.Topics.0.Name", text("team-a.x")),
            ("Groups.2.GroupId", text("team-a.three")),
            ("Groups.2.Topics.0.Name", text("team-b.y")),
            ("Groups.3.GroupId", text("team-a.all")),
            ("Groups.3.Topics", null()),
        ],
    );
    let (sent, pending) = gateway.forward(ApiKey::OFFSET_FETCH, 8, &asked);
    assert_eq!(
        texts(&sent, "Groups.*.GroupId"),
        ["team-a.one", "team-a.three", "team-a.all"]
    );
    assert_eq!(texts(&sent, "Groups.*.Topics.*.Name"), ["team-a.x"]);
    // In another order than asked for.
    let answer = answering(
        ApiKey::OFFSET_FETCH,
        8,
        &[
            ("Groups.0.GroupId", text("team-a.three")),
            ("Groups.1.GroupId", text("team-a.all")),
            ("Groups.2.GroupId", text("team-a.one")),
            ("Groups.2.Topics.0.Name", text("team-a.x")),
            ("Groups.2.Topics.0.Partitions.0.CommittedOffset", int(77)),
        ],
    );
    let seen = gateway.answer(ApiKey::OFFSET_FETCH, 8, pending, &answer);
    assert_eq!(
        texts(&seen, "Groups.*.GroupId"),
        ["team-a.three", "team-a.all", "team-a.one", "team-b.two"]
    );
    assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [0, 0, 0, 30]);
    assert_eq!(texts(&seen, "Groups.0.Topics.*.Name"), ["team-b.y"]);
    assert_eq!(count(&seen, "Groups.1.Topics"), 0);
    assert_eq!(texts(&seen, "Groups.2.Topics.*.Name"), ["team-a.x", "team-b.x"]);
    let denied = "Groups.2.Topics.1.Partitions.*";
    assert_eq!(ints(&seen, &format!("{denied}.PartitionIndex")), [3, 4]);
    assert_eq!(ints(&seen, &format!("{denied}.ErrorCode")), [29, 29]);
    assert_eq!(ints(&seen, &format!("{denied}.CommittedOffset")), [-1, -1]);
    assert_eq!(ints(&seen, &format!("{denied}.CommittedLeaderEpoch")), [-1, -1]);
    assert_eq!(texts(&seen, &format!("{denied}.Metadata")), ["", ""]);
    assert_eq!(ints(&seen, "Groups.2.Topics.0.Partitions.*.CommittedOffset"), [77]);
}

#[test]
fn offsets_of_foreign_topics_are_denied_where_the_group_has_no_error() {
    let gateway = Gateway::enforcing();
    for (key, version, indexes) in [
        (ApiKey::OFFSET_FETCH, 1, "PartitionIndexes.0"),
        (ApiKey::OFFSET_FETCH, 7, "PartitionIndexes.0"),
        (ApiKey::OFFSET_DELETE, 0, "Partitions.0.PartitionIndex"),
    ] {
        let asked = asking(
            key,
            version,
            &[
                ("GroupId", text("team-a.workers")),
                ("Topics.0.Name", text("team-b.x")),
                (&format!("Topics.0.{indexes}"), int(5)),
            ],
        );
        let (sent, pending) = gateway.forward(key, version, &asked);
        assert_eq!(count(&sent, "Topics"), 0, "none, which is not all");
        let seen = gateway.answer(key, version, pending, &answering(key, version, &[]));
        assert_eq!(texts(&seen, "Topics.*.Name"), ["team-b.x"]);
        assert_eq!(ints(&seen, "Topics.*.Partitions.*.PartitionIndex"), [5]);
        assert_eq!(ints(&seen, "Topics.*.Partitions.*.ErrorCode"), [29]);
        if version != 1 {
            let error = answering(key, version, &[("ErrorCode", int(16))]);
            let seen = gateway.exchange(key, version, &asked, &error);
            assert_eq!(ints(&seen, "ErrorCode"), [16]);
            assert_eq!(count(&seen, "Topics"), 0, "of these a broker says nothing either");
        }
    }
}

#[test]
fn partitions_are_added_to_a_transaction_together_or_not_at_all() {
    let gateway = Gateway::enforcing();
    let asked = asking(
        ApiKey::ADD_PARTITIONS_TO_TXN,
        3,
        &[
            ("V3AndBelowTransactionalId", text("team-a.tx")),
            ("V3AndBelowTopics.0.Name", text("team-a.x")),
            ("V3AndBelowTopics.0.Partitions.0", int(0)),
            ("V3AndBelowTopics.1.Name", text("team-b.x")),
            ("V3AndBelowTopics.1.Partitions.0", int(1)),
        ],
    );
    let seen = gateway.local(ApiKey::ADD_PARTITIONS_TO_TXN, 3, &asked);
    let topics = "ResultsByTopicV3AndBelow.*";
    assert_eq!(texts(&seen, &format!("{topics}.Name")), ["team-b.x", "team-a.x"]);
    let partitions = format!("{topics}.ResultsByPartition.*");
    assert_eq!(ints(&seen, &format!("{partitions}.PartitionIndex")), [1, 0]);
    assert_eq!(ints(&seen, &format!("{partitions}.PartitionErrorCode")), [29, 55]);
}

#[test]
fn a_batch_of_transactions_with_a_foreign_name_is_refused_whole() {
    let gateway = Gateway::enforcing();
    for (path, name, code) in [
        ("Transactions.0.TransactionalId", "team-b.tx", 53),
        ("Transactions.0.Topics.0.Name", "team-b.x", 29),
    ] {
        let asked = asking(
            ApiKey::ADD_PARTITIONS_TO_TXN,
            4,
            &[
                ("Transactions.0.TransactionalId", text("team-a.tx")),
                ("Transactions.0.Topics.0.Name", text("team-a.x")),
                (path, text(name)),
            ],
        );
        let seen = gateway.local(ApiKey::ADD_PARTITIONS_TO_TXN, 4, &asked);
        assert_eq!(ints(&seen, "ErrorCode"), [code]);
    }
}

#[test]
fn metadata_of_foreign_topics_alone_still_gives_the_nodes() {
    let gateway = Gateway::enforcing();
    for version in 0..=13 {
        let asked = asking(ApiKey::METADATA, version, &[("Topics.0.Name", text("team-b.x"))]);
        let (sent, pending) = gateway.forward(ApiKey::METADATA, version, &asked);
        assert_eq!(count(&sent, "Topics"), 0);
        // In version 0 the broker takes that for all topics.
        let answer = answering(
            ApiKey::METADATA,
            version,
            &[
                ("Brokers.0.NodeId", int(1)),
                ("Brokers.0.Host", text("backend.internal")),
                ("Topics.0.Name", text("team-a.not-asked-for")),
            ],
        );
        let seen = gateway.answer(ApiKey::METADATA, version, pending, &answer);
        assert_eq!(ints(&seen, "Brokers.*.NodeId"), [1]);
        assert_eq!(texts(&seen, "Topics.*.Name"), ["team-b.x"], "v{version}");
        assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [29]);
    }
}

#[test]
fn a_produce_request_without_acks_is_not_narrowed_in_silence() {
    let gateway = Gateway::enforcing();
    let asked = |acks, topics: [&str; 2]| {
        asking(
            ApiKey::PRODUCE,
            9,
            &[
                ("Acks", int(acks)),
                ("TopicData.0.Name", text(topics[0])),
                ("TopicData.0.PartitionData.0.Records", Value::Bytes(vec![1; 20_000])),
                ("TopicData.1.Name", text(topics[1])),
            ],
        )
    };
    let fate = gateway.ask(ApiKey::PRODUCE, 9, &asked(0, ["team-a.x", "team-b.x"]));
    assert!(
        matches!(&fate, Fate::Closed(reason) if reason.contains("acks=0") && reason.contains("namespace")),
        "{fate:?}"
    );
    gateway.forward(ApiKey::PRODUCE, 9, &asked(0, ["team-a.x", "team-a.y"]));
    gateway.forward(ApiKey::PRODUCE, 9, &asked(1, ["team-a.x", "team-b.x"]));
}

#[test]
fn a_response_without_a_place_for_what_was_denied_is_withheld() {
    let gateway = Gateway::enforcing();
    let asked = asking(
        ApiKey::OFFSET_FETCH,
        8,
        &[
            ("Groups.0.GroupId", text("team-a.one")),
            ("Groups.0.Topics.0.Name", text("team-b.x")),
        ],
    );
    let answer = answering(ApiKey::OFFSET_FETCH, 8, &[("Groups.0.GroupId", text("team-a.other"))]);
    let seen = gateway.exchange(ApiKey::OFFSET_FETCH, 8, &asked, &answer);
    assert_eq!(texts(&seen, "Groups.*.GroupId"), ["team-a.one"]);
    assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [-1]);
}

#[test]
fn offsets_of_a_group_with_an_error_are_not_told_for_denied_topics_either() {
    let gateway = Gateway::enforcing();
    let topic = text("team-b.x");
    let asked = [
        ("Groups.0.GroupId", text("team-a.one")),
        ("Groups.0.Topics.0.Name", topic.clone()),
        ("Groups.0.Topics.0.PartitionIndexes.0", int(0)),
        ("Groups.1.GroupId", text("team-a.two")),
        ("Groups.1.Topics.0.Name", topic),
        ("Groups.1.Topics.0.PartitionIndexes.0", int(0)),
    ];
    let answer = [
        ("Groups.0.GroupId", text("team-a.one")),
        ("Groups.0.ErrorCode", int(113)),
        ("Groups.1.GroupId", text("team-a.two")),
    ];
    let (asked, answer) = (
        asking(ApiKey::OFFSET_FETCH, 9, &asked),
        answering(ApiKey::OFFSET_FETCH, 9, &answer),
    );
    let seen = gateway.exchange(ApiKey::OFFSET_FETCH, 9, &asked, &answer);
    assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [113, 0]);
    assert_eq!(texts(&seen, "Groups.*.Topics.*.Name"), ["team-b.x"]);
}

#[test]
fn names_that_no_topic_can_have_are_the_brokers_to_refuse() {
    let gateway = Gateway::hiding();
    let asked = asking(
        ApiKey::CREATE_TOPICS,
        7,
        &[
            ("Topics.0.Name", text("")),
            ("Topics.1.Name", text(".")),
            ("Topics.2.Name", text("fine")),
            ("Topics.3.Name", text("..")),
        ],
    );
    let (sent, pending) = gateway.forward(ApiKey::CREATE_TOPICS, 7, &asked);
    assert_eq!(texts(&sent, "Topics.*.Name"), ["", ".", "team-a.fine", ".."]);
    let answer = answering(
        ApiKey::CREATE_TOPICS,
        7,
        &[
            ("Topics.0.Name", text(".")),
            ("Topics.0.ErrorCode", int(17)),
            (
                "Topics.0.ErrorMessage",
                text("Topic name is invalid: '.' is not allowed"),
            ),
            ("Topics.1.Name", text("team-a.fine")),
        ],
    );
    let seen = gateway.answer(ApiKey::CREATE_TOPICS, 7, pending, &answer);
    assert_eq!(texts(&seen, "Topics.*.Name"), [".", "fine"]);
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [17, 0]);
    let said = texts(&seen, "Topics.*.ErrorMessage");
    assert_eq!(said[0], "Topic name is invalid: '.' is not allowed");
}

#[test]
fn names_that_are_too_long_with_the_prefix_are_denied() {
    let gateway = Gateway::hiding();
    let longest = "x".repeat(0x7fff - "team-a.".len());
    for version in [3, 9] {
        let asked = |name: &str| {
            asking(
                ApiKey::PRODUCE,
                version,
                &[("Acks", int(1)), ("TopicData.0.Name", text(name))],
            )
        };
        let (sent, _) = gateway.forward(ApiKey::PRODUCE, version, &asked(&longest));
        assert_eq!(texts(&sent, "TopicData.0.Name"), [format!("team-a.{longest}")]);
        let too_long = format!("{longest}x");
        let (_, pending) = gateway.forward(
            ApiKey::PRODUCE,
            version,
            &asking(
                ApiKey::PRODUCE,
                version,
                &[
                    ("Acks", int(1)),
                    ("TopicData.0.Name", text(&too_long)),
                    ("TopicData.0.PartitionData.0.Index", int(0)),
                    ("TopicData.1.Name", text("fine")),
                ],
            ),
        );
        let seen = gateway.answer(
            ApiKey::PRODUCE,
            version,
            pending,
            &answering(ApiKey::PRODUCE, version, &[]),
        );
        assert_eq!(texts(&seen, "Responses.*.Name"), [too_long.as_str()]);
        assert_eq!(ints(&seen, "Responses.*.PartitionResponses.*.ErrorCode"), [17]);
    }
    let group = asking(ApiKey::HEARTBEAT, 3, &[("GroupId", text(&format!("{longest}x")))]);
    assert_eq!(ints(&gateway.local(ApiKey::HEARTBEAT, 3, &group), "ErrorCode"), [24]);
}
