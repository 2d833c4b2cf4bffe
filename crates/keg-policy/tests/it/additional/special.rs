//! What the tables can't know.

use std::sync::{Arc, Mutex};

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_codec::schema::Entity;
use keg_policy::{Additional, AdditionalTopics, Conflicts, Glob, Mode, NameSet, Namespace, OnConflict};

use crate::support::fill::embedded;
use crate::support::message::{ints, texts, values};
use crate::support::{Fate, Gateway, PREFIX, answering, asking, int, null, text};

#[test]
fn members_exchange_shared_topics_beside_their_own() {
    let gateway = Gateway::sharing(Mode::HidePrefix);
    let subscription = |topics: &[&str]| Value::Bytes(embedded(Entity::ConsumerSubscription, 3, topics));
    let joins = |topics: &[&str]| {
        asking(
            ApiKey::JOIN_GROUP,
            9,
            &[
                ("GroupId", text("shared-group")),
                ("ProtocolType", text("consumer")),
                ("Protocols.0.Metadata", subscription(topics)),
            ],
        )
    };
    let (sent, pending) = gateway.forward(ApiKey::JOIN_GROUP, 9, &joins(&["orders", "shared-prices"]));
    assert_eq!(texts(&sent, "GroupId"), ["shared-group"]);
    let expected = subscription(&["team-a.orders", "shared-prices"]);
    assert_eq!(values(&sent, "Protocols.0.Metadata"), [&expected]);
    // Another tenant's member is in the same group.
    let answer = answering(
        ApiKey::JOIN_GROUP,
        9,
        &[
            ("ProtocolType", text("consumer")),
            ("Members.0.MemberId", text("theirs")),
            (
                "Members.0.Metadata",
                subscription(&["team-b.orders", "shared-prices", "__consumer_offsets"]),
            ),
        ],
    );
    let seen = gateway.answer(ApiKey::JOIN_GROUP, 9, pending, &answer);
    let expected = subscription(&["shared-prices"]);
    assert_eq!(values(&seen, "Members.*.Metadata"), [&expected]);
}

#[test]
fn resources_are_shared_by_their_kinds() {
    let gateway = Gateway::sharing(Mode::HidePrefix);
    let asked = |key, version| {
        asking(
            key,
            version,
            &[
                ("Resources.0.ResourceType", int(2)),
                ("Resources.0.ResourceName", text("shared-prices")),
                ("Resources.1.ResourceType", int(32)),
                ("Resources.1.ResourceName", text("shared-group")),
                ("Resources.2.ResourceType", int(32)),
                ("Resources.2.ResourceName", text("__x")),
                ("Resources.3.ResourceType", int(2)),
                ("Resources.3.ResourceName", text("__x")),
            ],
        )
    };
    let (sent, _) = gateway.forward(ApiKey::DESCRIBE_CONFIGS, 4, &asked(ApiKey::DESCRIBE_CONFIGS, 4));
    assert_eq!(
        texts(&sent, "Resources.*.ResourceName"),
        ["shared-prices", "shared-group", "team-a.__x", "__x"]
    );
    let key = ApiKey::INCREMENTAL_ALTER_CONFIGS;
    let (sent, pending) = gateway.forward(key, 1, &asked(key, 1));
    assert_eq!(texts(&sent, "Resources.*.ResourceName"), ["team-a.__x"]);
    let answer = answering(
        key,
        1,
        &[
            ("Responses.0.ResourceType", int(32)),
            ("Responses.0.ResourceName", text("team-a.__x")),
        ],
    );
    let seen = gateway.answer(key, 1, pending, &answer);
    assert_eq!(
        texts(&seen, "Responses.*.ResourceName"),
        ["__x", "shared-prices", "__x", "shared-group"]
    );
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [0, 29, 29, 30]);
}

#[test]
fn denied_topics_are_answered_in_the_shared_group_that_they_were_asked_of() {
    let gateway = Gateway::sharing(Mode::EnforcePrefix);
    let key = ApiKey::OFFSET_FETCH;
    let asked = asking(
        key,
        8,
        &[
            ("Groups.0.GroupId", text("shared-group")),
            ("Groups.0.Topics.0.Name", text("team-b.orders")),
            ("Groups.0.Topics.0.PartitionIndexes.0", int(4)),
            ("Groups.0.Topics.1.Name", text("shared-prices")),
        ],
    );
    let (sent, pending) = gateway.forward(key, 8, &asked);
    assert_eq!(texts(&sent, "Groups.*.Topics.*.Name"), ["shared-prices"]);
    let answer = answering(
        key,
        8,
        &[
            ("Groups.0.GroupId", text("shared-group")),
            ("Groups.0.Topics.0.Name", text("shared-prices")),
        ],
    );
    let seen = gateway.answer(key, 8, pending, &answer);
    assert_eq!(
        texts(&seen, "Groups.*.Topics.*.Name"),
        ["shared-prices", "team-b.orders"]
    );
    assert_eq!(ints(&seen, "Groups.*.Topics.1.Partitions.*.ErrorCode"), [29]);
}

#[test]
fn ids_of_shared_topics_are_known_and_delete_nothing() {
    let gateway = Gateway::sharing(Mode::HidePrefix);
    let (own, shared) = (Value::Uuid([1; 16]), Value::Uuid([2; 16]));
    let by_id = asking(
        ApiKey::METADATA,
        12,
        &[("Topics.0.TopicId", shared.clone()), ("Topics.0.Name", null())],
    );
    let answer = answering(
        ApiKey::METADATA,
        12,
        &[
            ("Topics.0.Name", text("shared-prices")),
            ("Topics.0.TopicId", shared.clone()),
            ("Topics.1.Name", text("team-a.orders")),
            ("Topics.1.TopicId", own.clone()),
            ("Topics.2.Name", text("__consumer_offsets")),
            ("Topics.2.TopicId", Value::Uuid([3; 16])),
        ],
    );
    let seen = gateway.exchange(ApiKey::METADATA, 12, &by_id, &answer);
    assert_eq!(texts(&seen, "Topics.*.Name"), ["shared-prices", "orders", "<null>"]);
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [0, 0, 100]);

    let key = ApiKey::DELETE_TOPICS;
    let asked = asking(
        key,
        6,
        &[
            ("Topics.0.TopicId", shared.clone()),
            ("Topics.0.Name", null()),
            ("Topics.1.TopicId", own.clone()),
            ("Topics.1.Name", null()),
            ("Topics.2.Name", text("shared-prices")),
        ],
    );
    let (sent, pending) = gateway.forward(key, 6, &asked);
    assert_eq!(values(&sent, "Topics.*.TopicId"), [&own]);
    let answer = answering(
        key,
        6,
        &[
            ("Responses.0.Name", text("team-a.orders")),
            ("Responses.0.TopicId", own.clone()),
        ],
    );
    let seen = gateway.answer(key, 6, pending, &answer);
    assert_eq!(texts(&seen, "Responses.*.Name"), ["orders", "<null>", "shared-prices"]);
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [0, 29, 29]);
}

#[test]
fn a_topic_whose_name_a_shared_one_has_is_left_out_and_told_of() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let conflicts = {
        let told = Arc::clone(&told);
        Conflicts::new(move |topic| told.lock().unwrap().push(topic.to_owned()))
    };
    let additional = Additional {
        topics: vec![AdditionalTopics {
            names: NameSet::Glob(Glob::new("shared-*").unwrap()),
            conflict: OnConflict::Warn,
        }],
        groups: Vec::new(),
    };
    let namespace = Namespace::new(Mode::HidePrefix, PREFIX).with_additional(additional, conflicts);
    let gateway = Gateway::of(vec![Arc::new(namespace)]);
    let asked = asking(ApiKey::METADATA, 12, &[("Topics", null())]);
    let answer = answering(
        ApiKey::METADATA,
        12,
        &[
            ("Topics.0.Name", text("team-a.shared-prices")),
            ("Topics.0.TopicId", Value::Uuid([1; 16])),
            ("Topics.1.Name", text("shared-prices")),
            ("Topics.1.TopicId", Value::Uuid([2; 16])),
        ],
    );
    for _ in 0..2 {
        let seen = gateway.exchange(ApiKey::METADATA, 12, &asked, &answer);
        assert_eq!(texts(&seen, "Topics.*.Name"), ["shared-prices"]);
        assert_eq!(values(&seen, "Topics.*.TopicId"), [&Value::Uuid([2; 16])]);
    }
    assert_eq!(*told.lock().unwrap(), ["team-a.shared-prices"]);
    // Neither can it be reached by its id.
    let by_id = asking(
        ApiKey::DELETE_TOPICS,
        6,
        &[("Topics.0.Name", null()), ("Topics.0.TopicId", Value::Uuid([1; 16]))],
    );
    let topics = [(Value::Uuid([1; 16]), "team-a.shared-prices")];
    let Fate::Answered(seen) = gateway.ask_one_with(&topics, ApiKey::DELETE_TOPICS, 6, &by_id) else {
        panic!("it is answered here")
    };
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [100]);
}
