//! Lists of topics and of what belongs to them, and the texts that quote their names.

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::Mode;

use crate::support::message::{count, ints, texts, values};
use crate::support::{Fate, Gateway, answering, asking, int, null, text};

#[test]
fn all_topics_are_described_from_the_prefix_to_its_end() {
    let key = ApiKey::DESCRIBE_TOPIC_PARTITIONS;
    let gateway = Gateway::hiding();
    let (sent, pending) = gateway.forward(key, 0, &asking(key, 0, &[]));
    assert_eq!(texts(&sent, "Cursor.TopicName"), ["team-a."]);
    assert_eq!(ints(&sent, "Cursor.PartitionIndex"), [0]);
    let page = |topic, next| {
        answering(
            key,
            0,
            &[
                ("Topics.0.Name", text("team-a.orders")),
                ("Topics.1.Name", text(topic)),
                ("NextCursor.TopicName", text(next)),
                ("NextCursor.PartitionIndex", int(4)),
            ],
        )
    };
    let seen = gateway.answer(key, 0, pending, &page("team-a.payments", "team-a.payments"));
    assert_eq!(texts(&seen, "Topics.*.Name"), ["orders", "payments"]);
    assert_eq!(texts(&seen, "NextCursor.TopicName"), ["payments"]);
    assert_eq!(ints(&seen, "NextCursor.PartitionIndex"), [4]);

    let next = asking(
        key,
        0,
        &[
            ("Cursor.TopicName", text("payments")),
            ("Cursor.PartitionIndex", int(4)),
        ],
    );
    let (sent, pending) = gateway.forward(key, 0, &next);
    assert_eq!(texts(&sent, "Cursor.TopicName"), ["team-a.payments"]);
    assert_eq!(ints(&sent, "Cursor.PartitionIndex"), [4]);
    let seen = gateway.answer(key, 0, pending, &page("team-b.orders", "team-b.orders"));
    assert_eq!(texts(&seen, "Topics.*.Name"), ["orders"]);
    assert_eq!(values(&seen, "NextCursor"), [&Value::Null]);
}

#[test]
fn named_topics_are_described_without_a_cursor() {
    let key = ApiKey::DESCRIBE_TOPIC_PARTITIONS;
    let gateway = Gateway::enforcing();
    let asked = asking(
        key,
        0,
        &[
            ("Topics.0.Name", text("team-a.orders")),
            ("Topics.1.Name", text("team-b.orders")),
        ],
    );
    let (sent, pending) = gateway.forward(key, 0, &asked);
    assert_eq!(texts(&sent, "Topics.*.Name"), ["team-a.orders"]);
    assert_eq!(values(&sent, "Cursor"), [&Value::Null]);
    let answer = answering(key, 0, &[("Topics.0.Name", text("team-a.orders"))]);
    let seen = gateway.answer(key, 0, pending, &answer);
    assert_eq!(texts(&seen, "Topics.*.Name"), ["team-a.orders", "team-b.orders"]);
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [0, 29]);
    // Denied topics and a cursor don't add up to all topics.
    let asked = asking(
        key,
        0,
        &[
            ("Topics.0.Name", text("team-b.orders")),
            ("Cursor.TopicName", text("team-a.orders")),
        ],
    );
    assert!(matches!(gateway.ask(key, 0, &asked), Fate::Answered(_)));
}

#[test]
fn all_topics_are_asked_for_and_own_ones_are_listed() {
    let gateway = Gateway::hiding();
    for version in 0..=13 {
        let all = if version == 0 { Value::Array(Vec::new()) } else { null() };
        let (sent, pending) = gateway.forward(
            ApiKey::METADATA,
            version,
            &asking(ApiKey::METADATA, version, &[("Topics", all.clone())]),
        );
        assert_eq!(sent.get("Topics"), Some(&all));
        let mut fields = vec![
            ("Topics.0.Name", text("__consumer_offsets")),
            ("Topics.1.Name", text("team-a.orders")),
            ("Topics.1.Partitions.0.ReplicaNodes.0", int(2)),
            ("Topics.2.Name", text("team-b.orders")),
            ("Topics.3.Name", text("")),
        ];
        if (8..=10).contains(&version) {
            fields.push(("ClusterAuthorizedOperations", int(0x7f)));
        }
        if version >= 8 {
            fields.push(("Topics.1.TopicAuthorizedOperations", int(0xff)));
        }
        let answer = answering(ApiKey::METADATA, version, &fields);
        let seen = gateway.answer(ApiKey::METADATA, version, pending, &answer);
        assert_eq!(texts(&seen, "Topics.*.Name"), ["orders"], "v{version}");
        assert_eq!(ints(&seen, "Topics.*.Partitions.*.ReplicaNodes.*"), [2]);
        assert_eq!(count(&seen, "Brokers"), 0);
        if (8..=10).contains(&version) {
            assert_eq!(ints(&seen, "ClusterAuthorizedOperations"), [0x7f]);
        }
        if version >= 8 {
            assert_eq!(ints(&seen, "Topics.*.TopicAuthorizedOperations"), [0xff]);
        }
    }
}

#[test]
fn error_messages_quote_neither_the_prefix_nor_others_topics() {
    let check = |mode, message: &str, expected: &str| {
        let gateway = Gateway::isolated(mode);
        let asked = asking(ApiKey::CREATE_TOPICS, 7, &[("Topics.0.Name", text("team-a.b_c"))]);
        let answer = answering(
            ApiKey::CREATE_TOPICS,
            7,
            &[
                ("Topics.0.Name", text("team-a.b_c")),
                ("Topics.0.ErrorMessage", text(message)),
            ],
        );
        let seen = gateway.exchange(ApiKey::CREATE_TOPICS, 7, &asked, &answer);
        assert_eq!(texts(&seen, "Topics.*.ErrorMessage"), [expected]);
    };
    let exists = "Topic 'team-a.b_c' already exists.";
    check(Mode::HidePrefix, exists, "Topic 'b_c' already exists.");
    check(Mode::EnforcePrefix, exists, exists);
    let collides = "Topic 'team-a.b_c' collides with existing topic: team-a_b.c";
    check(Mode::HidePrefix, collides, "Topic 'b_c' collides with existing topic");
    check(
        Mode::EnforcePrefix,
        collides,
        "Topic 'team-a.b_c' collides with existing topic",
    );
}

#[test]
fn resources_are_listed_by_the_types_behind_their_names() {
    let key = ApiKey::LIST_CONFIG_RESOURCES;
    let gateway = Gateway::hiding();
    let answer = answering(
        key,
        1,
        &[
            ("ConfigResources.0.ResourceName", text("1")),
            ("ConfigResources.0.ResourceType", int(4)),
            ("ConfigResources.1.ResourceName", text("team-b.orders")),
            ("ConfigResources.1.ResourceType", int(2)),
            ("ConfigResources.2.ResourceName", text("team-a.orders")),
            ("ConfigResources.2.ResourceType", int(2)),
            ("ConfigResources.3.ResourceName", text("team-a.metrics")),
            ("ConfigResources.3.ResourceType", int(16)),
            ("ConfigResources.4.ResourceName", text("team-a.workers")),
            ("ConfigResources.4.ResourceType", int(32)),
            ("ConfigResources.5.ResourceName", text("2")),
            ("ConfigResources.5.ResourceType", int(8)),
        ],
    );
    let seen = gateway.exchange(key, 1, &asking(key, 1, &[]), &answer);
    assert_eq!(
        texts(&seen, "ConfigResources.*.ResourceName"),
        ["1", "orders", "workers", "2"]
    );
    assert_eq!(ints(&seen, "ConfigResources.*.ResourceType"), [4, 2, 32, 8]);
    // All of them are client metrics, which are the operator's.
    let answer = answering(key, 0, &[("ConfigResources.0.ResourceName", text("team-a.metrics"))]);
    let seen = gateway.exchange(key, 0, &asking(key, 0, &[]), &answer);
    assert_eq!(count(&seen, "ConfigResources"), 0);
}

#[test]
fn log_directories_show_own_topics() {
    let key = ApiKey::DESCRIBE_LOG_DIRS;
    let gateway = Gateway::hiding();
    for version in 1..=5 {
        let (sent, pending) = gateway.forward(key, version, &asking(key, version, &[("Topics", null())]));
        assert_eq!(sent.get("Topics"), Some(&Value::Null));
        let answer = answering(
            key,
            version,
            &[
                ("Results.0.LogDir", text("/data")),
                ("Results.0.Topics.0.Name", text("team-b.orders")),
                ("Results.0.Topics.1.Name", text("team-a.orders")),
                ("Results.1.LogDir", text("/more")),
                ("Results.1.Topics.0.Name", text("__consumer_offsets")),
            ],
        );
        let seen = gateway.answer(key, version, pending, &answer);
        assert_eq!(texts(&seen, "Results.*.LogDir"), ["/data", "/more"]);
        assert_eq!(texts(&seen, "Results.*.Topics.*.Name"), ["orders"]);
    }
}
