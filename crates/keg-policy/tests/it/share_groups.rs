//! Share groups (KIP-932).

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::Mode;

use crate::support::message::{count, ints, texts, values};
use crate::support::names::{Owner, topic_id, topics};
use crate::support::{Fate, Gateway, answering, asking, int, null, text};

const MEMBER: &str = "A8BHOgaTSSmpNRSyVbx2eQ";

/// What is asked for: whose topic, and how many batches of it are acknowledged.
type Topics<'a> = &'a [(Owner, usize)];

fn message(key: ApiKey, version: i16, epoch: i64, topics: Topics<'_>) -> Struct {
    let mut fields = vec![
        ("GroupId".to_owned(), text("workers")),
        ("MemberId".to_owned(), text(MEMBER)),
        ("ShareSessionEpoch".to_owned(), int(epoch)),
    ];
    for (index, (owner, batches)) in topics.iter().enumerate() {
        let topic = format!("Topics.{index}");
        fields.push((format!("{topic}.TopicId"), topic_id(*owner)));
        fields.push((format!("{topic}.Partitions.0.PartitionIndex"), int(7)));
        for batch in 0..*batches {
            let path = format!("{topic}.Partitions.0.AcknowledgementBatches.{batch}.LastOffset");
            fields.push((path, int(9)));
        }
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()))
        .collect();
    asking(key, version, &fields)
}

fn fetch(epoch: i64, topics: Topics<'_>) -> Struct {
    message(ApiKey::SHARE_FETCH, 2, epoch, topics)
}

/// What goes on of a request, after a look-up if it needs one.
fn forward(gateway: &Gateway, key: ApiKey, version: i16, asked: &Struct) -> (Struct, keg_policy::Pending) {
    match gateway.ask_one_with(&topics(), key, version, asked) {
        Fate::Forwarded(sent, pending) => (sent, pending),
        other => panic!("{other:?}"),
    }
}

#[test]
fn foreign_topics_are_denied_beside_own_ones_and_the_session_goes_on() {
    let gateway = Gateway::hiding();
    for (key, version) in [
        (ApiKey::SHARE_FETCH, 1),
        (ApiKey::SHARE_FETCH, 2),
        (ApiKey::SHARE_ACKNOWLEDGE, 1),
        (ApiKey::SHARE_ACKNOWLEDGE, 2),
    ] {
        let asked = message(key, version, 0, &[(Owner::OtherTenant, 1), (Owner::Client, 1)]);
        let (sent, pending) = forward(&gateway, key, version, &asked);
        assert_eq!(texts(&sent, "GroupId"), ["team-a.workers"]);
        assert_eq!(values(&sent, "Topics.*.TopicId"), [&topic_id(Owner::Client)]);
        let answer = answering(
            key,
            version,
            &[
                ("Responses.0.TopicId", topic_id(Owner::Client)),
                ("Responses.0.Partitions.0.PartitionIndex", int(7)),
            ],
        );
        let seen = gateway.answer(key, version, pending, &answer);
        assert_eq!(ints(&seen, "ErrorCode"), [0]);
        assert_eq!(
            values(&seen, "Responses.*.TopicId"),
            [&topic_id(Owner::Client), &topic_id(Owner::OtherTenant)]
        );
        assert_eq!(ints(&seen, "Responses.*.Partitions.*.PartitionIndex"), [7, 7]);
        assert_eq!(ints(&seen, "Responses.*.Partitions.*.ErrorCode"), [0, 100]);
        if key == ApiKey::SHARE_FETCH {
            assert_eq!(ints(&seen, "Responses.*.Partitions.*.AcknowledgeErrorCode"), [0, 100]);
        }
    }
}

#[test]
fn requests_that_name_foreign_topics_alone_are_counted_by_the_node_still() {
    let gateway = Gateway::hiding();
    for key in [ApiKey::SHARE_FETCH, ApiKey::SHARE_ACKNOWLEDGE] {
        let asked = message(key, 2, 3, &[(Owner::OtherTenant, 0)]);
        let (sent, pending) = forward(&gateway, key, 2, &asked);
        assert_eq!((count(&sent, "Topics"), ints(&sent, "ShareSessionEpoch")), (0, vec![3]));
        let seen = gateway.answer(key, 2, pending, &answering(key, 2, &[]));
        assert_eq!(ints(&seen, "Responses.*.Partitions.*.ErrorCode"), [100]);
        if key == ApiKey::SHARE_FETCH {
            // Nothing was acknowledged.
            assert_eq!(ints(&seen, "Responses.*.Partitions.*.AcknowledgeErrorCode"), [0]);
        }
    }
}

#[test]
fn a_client_begins_anew_after_a_topic_did_not_get_into_its_session() {
    let gateway = Gateway::hiding();
    let denied: Topics<'_> = &[(Owner::Client, 0), (Owner::OtherTenant, 0)];
    for (epoch, next, told) in [
        // Another session, with all topics in it.
        (0, 0, false),
        (0, 1, true),
        (5, 6, true),
        // Its end, and a request in which there is no session.
        (0, -1, false),
        (-1, 1, false),
    ] {
        forward(&gateway, ApiKey::SHARE_FETCH, 2, &fetch(epoch, denied));
        // It is another member's affair, or another group's.
        let mut other = fetch(1, &[]);
        other.set("MemberId", text("another"));
        gateway.forward(ApiKey::SHARE_FETCH, 2, &other);
        let mut other = fetch(1, &[]);
        other.set("GroupId", text("others"));
        gateway.forward(ApiKey::SHARE_FETCH, 2, &other);
        // Acknowledgements have no part in it.
        gateway.forward(
            ApiKey::SHARE_ACKNOWLEDGE,
            2,
            &message(ApiKey::SHARE_ACKNOWLEDGE, 2, 1, &[]),
        );
        if told {
            let seen = gateway.local(ApiKey::SHARE_FETCH, 2, &fetch(next, &[]));
            assert_eq!(ints(&seen, "ErrorCode"), [122]);
        } else {
            gateway.forward(ApiKey::SHARE_FETCH, 2, &fetch(next, &[]));
        }
        // Once.
        gateway.forward(ApiKey::SHARE_FETCH, 2, &fetch(next + 1, &[]));
    }
    // What all topics got into stays.
    gateway.forward(ApiKey::SHARE_FETCH, 2, &fetch(0, &[(Owner::Client, 0)]));
    gateway.forward(ApiKey::SHARE_FETCH, 2, &fetch(1, &[]));
}

#[test]
fn foreign_topics_are_forgotten_without_a_word() {
    let gateway = Gateway::hiding();
    let mut asked = fetch(4, &[]);
    let forgotten = asking(
        ApiKey::SHARE_FETCH,
        2,
        &[
            ("ForgottenTopicsData.0.TopicId", topic_id(Owner::OtherTenant)),
            ("ForgottenTopicsData.1.TopicId", topic_id(Owner::Client)),
        ],
    );
    asked.set(
        "ForgottenTopicsData",
        forgotten.get("ForgottenTopicsData").unwrap().clone(),
    );
    let (sent, _) = forward(&gateway, ApiKey::SHARE_FETCH, 2, &asked);
    assert_eq!(
        values(&sent, "ForgottenTopicsData.*.TopicId"),
        [&topic_id(Owner::Client)]
    );
    // The session is none the worse for it.
    gateway.forward(ApiKey::SHARE_FETCH, 2, &fetch(5, &[]));
}

#[test]
fn the_session_of_another_member_of_a_shared_group_shows_no_foreign_topics() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::sharing(mode);
        let mut asked = fetch(1, &[(Owner::Client, 0), (Owner::Shared, 0)]);
        asked.set("GroupId", text("shared-group"));
        let (sent, pending) = forward(&gateway, ApiKey::SHARE_FETCH, 2, &asked);
        assert_eq!(texts(&sent, "GroupId"), ["shared-group"]);
        let answer = answering(
            ApiKey::SHARE_FETCH,
            2,
            &[
                ("Responses.0.TopicId", topic_id(Owner::OtherTenant)),
                ("Responses.0.Partitions.0.Records", Value::Bytes(b"secret".to_vec())),
                ("Responses.1.TopicId", topic_id(Owner::Client)),
                ("Responses.2.TopicId", topic_id(Owner::Shared)),
            ],
        );
        let seen = gateway.answer(ApiKey::SHARE_FETCH, 2, pending, &answer);
        assert_eq!(
            values(&seen, "Responses.*.TopicId"),
            [&topic_id(Owner::Client), &topic_id(Owner::Shared)]
        );
    }
}

#[test]
fn the_id_that_is_none_is_answered_as_the_broker_does() {
    let gateway = Gateway::hiding();
    let none = Value::Uuid([0; 16]);
    let fields = [
        ("GroupId", text("workers")),
        ("ShareSessionEpoch", int(-1)),
        ("Topics.0.TopicId", none.clone()),
        ("Topics.0.Partitions.0.PartitionIndex", int(3)),
    ];
    let (sent, pending) = gateway.forward(ApiKey::SHARE_FETCH, 2, &asking(ApiKey::SHARE_FETCH, 2, &fields));
    assert_eq!(values(&sent, "Topics.*.TopicId"), [&none]);
    let fields = [
        ("Responses.0.TopicId", none.clone()),
        ("Responses.0.Partitions.0.PartitionIndex", int(3)),
        ("Responses.0.Partitions.0.AcknowledgeErrorCode", int(100)),
    ];
    let answer = answering(ApiKey::SHARE_FETCH, 2, &fields);
    assert_eq!(gateway.answer(ApiKey::SHARE_FETCH, 2, pending, &answer), answer);
}

#[test]
fn requests_without_a_group_are_refused() {
    let gateway = Gateway::hiding();
    for key in [ApiKey::SHARE_FETCH, ApiKey::SHARE_ACKNOWLEDGE] {
        let mut asked = message(key, 2, 0, &[]);
        asked.set("GroupId", null());
        assert_eq!(ints(&gateway.local(key, 2, &asked), "ErrorCode"), [42]);
    }
}

#[test]
fn offsets_are_described_within_each_group() {
    const KEY: ApiKey = ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS;
    let gateway = Gateway::enforcing();
    for version in 0..=1 {
        let asked = asking(
            KEY,
            version,
            &[
                ("Groups.0.GroupId", text("team-a.one")),
                ("Groups.0.Topics.0.TopicName", text("team-b.x")),
                ("Groups.0.Topics.0.Partitions.0", int(3)),
                ("Groups.0.Topics.0.Partitions.1", int(4)),
                ("Groups.0.Topics.1.TopicName", text("team-a.x")),
                ("Groups.1.GroupId", text("team-b.two")),
                ("Groups.2.GroupId", text("team-a.all")),
                ("Groups.2.Topics", null()),
            ],
        );
        let (sent, pending) = gateway.forward(KEY, version, &asked);
        assert_eq!(texts(&sent, "Groups.*.GroupId"), ["team-a.one", "team-a.all"]);
        assert_eq!(texts(&sent, "Groups.*.Topics.*.TopicName"), ["team-a.x"]);
        let answer = answering(
            KEY,
            version,
            &[
                ("Groups.0.GroupId", text("team-a.all")),
                ("Groups.0.Topics.0.TopicName", text("team-b.y")),
                ("Groups.0.Topics.1.TopicName", text("team-a.y")),
                ("Groups.0.Topics.1.TopicId", topic_id(Owner::Client)),
                ("Groups.1.GroupId", text("team-a.one")),
                ("Groups.1.Topics.0.TopicName", text("team-a.x")),
            ],
        );
        let seen = gateway.answer(KEY, version, pending, &answer);
        assert_eq!(
            texts(&seen, "Groups.*.GroupId"),
            ["team-a.all", "team-a.one", "team-b.two"]
        );
        assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [0, 0, 30]);
        assert_eq!(texts(&seen, "Groups.0.Topics.*.TopicName"), ["team-a.y"]);
        assert_eq!(texts(&seen, "Groups.1.Topics.*.TopicName"), ["team-a.x", "team-b.x"]);
        let denied = "Groups.1.Topics.1.Partitions.*";
        assert_eq!(ints(&seen, &format!("{denied}.PartitionIndex")), [3, 4]);
        assert_eq!(ints(&seen, &format!("{denied}.ErrorCode")), [29, 29]);
    }
}

#[test]
fn offsets_of_foreign_topics_are_neither_altered_nor_deleted() {
    let gateway = Gateway::enforcing();
    for (key, partition) in [
        (
            ApiKey::ALTER_SHARE_GROUP_OFFSETS,
            Some("Topics.0.Partitions.0.PartitionIndex"),
        ),
        (ApiKey::DELETE_SHARE_GROUP_OFFSETS, None),
    ] {
        let mut fields = vec![
            ("GroupId", text("team-a.workers")),
            ("Topics.0.TopicName", text("team-b.x")),
            ("Topics.1.TopicName", text("team-a.x")),
        ];
        fields.extend(partition.map(|path| (path, int(3))));
        let (sent, pending) = gateway.forward(key, 0, &asking(key, 0, &fields));
        assert_eq!(texts(&sent, "Topics.*.TopicName"), ["team-a.x"]);
        let answer = answering(key, 0, &[("Responses.0.TopicName", text("team-a.x"))]);
        let seen = gateway.answer(key, 0, pending, &answer);
        assert_eq!(ints(&seen, "ErrorCode"), [0]);
        assert_eq!(texts(&seen, "Responses.*.TopicName"), ["team-a.x", "team-b.x"]);
        match partition {
            Some(_) => assert_eq!(ints(&seen, "Responses.1.Partitions.*.ErrorCode"), [29]),
            None => assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [0, 29]),
        }
    }
}
