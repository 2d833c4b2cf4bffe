//! Topics by their ids.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::{Mode, Namespace, TopicIds};

use crate::support::message::{count, ints, texts, values};
use crate::support::{Gateway, PREFIX, answering, asking, int, null, text};

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
        Gateway::of(vec![Arc::new(
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
