//! Aliases before a namespace.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{
    Additional, AdditionalTopics, BrokerAddresses, Conflicts, Glob, Mode, NameSet, Namespace, OnConflict,
};

use super::play::{isolated, play, policy};
use crate::support::message::{ints, texts, values};
use crate::support::{Gateway, PREFIX, answering, asking, int, null, text};

/// By mode: the topic that the client sees, and the client's names for it.
const CASES: [(Mode, &str); 2] = [(Mode::HidePrefix, "orders"), (Mode::EnforcePrefix, "team-a.orders")];

#[test]
fn an_alias_leads_through_the_namespace() {
    for (mode, topic) in CASES {
        let gateway = isolated(mode, &[("alias", topic)]);
        let key = ApiKey::LIST_OFFSETS;
        let request = asking(
            key,
            8,
            &[
                ("ReplicaId", int(-1)),
                ("Topics.0.Name", text("alias")),
                ("Topics.1.Name", text(topic)),
            ],
        );
        let played = play(&gateway, &[], key, 8, &request, |asked| {
            assert_eq!(texts(asked, "Topics.*.Name"), ["team-a.orders"]);
            answering(key, 8, &[("Topics.0.Name", text("team-a.orders"))])
        });
        assert_eq!(played.sent.len(), 2, "{mode:?}");
        assert_eq!(texts(played.seen(), "Topics.*.Name"), [topic, "alias"]);
    }
}

#[test]
fn aliases_are_listed_and_others_topics_are_not() {
    for (mode, topic) in CASES {
        let gateway = isolated(mode, &[("alias", topic), ("absent", &format!("{topic}-v9"))]);
        let key = ApiKey::METADATA;
        let played = play(
            &gateway,
            &[],
            key,
            12,
            &asking(key, 12, &[("Topics", null())]),
            |asked| match asked.get("Topics") {
                Some(Value::Null) => answering(
                    key,
                    12,
                    &[
                        ("Topics.0.Name", text("team-a.orders")),
                        ("Topics.1.Name", text("team-b.orders")),
                        ("Topics.2.Name", text("alias")),
                    ],
                ),
                _ => answering(
                    key,
                    12,
                    &[
                        ("Topics.0.Name", text("team-a.orders")),
                        ("Topics.1.ErrorCode", int(3)),
                        ("Topics.1.Name", text("team-a.orders-v9")),
                    ],
                ),
            },
        );
        assert_eq!(texts(played.seen(), "Topics.*.Name"), ["alias", topic], "{mode:?}");
    }
}

#[test]
fn an_alias_of_an_additional_topic_is_used_and_not_altered() {
    let shared = AdditionalTopics {
        names: NameSet::Glob(Glob::new("shared-*").unwrap()),
        conflict: OnConflict::Warn,
    };
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let additional = Additional {
            topics: vec![shared.clone()],
            groups: Vec::new(),
        };
        let namespace = Namespace::new(mode, PREFIX).with_additional(additional, Conflicts::default());
        let gateway = Gateway::of(vec![
            Arc::new(policy(&[("alias", "shared-prices")])),
            Arc::new(namespace),
            Arc::new(BrokerAddresses),
        ]);
        let key = ApiKey::LIST_OFFSETS;
        let request = asking(key, 8, &[("ReplicaId", int(-1)), ("Topics.0.Name", text("alias"))]);
        let (sent, pending) = gateway.forward(key, 8, &request);
        assert_eq!(texts(&sent, "Topics.*.Name"), ["shared-prices"]);
        let answer = answering(key, 8, &[("Topics.0.Name", text("shared-prices"))]);
        let seen = gateway.answer(key, 8, pending, &answer);
        assert_eq!(texts(&seen, "Topics.*.Name"), ["alias"]);
        let deletes = asking(
            ApiKey::DELETE_RECORDS,
            2,
            &[
                ("Topics.0.Name", text("alias")),
                ("Topics.0.Partitions.0.PartitionIndex", int(0)),
            ],
        );
        let refused = gateway.local(ApiKey::DELETE_RECORDS, 2, &deletes);
        assert_eq!(ints(&refused, "Topics.*.Partitions.*.ErrorCode"), [29]);
    }
}

#[test]
fn what_the_namespace_denies_is_answered_beside_aliases() {
    let gateway = isolated(Mode::EnforcePrefix, &[("alias", "team-a.orders")]);
    let key = ApiKey::LIST_OFFSETS;
    let request = asking(
        key,
        8,
        &[
            ("ReplicaId", int(-1)),
            ("Topics.0.Name", text("alias")),
            ("Topics.1.Name", text("team-b.orders")),
            ("Topics.1.Partitions.0.PartitionIndex", int(0)),
            ("Topics.2.Name", text("team-a.orders")),
        ],
    );
    let played = play(&gateway, &[], key, 8, &request, |_| {
        answering(key, 8, &[("Topics.0.Name", text("team-a.orders"))])
    });
    let mut names = texts(played.seen(), "Topics.*.Name");
    names.sort();
    assert_eq!(names, ["alias", "team-a.orders", "team-b.orders"]);
    assert_eq!(ints(played.seen(), "Topics.*.Partitions.*.ErrorCode"), [29]);
}

#[test]
fn ids_are_looked_up_by_both() {
    let topic = Value::Uuid([0x4c; 16]);
    let alias = super::play::teach(
        &isolated(Mode::HidePrefix, &[("alias", "orders")]),
        "alias",
        "team-a.orders",
        &topic,
    );
    let gateway = isolated(Mode::HidePrefix, &[("alias", "orders")]);
    let key = ApiKey::FETCH;
    let request = asking(
        key,
        13,
        &[("SessionEpoch", int(-1)), ("Topics.0.TopicId", alias.clone())],
    );
    let fetched = |asked: &Struct| {
        assert_eq!(values(asked, "Topics.*.TopicId"), [&topic]);
        answering(key, 13, &[("Responses.0.TopicId", topic.clone())])
    };
    let played = play(
        &gateway,
        &[("team-a.orders", topic.clone())],
        key,
        13,
        &request,
        fetched,
    );
    assert_eq!(played.look_ups, 1, "with that the namespace knows it too");
    assert_eq!(values(played.seen(), "Responses.*.TopicId"), [&alias]);
}
