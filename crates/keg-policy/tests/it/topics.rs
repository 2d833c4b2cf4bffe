//! Topics by name and by id, and the texts that quote them.

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::{Mode, Namespace, TopicIds};

use crate::support::message::{count, ints, texts, values};
use crate::support::{Fate, Gateway, PREFIX, answering, asking, int, null, text};

const OWN_ID: Value = Value::Uuid([1; 16]);
const FOREIGN_ID: Value = Value::Uuid([2; 16]);
const UNKNOWN_ID: Value = Value::Uuid([3; 16]);

/// Shows the client a response to a Metadata request, which has an own and a foreign topic.
fn teach(gateway: &Gateway) {
    let answer = answering(
        ApiKey::METADATA,
        12,
        &[
            ("Topics.0.Name", text("team-b.orders")),
            ("Topics.0.TopicId", FOREIGN_ID),
            ("Topics.1.Name", text("team-a.orders")),
            ("Topics.1.TopicId", OWN_ID),
        ],
    );
    let asked = asking(ApiKey::METADATA, 12, &[("Topics", null())]);
    let seen = gateway.exchange(ApiKey::METADATA, 12, &asked, &answer);
    assert_eq!(texts(&seen, "Topics.*.Name"), ["orders"]);
}

#[test]
fn a_metadata_request_by_id_is_answered_as_if_others_topics_did_not_exist() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::isolated(mode);
        for version in [12, 13] {
            // The Java client leaves the name empty, others make it null.
            let asked = asking(
                ApiKey::METADATA,
                version,
                &[
                    ("Topics.0.TopicId", OWN_ID),
                    ("Topics.0.Name", null()),
                    ("Topics.1.TopicId", FOREIGN_ID),
                    ("Topics.1.Name", text("")),
                    ("Topics.2.TopicId", UNKNOWN_ID),
                    ("Topics.2.Name", null()),
                ],
            );
            let (sent, pending) = gateway.forward(ApiKey::METADATA, version, &asked);
            assert_eq!(sent, asked);
            let answer = answering(
                ApiKey::METADATA,
                version,
                &[
                    ("Topics.0.TopicId", OWN_ID),
                    ("Topics.0.Name", text("team-a.orders")),
                    ("Topics.0.Partitions.0.LeaderId", int(1)),
                    ("Topics.1.TopicId", FOREIGN_ID),
                    ("Topics.1.Name", text("team-b.orders")),
                    ("Topics.1.IsInternal", int(1)),
                    ("Topics.1.TopicAuthorizedOperations", int(0x7ff)),
                    ("Topics.1.Partitions.0.LeaderId", int(1)),
                    ("Topics.2.TopicId", UNKNOWN_ID),
                    ("Topics.2.Name", null()),
                    ("Topics.2.ErrorCode", int(100)),
                ],
            );
            let seen = gateway.answer(ApiKey::METADATA, version, pending, &answer);
            let own = if mode == Mode::HidePrefix {
                "orders"
            } else {
                "team-a.orders"
            };
            assert_eq!(texts(&seen, "Topics.*.Name"), [own, "<null>", "<null>"]);
            assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [0, 100, 100]);
            assert_eq!(values(&seen, "Topics.*.TopicId"), [&OWN_ID, &FOREIGN_ID, &UNKNOWN_ID]);
            // But for the id, both are the same.
            let [foreign, unknown] = [1, 2].map(|index| {
                let mut topic = values(&seen, &format!("Topics.{index}"))[0]
                    .as_struct()
                    .unwrap()
                    .clone();
                topic.set("TopicId", OWN_ID);
                topic
            });
            assert_eq!(foreign, unknown);
        }
    }
}

#[test]
fn ids_beside_denied_names_are_asked_for_still() {
    let gateway = Gateway::enforcing();
    for name in [null(), text("")] {
        let asked = asking(
            ApiKey::METADATA,
            12,
            &[
                ("Topics.0.Name", text("team-b.orders")),
                ("Topics.1.TopicId", OWN_ID),
                ("Topics.1.Name", name),
            ],
        );
        let (sent, pending) = gateway.forward(ApiKey::METADATA, 12, &asked);
        assert_eq!(values(&sent, "Topics.*.TopicId"), [&OWN_ID]);
        let answer = answering(
            ApiKey::METADATA,
            12,
            &[("Topics.0.Name", text("team-a.orders")), ("Topics.0.TopicId", OWN_ID)],
        );
        let seen = gateway.answer(ApiKey::METADATA, 12, pending, &answer);
        assert_eq!(texts(&seen, "Topics.*.Name"), ["team-a.orders", "team-b.orders"]);
        assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [0, 29]);
    }
}

#[test]
fn versions_that_only_have_the_field_take_no_ids() {
    let gateway = Gateway::hiding();
    for version in [10, 11] {
        for (id, name) in [
            (OWN_ID, text("orders")),
            (OWN_ID, null()),
            (Value::Uuid([0; 16]), null()),
        ] {
            let asked = asking(
                ApiKey::METADATA,
                version,
                &[("Topics.0.TopicId", id), ("Topics.0.Name", name)],
            );
            let seen = gateway.local(ApiKey::METADATA, version, &asked);
            assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [42]);
        }
    }
}

#[test]
fn topics_are_deleted_by_the_ids_that_the_namespace_has_seen() {
    let gateway = Gateway::hiding();
    let asked = asking(
        ApiKey::DELETE_TOPICS,
        6,
        &[
            ("Topics.0.TopicId", OWN_ID),
            ("Topics.0.Name", null()),
            ("Topics.1.TopicId", FOREIGN_ID),
            ("Topics.1.Name", null()),
            ("Topics.2.TopicId", UNKNOWN_ID),
            ("Topics.2.Name", null()),
            ("Topics.3.Name", text("bills")),
        ],
    );
    let (sent, pending) = gateway.forward(ApiKey::DELETE_TOPICS, 6, &asked);
    assert_eq!(texts(&sent, "Topics.*.Name"), ["team-a.bills"], "no id was seen yet");
    let answer = answering(ApiKey::DELETE_TOPICS, 6, &[("Responses.0.Name", text("team-a.bills"))]);
    let seen = gateway.answer(ApiKey::DELETE_TOPICS, 6, pending, &answer);
    assert_eq!(
        texts(&seen, "Responses.*.Name"),
        ["bills", "<null>", "<null>", "<null>"]
    );
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [0, 100, 100, 100]);

    teach(&gateway);
    let (sent, pending) = gateway.forward(ApiKey::DELETE_TOPICS, 6, &asked);
    assert_eq!(texts(&sent, "Topics.*.Name"), ["<null>", "team-a.bills"]);
    assert_eq!(values(&sent, "Topics.0.TopicId"), [&OWN_ID]);
    let answer = answering(
        ApiKey::DELETE_TOPICS,
        6,
        &[
            ("Responses.0.Name", text("team-a.orders")),
            ("Responses.0.TopicId", OWN_ID),
            ("Responses.1.Name", text("team-a.bills")),
        ],
    );
    let seen = gateway.answer(ApiKey::DELETE_TOPICS, 6, pending, &answer);
    assert_eq!(
        texts(&seen, "Responses.*.Name"),
        ["orders", "bills", "<null>", "<null>"]
    );
    assert_eq!(
        values(&seen, "Responses.*.TopicId"),
        [&OWN_ID, &Value::Uuid([0; 16]), &FOREIGN_ID, &UNKNOWN_ID]
    );
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [0, 0, 100, 100]);
}

#[test]
fn a_topic_is_not_deleted_by_name_and_id() {
    let gateway = Gateway::hiding();
    teach(&gateway);
    for id in [OWN_ID, FOREIGN_ID] {
        let asked = asking(
            ApiKey::DELETE_TOPICS,
            6,
            &[("Topics.0.Name", text("orders")), ("Topics.0.TopicId", id)],
        );
        let seen = gateway.local(ApiKey::DELETE_TOPICS, 6, &asked);
        assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [42]);
    }
}

#[test]
fn ids_are_learned_from_what_names_them_and_outlive_a_change_of_policies() {
    let ids = TopicIds::default();
    let gateway = || {
        Gateway::of(vec![std::sync::Arc::new(
            Namespace::new(Mode::HidePrefix, PREFIX).with_topic_ids(ids.clone()),
        )])
    };
    let first = gateway();
    let created = answering(
        ApiKey::CREATE_TOPICS,
        7,
        &[
            ("Topics.0.Name", text("team-a.new")),
            ("Topics.0.TopicId", Value::Uuid([5; 16])),
            ("Topics.1.Name", text("team-b.new")),
            ("Topics.1.TopicId", Value::Uuid([6; 16])),
            ("Topics.2.Name", text("team-a.without-id")),
        ],
    );
    let asked = asking(ApiKey::CREATE_TOPICS, 7, &[("Topics.0.Name", text("new"))]);
    first.exchange(ApiKey::CREATE_TOPICS, 7, &asked, &created);
    assert!(ids.contains(&[5; 16]));
    assert!(!ids.contains(&[6; 16]));
    assert!(!ids.contains(&[0; 16]));
    // An id that no name stands before is nobody's, whatever came before it.
    let asked = asking(
        ApiKey::METADATA,
        12,
        &[("Topics.0.TopicId", UNKNOWN_ID), ("Topics.0.Name", null())],
    );
    let unknown = answering(
        ApiKey::METADATA,
        12,
        &[
            ("Topics.0.Name", text("team-a.new")),
            ("Topics.0.TopicId", Value::Uuid([5; 16])),
            ("Topics.1.Name", null()),
            ("Topics.1.TopicId", UNKNOWN_ID),
        ],
    );
    first.exchange(ApiKey::METADATA, 12, &asked, &unknown);
    assert!(!ids.contains(&[3; 16]));
    // Others tell ids in another order, or of what was only asked for.
    let asked = asking(ApiKey::CONSUMER_GROUP_DESCRIBE, 1, &[("GroupIds.0", text("workers"))]);
    let partitions = "Groups.0.Members.0.Assignment.TopicPartitions";
    let described = answering(
        ApiKey::CONSUMER_GROUP_DESCRIBE,
        1,
        &[
            ("Groups.0.GroupId", text("team-a.workers")),
            ("Groups.0.Members.0.SubscribedTopicNames.0", text("team-a.new")),
            (&format!("{partitions}.0.TopicName"), text("team-b.new")),
            (&format!("{partitions}.0.TopicId"), Value::Uuid([6; 16])),
        ],
    );
    let seen = first.exchange(ApiKey::CONSUMER_GROUP_DESCRIBE, 1, &asked, &described);
    assert_eq!(count(&seen, partitions), 0);
    assert!(!ids.contains(&[6; 16]));
    let asked = asking(
        ApiKey::DELETE_TOPICS,
        6,
        &[("Topics.0.Name", null()), ("Topics.0.TopicId", Value::Uuid([5; 16]))],
    );
    gateway().forward(ApiKey::DELETE_TOPICS, 6, &asked);
}

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
