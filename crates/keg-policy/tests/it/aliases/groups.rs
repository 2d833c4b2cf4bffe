//! Classic groups, whose members tell each other topics.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION, Entity};
use keg_policy::Mode;

use super::play::{isolated, plain, play};
use crate::support::fill::embedded;
use crate::support::message::{ints, texts, values};
use crate::support::{Gateway, answering, asking, text};

const ALIASES: &[(&str, &str)] = &[("alias", "orders"), ("second", "orders")];
const GROUP: &str = "team-a.group";

fn topics(kind: Entity, bytes: &Value) -> Vec<String> {
    let Value::Bytes(bytes) = bytes else {
        panic!("{bytes:?}")
    };
    let (message, path) = match kind {
        Entity::ConsumerAssignment => (CONSUMER_PROTOCOL_ASSIGNMENT, "AssignedPartitions.*.Topic"),
        _ => (CONSUMER_PROTOCOL_SUBSCRIPTION, "Topics.*"),
    };
    let read = Struct::read(message, 3, &bytes[2..]).unwrap();
    if kind == Entity::ConsumerSubscription {
        // What a member owned stays, each under the topic's name.
        assert_eq!(
            values(&read, "OwnedPartitions.*.Partitions.0").len(),
            values(&read, "OwnedPartitions.*").len()
        );
    }
    texts(&read, path)
}

/// A member joins, and is told that it is the member "m"; what the others are to know that it subscribes to.
fn join(gateway: &Gateway, names: &[&str]) -> Vec<String> {
    let key = ApiKey::JOIN_GROUP;
    let subscription = Value::Bytes(embedded(Entity::ConsumerSubscription, 3, names));
    let request = asking(
        key,
        9,
        &[
            ("GroupId", text(GROUP)),
            ("ProtocolType", text("consumer")),
            ("Protocols.0.Name", text("range")),
            ("Protocols.0.Metadata", subscription),
        ],
    );
    let played = play(gateway, &[], key, 9, &request, |_| {
        answering(key, 9, &[("MemberId", text("m")), ("ProtocolType", text("consumer"))])
    });
    assert_eq!(texts(played.seen(), "MemberId"), ["m"]);
    topics(
        Entity::ConsumerSubscription,
        values(&played.sent[0], "Protocols.0.Metadata")[0],
    )
}

/// The member gets its assignment; an error code if it has to join again.
fn sync(gateway: &Gateway, version: i16, protocol: &str, assigned: &[&str]) -> Result<Vec<String>, i64> {
    let key = ApiKey::SYNC_GROUP;
    let mut fields = vec![("GroupId", text(GROUP)), ("MemberId", text("m"))];
    if version >= 5 {
        fields.push(("ProtocolType", text(protocol)));
    }
    let assignment = Value::Bytes(embedded(Entity::ConsumerAssignment, 3, assigned));
    let played = play(gateway, &[], key, version, &asking(key, version, &fields), |_| {
        answering(key, version, &[("Assignment", assignment.clone())])
    });
    match ints(played.seen(), "ErrorCode")[..] {
        [0] => Ok(topics(
            Entity::ConsumerAssignment,
            played.seen().get("Assignment").unwrap(),
        )),
        [code] => Err(code),
        _ => unreachable!(),
    }
}

#[test]
fn a_group_has_the_topic_and_each_member_the_name_that_it_subscribed_by() {
    for (names, subscribed, assigned) in [
        (&["alias"][..], &["orders"][..], "alias"),
        (&["second", "bills"], &["orders", "bills"], "second"),
        (&["orders"], &["orders"], "orders"),
        (&["second", "alias"], &["orders"], "second"),
        (&["alias", "orders", "second"], &["orders"], "orders"),
    ] {
        let gateway = plain(ALIASES);
        assert_eq!(join(&gateway, names), subscribed, "{names:?}");
        for version in 0..=5 {
            let found = sync(&gateway, version, "consumer", &["orders", "bills"]);
            assert_eq!(
                found,
                Ok(vec![assigned.to_owned(), "bills".to_owned()]),
                "{names:?} v{version}"
            );
        }
    }
}

#[test]
fn a_leader_tells_the_topics() {
    let gateway = plain(ALIASES);
    let key = ApiKey::SYNC_GROUP;
    for version in 0..=5 {
        join(&gateway, &["alias"]);
        let assignment = Value::Bytes(embedded(Entity::ConsumerAssignment, 3, &["alias", "orders"]));
        let mut fields = vec![
            ("GroupId", text(GROUP)),
            ("MemberId", text("m")),
            ("Assignments.0.MemberId", text("other")),
            ("Assignments.0.Assignment", assignment),
        ];
        if version >= 5 {
            fields.push(("ProtocolType", text("consumer")));
        }
        let (sent, _) = gateway.forward(key, version, &asking(key, version, &fields));
        let sent = values(&sent, "Assignments.0.Assignment")[0];
        assert_eq!(
            topics(Entity::ConsumerAssignment, sent),
            ["orders", "orders"],
            "v{version}"
        );
    }
}

#[test]
fn a_member_of_whom_nothing_is_known_joins_again_if_it_matters() {
    let gateway = plain(ALIASES);
    for version in 0..=5 {
        assert_eq!(sync(&gateway, version, "consumer", &["orders"]), Err(27), "v{version}");
        assert_eq!(
            sync(&gateway, version, "consumer", &["bills"]),
            Ok(vec!["bills".to_owned()])
        );
    }
    // What isn't of consumers is nothing that can be read.
    assert_eq!(sync(&gateway, 5, "connect", &["orders"]), Ok(vec!["orders".to_owned()]));
    join(&gateway, &["alias"]);
    assert_eq!(sync(&gateway, 5, "consumer", &["orders"]), Ok(vec!["alias".to_owned()]));
}

#[test]
fn a_member_that_is_given_what_it_did_not_subscribe_to_is_not_sent_back_for_ever() {
    let gateway = plain(ALIASES);
    assert_eq!(join(&gateway, &["bills"]), ["bills"]);
    assert_eq!(
        sync(&gateway, 5, "consumer", &["orders"]),
        Ok(vec!["orders".to_owned()])
    );
}

#[test]
fn an_alias_needs_no_prefix_where_topics_do() {
    let aliases = &[("alias", "team-a.orders")];
    let gateway = isolated(Mode::EnforcePrefix, aliases);
    assert_eq!(join(&gateway, &["alias"]), ["team-a.orders"]);
    assert_eq!(
        sync(&gateway, 5, "consumer", &["team-a.orders"]),
        Ok(vec!["alias".to_owned()])
    );
    let gateway = isolated(Mode::HidePrefix, ALIASES);
    assert_eq!(join(&gateway, &["alias"]), ["team-a.orders"]);
    assert_eq!(
        sync(&gateway, 5, "consumer", &["team-a.orders"]),
        Ok(vec!["alias".to_owned()])
    );
}
