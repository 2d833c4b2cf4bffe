//! Topics by their ids.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
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

/// A request to delete topics by own, foreign and unknown ids, and by name.
fn delete() -> Struct {
    asking(
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
    )
}

#[test]
fn ids_that_nobody_told_are_looked_up_before_the_request_goes_on() {
    let gateway = Gateway::hiding();
    let Fate::Waits(request, asking) = gateway.ask(ApiKey::DELETE_TOPICS, 6, &delete()) else {
        panic!("it waits")
    };
    let mut question = asking.question();
    let question = Struct::read(&question.api.request, 12, &question.body_bytes()).unwrap();
    assert_eq!(
        values(&question, "Topics.*.TopicId"),
        [&OWN_ID, &FOREIGN_ID, &UNKNOWN_ID]
    );
    let topics = [(OWN_ID, "team-a.orders"), (FOREIGN_ID, "team-b.orders")];
    let Fate::Forwarded(sent, pending) = gateway.look_up(request, asking, &topics) else {
        panic!("it goes on")
    };
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
fn ids_that_were_told_are_not_looked_up() {
    let gateway = Gateway::hiding();
    teach(&gateway);
    for (key, version, path) in [
        (ApiKey::PRODUCE, 13, "TopicData.0.TopicId"),
        (ApiKey::FETCH, 18, "Topics.0.TopicId"),
        (ApiKey::OFFSET_COMMIT, 10, "Topics.0.TopicId"),
        (ApiKey::OFFSET_FETCH, 10, "Groups.0.Topics.0.TopicId"),
        (ApiKey::TXN_OFFSET_COMMIT, 6, "Topics.0.TopicId"),
    ] {
        let mut asked = asking(key, version, &[(path, OWN_ID)]);
        if key == ApiKey::TXN_OFFSET_COMMIT {
            asked.set("TransactionalId", text("tx"));
        }
        let (sent, _) = gateway.forward(key, version, &asked);
        assert_eq!(values(&sent, path), [&OWN_ID], "{key:?}");
    }
}

#[test]
fn offsets_by_foreign_ids_are_unknown_and_the_rest_is_answered_by_the_broker() {
    let gateway = Gateway::hiding();
    teach(&gateway);
    let asked = asking(
        ApiKey::OFFSET_FETCH,
        10,
        &[
            ("Groups.0.GroupId", text("workers")),
            ("Groups.0.Topics.0.TopicId", FOREIGN_ID),
            ("Groups.0.Topics.0.PartitionIndexes.0", int(7)),
            ("Groups.0.Topics.1.TopicId", OWN_ID),
            ("Groups.1.GroupId", text("others")),
            ("Groups.1.Topics.0.TopicId", UNKNOWN_ID),
            ("Groups.1.Topics.0.PartitionIndexes.0", int(8)),
        ],
    );
    let topics = [(FOREIGN_ID, "team-b.orders")];
    let Fate::Forwarded(sent, pending) = gateway.ask_one_with(&topics, ApiKey::OFFSET_FETCH, 10, &asked) else {
        panic!("it goes on")
    };
    assert_eq!(values(&sent, "Groups.*.Topics.*.TopicId"), [&OWN_ID]);
    let answer = answering(
        ApiKey::OFFSET_FETCH,
        10,
        &[
            ("Groups.0.GroupId", text("team-a.workers")),
            ("Groups.0.Topics.0.TopicId", OWN_ID),
            ("Groups.0.Topics.0.Partitions.0.CommittedOffset", int(5)),
            ("Groups.1.GroupId", text("team-a.others")),
        ],
    );
    let seen = gateway.answer(ApiKey::OFFSET_FETCH, 10, pending, &answer);
    assert_eq!(
        values(&seen, "Groups.*.Topics.*.TopicId"),
        [&OWN_ID, &FOREIGN_ID, &UNKNOWN_ID]
    );
    assert_eq!(ints(&seen, "Groups.*.Topics.*.Partitions.*.ErrorCode"), [0, 100, 100]);
    assert_eq!(
        ints(&seen, "Groups.*.Topics.*.Partitions.*.CommittedOffset"),
        [5, -1, -1]
    );
    assert_eq!(ints(&seen, "Groups.*.Topics.*.Partitions.*.PartitionIndex"), [0, 7, 8]);
}

#[test]
fn a_broker_that_takes_no_ids_in_metadata_is_not_asked() {
    let gateway = Gateway::hiding();
    let broker = answering(
        ApiKey::API_VERSIONS,
        3,
        &[
            ("ApiKeys.0.ApiKey", int(ApiKey::METADATA.0.into())),
            ("ApiKeys.0.MaxVersion", int(11)),
        ],
    );
    gateway.exchange(ApiKey::API_VERSIONS, 3, &asking(ApiKey::API_VERSIONS, 3, &[]), &broker);
    let (sent, _) = gateway.forward(ApiKey::DELETE_TOPICS, 6, &delete());
    assert_eq!(texts(&sent, "Topics.*.Name"), ["team-a.bills"]);
}

#[test]
fn a_topic_is_not_deleted_by_name_and_id() {
    let gateway = Gateway::hiding();
    teach(&gateway);
    let asked = |id| {
        let fields = [("Topics.0.Name", text("orders")), ("Topics.0.TopicId", id)];
        asking(ApiKey::DELETE_TOPICS, 6, &fields)
    };
    let seen = gateway.local(ApiKey::DELETE_TOPICS, 6, &asked(FOREIGN_ID));
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [42]);
    assert_eq!(
        texts(&seen, "Responses.*.ErrorMessage"),
        ["You may not specify both topic name and topic id."]
    );
    // Its own ones are the broker's to refuse, which does the rest of the request.
    let (sent, _) = gateway.forward(ApiKey::DELETE_TOPICS, 6, &asked(OWN_ID));
    assert_eq!(texts(&sent, "Topics.*.Name"), ["team-a.orders"]);
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
