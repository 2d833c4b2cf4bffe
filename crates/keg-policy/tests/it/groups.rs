//! Classic groups, whose members exchange topics inside of bytes.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;

use crate::support::fill::embedded;
use crate::support::message::{ints, texts, values};
use crate::support::{Fate, Gateway, answering, asking, text};

fn subscription(version: i16, topics: &[&str]) -> Vec<u8> {
    embedded(Entity::ConsumerSubscription, version, topics)
}

fn assignment(version: i16, topics: &[&str]) -> Vec<u8> {
    embedded(Entity::ConsumerAssignment, version, topics)
}

fn join(version: i16, group: &str, protocol: &str, metadata: &[u8]) -> Struct {
    asking(
        ApiKey::JOIN_GROUP,
        version,
        &[
            ("GroupId", text(group)),
            ("ProtocolType", text(protocol)),
            ("Protocols.0.Name", text("range")),
            ("Protocols.0.Metadata", Value::Bytes(metadata.to_vec())),
        ],
    )
}

fn sync(version: i16, group: &str, protocol: Option<&str>, assigned: &[u8]) -> Struct {
    let mut fields = vec![
        ("GroupId", text(group)),
        ("Assignments.0.MemberId", text("member")),
        ("Assignments.0.Assignment", Value::Bytes(assigned.to_vec())),
    ];
    if let Some(protocol) = protocol {
        fields.push(("ProtocolType", text(protocol)));
    }
    asking(ApiKey::SYNC_GROUP, version, &fields)
}

fn only(bytes: &[u8]) -> Vec<Vec<u8>> {
    vec![bytes.to_vec()]
}

fn bytes(from: &Struct, path: &str) -> Vec<Vec<u8>> {
    let bytes = |value: &Value| match value {
        Value::Bytes(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    };
    values(from, path).into_iter().map(bytes).collect()
}

#[test]
fn subscriptions_are_prefixed_on_the_way_in_and_back_on_the_way_out() {
    let gateway = Gateway::hiding();
    for version in 0..=9 {
        for protocol in 0..=3 {
            let own = subscription(protocol, &["orders", "bills"]);
            let on_backend = subscription(protocol, &["team-a.orders", "team-a.bills"]);
            let asked = join(version, "workers", "consumer", &own);
            let (sent, pending) = gateway.forward(ApiKey::JOIN_GROUP, version, &asked);
            assert_eq!(texts(&sent, "GroupId"), ["team-a.workers"]);
            assert_eq!(bytes(&sent, "Protocols.*.Metadata"), only(&on_backend));
            // The leader gets what all members sent; one of them came beside the gateway.
            let beside = subscription(protocol, &["team-b.orders", "team-a.orders", "__consumer_offsets"]);
            let answer = answering(
                ApiKey::JOIN_GROUP,
                version,
                &[
                    ("Members.0.Metadata", Value::Bytes(on_backend)),
                    ("Members.1.Metadata", Value::Bytes(beside)),
                ],
            );
            let seen = gateway.answer(ApiKey::JOIN_GROUP, version, pending, &answer);
            assert_eq!(
                bytes(&seen, "Members.*.Metadata"),
                [own, subscription(protocol, &["orders"])],
                "v{version}"
            );
        }
    }
}

#[test]
fn a_newer_consumer_protocol_keeps_what_it_adds() {
    let gateway = Gateway::hiding();
    let newer = |topics: &[&str]| {
        let mut bytes = subscription(3, topics);
        bytes[..2].copy_from_slice(&17_i16.to_be_bytes());
        bytes.extend(b"something new");
        bytes
    };
    let asked = join(9, "workers", "consumer", &newer(&["orders"]));
    let (sent, pending) = gateway.forward(ApiKey::JOIN_GROUP, 9, &asked);
    let on_backend = newer(&["team-a.orders"]);
    assert_eq!(bytes(&sent, "Protocols.*.Metadata"), only(&on_backend));
    let answer = answering(
        ApiKey::JOIN_GROUP,
        9,
        &[("Members.0.Metadata", Value::Bytes(on_backend))],
    );
    let seen = gateway.answer(ApiKey::JOIN_GROUP, 9, pending, &answer);
    assert_eq!(bytes(&seen, "Members.*.Metadata"), [newer(&["orders"])]);
}

#[test]
fn bytes_of_other_protocols_are_left_alone() {
    let gateway = Gateway::hiding();
    let looks_like_one = subscription(1, &["team-a.orders", "team-b.orders"]);
    let not_one: [&[u8]; 5] = [
        b"",
        b"\0",
        b"\xff\xfe\0\0",
        b"\0\x01\0\0\0\x07",
        b"no subscription at all",
    ];
    let check = |protocol, metadata: &[u8]| {
        let asked = join(9, "workers", protocol, metadata);
        let (sent, pending) = gateway.forward(ApiKey::JOIN_GROUP, 9, &asked);
        assert_eq!(bytes(&sent, "Protocols.*.Metadata"), [metadata]);
        let answer = answering(
            ApiKey::JOIN_GROUP,
            9,
            &[("Members.0.Metadata", Value::Bytes(metadata.to_vec()))],
        );
        let seen = gateway.answer(ApiKey::JOIN_GROUP, 9, pending, &answer);
        assert_eq!(bytes(&seen, "Members.*.Metadata"), [metadata]);
    };
    for protocol in ["connect", "sr", ""] {
        check(protocol, &looks_like_one);
    }
    for metadata in not_one {
        check("consumer", metadata);
    }
}

#[test]
fn assignments_are_prefixed_where_the_request_says_what_they_are() {
    let gateway = Gateway::hiding();
    for protocol in 0..=3 {
        let own = assignment(protocol, &["orders", "bills"]);
        let on_backend = assignment(protocol, &["team-a.orders", "team-a.bills"]);
        let asked = sync(5, "workers", Some("consumer"), &own);
        let (sent, pending) = gateway.forward(ApiKey::SYNC_GROUP, 5, &asked);
        assert_eq!(bytes(&sent, "Assignments.*.Assignment"), [on_backend]);
        let beside = assignment(protocol, &["__consumer_offsets", "team-a.orders"]);
        let answer = answering(ApiKey::SYNC_GROUP, 5, &[("Assignment", Value::Bytes(beside))]);
        let seen = gateway.answer(ApiKey::SYNC_GROUP, 5, pending, &answer);
        assert_eq!(bytes(&seen, "Assignment"), [assignment(protocol, &["orders"])]);
    }
    let connect = assignment(0, &["orders"]);
    let (sent, _) = gateway.forward(ApiKey::SYNC_GROUP, 5, &sync(5, "workers", Some("connect"), &connect));
    assert_eq!(bytes(&sent, "Assignments.*.Assignment"), [connect]);
}

#[test]
fn what_a_group_is_made_of_is_remembered_from_its_join_on_the_connection() {
    let gateway = Gateway::hiding();
    let own = assignment(1, &["orders"]);
    let on_backend = assignment(1, &["team-a.orders"]);
    gateway.join(&text("consumers"), "consumer", 0);
    gateway.join(&text("workers"), "connect", 0);
    for version in 0..=5 {
        let (sent, pending) = gateway.forward(ApiKey::SYNC_GROUP, version, &sync(version, "consumers", None, &own));
        assert_eq!(
            bytes(&sent, "Assignments.*.Assignment"),
            only(&on_backend),
            "v{version}"
        );
        let answer = answering(
            ApiKey::SYNC_GROUP,
            version,
            &[("Assignment", Value::Bytes(on_backend.clone()))],
        );
        let seen = gateway.answer(ApiKey::SYNC_GROUP, version, pending, &answer);
        assert_eq!(bytes(&seen, "Assignment"), only(&own), "v{version}");
        let (sent, _) = gateway.forward(ApiKey::SYNC_GROUP, version, &sync(version, "workers", None, &own));
        assert_eq!(bytes(&sent, "Assignments.*.Assignment"), only(&own), "v{version}");
    }
}

#[test]
fn a_join_that_is_refused_says_nothing_of_the_group() {
    const INCONSISTENT_GROUP_PROTOCOL: i64 = 23;
    let gateway = Gateway::hiding();
    let request = sync(3, "workers", None, &assignment(1, &["orders"]));
    gateway.join(&text("workers"), "connect", INCONSISTENT_GROUP_PROTOCOL);
    let seen = gateway.local(ApiKey::SYNC_GROUP, 3, &request);
    assert_eq!(ints(&seen, "ErrorCode"), [27]);
    gateway.join(&text("workers"), "consumer", 0);
    gateway.join(&text("workers"), "connect", INCONSISTENT_GROUP_PROTOCOL);
    let (sent, _) = gateway.forward(ApiKey::SYNC_GROUP, 3, &request);
    let on_backend = assignment(1, &["team-a.orders"]);
    assert_eq!(bytes(&sent, "Assignments.*.Assignment"), [on_backend]);
}

#[test]
fn a_member_that_joined_on_another_connection_joins_again() {
    let (joined, other) = (Gateway::hiding(), Gateway::hiding());
    joined.join(&text("workers"), "consumer", 0);
    for version in 0..=5 {
        let asked = sync(version, "workers", None, &assignment(1, &["orders"]));
        joined.forward(ApiKey::SYNC_GROUP, version, &asked);
        let seen = other.local(ApiKey::SYNC_GROUP, version, &asked);
        assert_eq!(ints(&seen, "ErrorCode"), [27], "v{version}");
    }
}

#[test]
fn groups_are_told_apart_byte_by_byte() {
    // Not UTF-8, which brokers read with replacement characters.
    let gateway = Gateway::hiding();
    let named = |mut request: Struct, group: &[u8]| {
        request.set("GroupId", Value::Bytes(group.to_vec()));
        request
    };
    gateway.join(&Value::Bytes(b"\xff\x01".to_vec()), "consumer", 0);
    let other = named(sync(3, "", None, b""), b"\xff\x02");
    assert!(matches!(gateway.ask(ApiKey::SYNC_GROUP, 3, &other), Fate::Answered(_)));
    let same = named(sync(3, "", None, b""), b"\xff\x01");
    assert!(matches!(gateway.ask(ApiKey::SYNC_GROUP, 3, &same), Fate::Forwarded(..)));
}

#[test]
fn a_subscription_with_a_topic_that_is_not_admitted_refuses_the_join() {
    let check = |gateway: Gateway, topic: &str, code| {
        let asked = join(
            9,
            "team-a.workers",
            "consumer",
            &subscription(1, &["team-a.fine", topic]),
        );
        let seen = gateway.local(ApiKey::JOIN_GROUP, 9, &asked);
        assert_eq!(ints(&seen, "ErrorCode"), [code]);
        let asked = sync(5, "team-a.workers", Some("consumer"), &assignment(1, &[topic]));
        let seen = gateway.local(ApiKey::SYNC_GROUP, 5, &asked);
        assert_eq!(ints(&seen, "ErrorCode"), [code]);
    };
    check(Gateway::enforcing(), "team-b.orders", 29);
    check(Gateway::hiding(), &"x".repeat(0x7fff), 17);
}

#[test]
fn described_groups_show_what_their_own_protocol_says() {
    let gateway = Gateway::hiding();
    for version in 0..=6 {
        let topics = ["team-a.orders", "team-b.orders"];
        let member = |group: usize, fields: &mut Vec<(String, Value)>| {
            let member = format!("Groups.{group}.Members.0");
            fields.push((
                format!("{member}.MemberMetadata"),
                Value::Bytes(subscription(1, &topics)),
            ));
            fields.push((
                format!("{member}.MemberAssignment"),
                Value::Bytes(assignment(1, &topics)),
            ));
        };
        let mut fields = vec![
            ("Groups.0.GroupId".to_owned(), text("team-a.consumers")),
            ("Groups.0.ProtocolType".to_owned(), text("consumer")),
            ("Groups.1.GroupId".to_owned(), text("team-a.workers")),
            ("Groups.1.ProtocolType".to_owned(), text("connect")),
            ("Groups.2.GroupId".to_owned(), text("team-b.others")),
            ("Groups.2.ProtocolType".to_owned(), text("consumer")),
        ];
        (0..3).for_each(|group| member(group, &mut fields));
        let fields: Vec<_> = fields
            .iter()
            .map(|(path, value)| (path.as_str(), value.clone()))
            .collect();
        let asked = asking(ApiKey::DESCRIBE_GROUPS, version, &[("Groups.0", text("consumers"))]);
        let answer = answering(ApiKey::DESCRIBE_GROUPS, version, &fields);
        let seen = gateway.exchange(ApiKey::DESCRIBE_GROUPS, version, &asked, &answer);
        assert_eq!(texts(&seen, "Groups.*.GroupId"), ["consumers", "workers"]);
        assert_eq!(
            bytes(&seen, "Groups.*.Members.*.MemberMetadata"),
            [subscription(1, &["orders"]), subscription(1, &topics)]
        );
        assert_eq!(
            bytes(&seen, "Groups.*.Members.*.MemberAssignment"),
            [assignment(1, &["orders"]), assignment(1, &topics)]
        );
    }
}

#[test]
fn only_own_groups_are_listed() {
    let gateway = Gateway::hiding();
    for version in 0..=5 {
        let answer = answering(
            ApiKey::LIST_GROUPS,
            version,
            &[
                ("Groups.0.GroupId", text("team-b.workers")),
                ("Groups.1.GroupId", text("team-a.workers")),
                ("Groups.2.GroupId", text("")),
                ("Groups.3.GroupId", text("team-a.")),
                ("Groups.4.GroupId", text("workers")),
            ],
        );
        let asked = asking(ApiKey::LIST_GROUPS, version, &[]);
        let seen = gateway.exchange(ApiKey::LIST_GROUPS, version, &asked, &answer);
        assert_eq!(texts(&seen, "Groups.*.GroupId"), ["workers", ""]);
    }
}
