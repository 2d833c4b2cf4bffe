//! Groups whose coordinator assigns topics by their ids (KIP-848, KIP-932).

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{AliasMemory, Chain};

use super::play::{Played, id, plain, play, policy, remembering, teach};
use crate::support::message::{ints, texts, values};
use crate::support::{Gateway, answering, asking, int, null, text};

const ALIASES: &[(&str, &str)] = &[("alias", "orders"), ("second", "orders")];
const KEYS: [ApiKey; 2] = [ApiKey::CONSUMER_GROUP_HEARTBEAT, ApiKey::SHARE_GROUP_HEARTBEAT];

fn other_id() -> Value {
    Value::Uuid([0x4a; 16])
}

/// What a member says: what it subscribes to, if it says so, and whether it says all else.
fn heartbeat(key: ApiKey, epoch: i64, names: Option<&[&str]>, full: bool) -> Struct {
    let names = names.map_or_else(null, |names| {
        Value::Array(names.iter().map(|name| text(name)).collect())
    });
    let mut fields = vec![
        ("GroupId", text("group")),
        ("MemberId", text("m")),
        ("MemberEpoch", int(epoch)),
        ("SubscribedTopicNames", names),
    ];
    if key == ApiKey::CONSUMER_GROUP_HEARTBEAT && full {
        fields.push(("RebalanceTimeoutMs", int(1000)));
        fields.push(("TopicPartitions", Value::Array(Vec::new())));
    }
    asking(key, 1, &fields)
}

/// The coordinator assigns these topics, or says nothing about it.
fn play_heartbeat(gateway: &Gateway, key: ApiKey, request: &Struct, assigned: Option<&[Value]>) -> Played {
    let topics = [("orders", id())];
    play(gateway, &topics, key, 1, request, |_| {
        let mut fields = vec![("MemberId".to_owned(), text("m")), ("MemberEpoch".to_owned(), int(3))];
        for (at, id) in assigned.unwrap_or_default().iter().enumerate() {
            fields.push((format!("Assignment.TopicPartitions.{at}.TopicId"), id.clone()));
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|(path, value)| (path.as_str(), value.clone()))
            .collect();
        answering(key, 1, &fields)
    })
}

fn assigned(played: &Played) -> Vec<&Value> {
    assert_eq!(ints(played.seen(), "ErrorCode"), [0], "{played:?}");
    values(played.seen(), "Assignment.TopicPartitions.*.TopicId")
}

#[test]
fn a_member_subscribes_to_the_topic_and_is_assigned_what_it_subscribed_by() {
    let alias = teach(&plain(ALIASES), "alias", "orders", &id());
    let second = teach(&plain(ALIASES), "second", "orders", &id());
    for key in KEYS {
        for (names, subscribed, expected) in [
            (&["alias"][..], &["orders"][..], &alias),
            (&["second", "bills"], &["orders", "bills"], &second),
            (&["orders"], &["orders"], &id()),
            (&["second", "alias"], &["orders"], &second),
            (&["alias", "orders"], &["orders"], &id()),
        ] {
            let gateway = plain(ALIASES);
            let joins = heartbeat(key, 0, Some(names), true);
            let played = play_heartbeat(&gateway, key, &joins, Some(&[id(), other_id()]));
            assert_eq!(
                texts(&played.sent[0], "SubscribedTopicNames.*"),
                subscribed,
                "{names:?}"
            );
            assert_eq!(assigned(&played), [expected, &other_id()], "{key:?} {names:?}");
            assert_eq!(played.look_ups, usize::from(expected != &id()), "only for aliases");
            // Later it says nothing of it.
            let goes_on = heartbeat(key, 3, None, false);
            let played = play_heartbeat(&gateway, key, &goes_on, Some(&[id()]));
            if played.look_ups == 0 && expected != &id() {
                assert_eq!(assigned(&played), [expected]);
            }
            let played = play_heartbeat(&gateway, key, &goes_on, None);
            assert_eq!(played.sent, [goes_on]);
            assert_eq!(ints(played.seen(), "ErrorCode"), [0]);
        }
    }
}

#[test]
fn what_a_member_owns_is_told_by_the_topics_ids() {
    let gateway = plain(ALIASES);
    let key = ApiKey::CONSUMER_GROUP_HEARTBEAT;
    let alias = teach(&plain(ALIASES), "alias", "orders", &id());
    play_heartbeat(&gateway, key, &heartbeat(key, 0, Some(&["alias"]), true), Some(&[id()]));
    let mut owns = heartbeat(key, 3, None, false);
    let paths = [
        ("TopicPartitions.0.TopicId", alias),
        ("TopicPartitions.1.TopicId", other_id()),
    ];
    let owned = asking(key, 1, &paths);
    owns.set("TopicPartitions", owned.get("TopicPartitions").unwrap().clone());
    let played = play_heartbeat(&gateway, key, &owns, None);
    assert_eq!(
        values(&played.sent[0], "TopicPartitions.*.TopicId"),
        [&id(), &other_id()]
    );
}

#[test]
fn a_member_of_whom_nothing_is_known_says_it_again_once() {
    for key in KEYS {
        let gateway = plain(ALIASES);
        let goes_on = heartbeat(key, 3, None, false);
        let played = play_heartbeat(&gateway, key, &goes_on, None);
        assert_eq!(
            (played.sent.len(), ints(played.seen(), "ErrorCode")),
            (0, vec![14]),
            "{key:?}"
        );
        // One that doesn't is a member all the same.
        let played = play_heartbeat(&gateway, key, &goes_on, Some(&[id()]));
        assert_eq!(assigned(&played), [&id()]);
        // To leave, nothing needs to be known.
        let leaves = heartbeat(key, -1, None, false);
        assert_eq!(play_heartbeat(&plain(ALIASES), key, &leaves, None).sent, [leaves]);
    }
}

#[test]
fn a_member_that_says_nothing_again_on_its_next_connection_keeps_the_aliases_that_still_lead_there() {
    let alias = teach(&plain(ALIASES), "alias", "orders", &id());
    for (aliases, expected) in [
        (ALIASES, &alias),
        (&[("alias", "orders"), ("new", "prices")], &alias),
        (&[("alias", "bills"), ("second", "orders")], &id()),
        (&[("second", "orders")], &id()),
    ] {
        for key in KEYS {
            let memory = AliasMemory::default();
            let before = remembering(ALIASES, &memory);
            play_heartbeat(&before, key, &heartbeat(key, 0, Some(&["alias"]), true), Some(&[id()]));
            let gateway = remembering(aliases, &memory);
            let goes_on = heartbeat(key, 3, None, false);
            let played = play_heartbeat(&gateway, key, &goes_on, None);
            assert_eq!(
                ints(played.seen(), "ErrorCode"),
                [14],
                "it may have changed its mind elsewhere"
            );
            let played = play_heartbeat(&gateway, key, &goes_on, Some(&[id()]));
            assert_eq!(assigned(&played), [expected], "{key:?} {aliases:?}");
        }
    }
}

#[test]
fn a_member_that_changes_names_is_told_its_assignment_anew() {
    let key = ApiKey::CONSUMER_GROUP_HEARTBEAT;
    let gateway = plain(ALIASES);
    play_heartbeat(
        &gateway,
        key,
        &heartbeat(key, 0, Some(&["orders"]), true),
        Some(&[id()]),
    );
    // For the coordinator this would be no change.
    let changes = heartbeat(key, 3, Some(&["alias"]), false);
    let played = play_heartbeat(&gateway, key, &changes, None);
    assert_eq!((played.sent.len(), ints(played.seen(), "ErrorCode")), (0, vec![14]));
    let again = heartbeat(key, 3, Some(&["alias"]), true);
    let played = play_heartbeat(&gateway, key, &again, Some(&[id()]));
    assert_eq!(assigned(&played), [&teach(&plain(ALIASES), "alias", "orders", &id())]);
    let same = heartbeat(key, 3, Some(&["alias", "bills"]), false);
    let played = play_heartbeat(&gateway, key, &same, None);
    assert_eq!(ints(played.seen(), "ErrorCode"), [0]);
    // Who leaves subscribes to nothing.
    let leaves = heartbeat(key, -1, Some(&[]), false);
    assert_eq!(play_heartbeat(&gateway, key, &leaves, None).sent, [leaves]);
}

#[test]
fn other_aliases_are_other_subscriptions() {
    let key = ApiKey::CONSUMER_GROUP_HEARTBEAT;
    let memory = AliasMemory::default();
    let mut gateway = remembering(ALIASES, &memory);
    play_heartbeat(&gateway, key, &heartbeat(key, 0, Some(&["alias"]), true), Some(&[id()]));
    gateway.chain = Chain::new(vec![Arc::new(policy(&[("alias", "bills")]).with_memory(memory))]);
    let played = play_heartbeat(&gateway, key, &heartbeat(key, 3, None, false), None);
    assert_eq!(
        ints(played.seen(), "ErrorCode"),
        [14],
        "it subscribes to another topic by now"
    );
}

#[test]
fn an_assignment_that_may_be_of_a_topic_that_was_made_again_is_told_again() {
    let key = ApiKey::CONSUMER_GROUP_HEARTBEAT;
    let gateway = plain(ALIASES);
    play_heartbeat(&gateway, key, &heartbeat(key, 0, Some(&["alias"]), true), Some(&[id()]));
    let unknown = Value::Uuid([0x4b; 16]);
    let played = play_heartbeat(
        &gateway,
        key,
        &heartbeat(key, 3, None, false),
        Some(std::slice::from_ref(&unknown)),
    );
    assert_eq!(ints(played.seen(), "ErrorCode"), [14]);
    assert_eq!(played.seen().get("Assignment"), Some(&Value::Null));
    let again = heartbeat(key, 3, Some(&["alias"]), true);
    let played = play(&gateway, &[("orders", unknown.clone())], key, 1, &again, |_| {
        answering(key, 1, &[("Assignment.TopicPartitions.0.TopicId", unknown.clone())])
    });
    let expected = teach(&plain(ALIASES), "alias", "orders", &unknown);
    assert_eq!(assigned(&played), [&expected]);
}

#[test]
fn a_share_session_that_goes_on_by_another_name_keeps_its_partitions() {
    let key = ApiKey::SHARE_FETCH;
    let gateway = plain(ALIASES);
    let alias = teach(&gateway, "alias", "orders", &id());
    let second = teach(&gateway, "second", "orders", &id());
    let answer = answering(key, 1, &[("Responses.0.TopicId", id())]);
    let names = [alias, id(), second];
    for (before, after) in names
        .iter()
        .flat_map(|before| names.iter().map(move |after| (before, after)))
    {
        if before == after {
            continue;
        }
        let request = asking(
            key,
            1,
            &[
                ("Topics.0.TopicId", after.clone()),
                ("Topics.0.Partitions.0.PartitionIndex", int(1)),
                ("ForgottenTopicsData.0.TopicId", before.clone()),
                ("ForgottenTopicsData.0.Partitions", Value::Array(vec![int(0), int(1)])),
            ],
        );
        let played = play(&gateway, &[], key, 1, &request, |_| answer.clone());
        assert_eq!(values(&played.sent[0], "Topics.*.TopicId"), [&id()]);
        assert_eq!(ints(&played.sent[0], "ForgottenTopicsData.0.Partitions.*"), [0]);
        assert_eq!(values(played.seen(), "Responses.*.TopicId"), [after]);
    }
}

#[test]
fn errors_name_what_the_member_named() {
    let key = ApiKey::CONSUMER_GROUP_HEARTBEAT;
    let request = heartbeat(key, 0, Some(&["alias"]), true);
    let played = play(&plain(ALIASES), &[("orders", id())], key, 1, &request, |_| {
        answering(
            key,
            1,
            &[("ErrorCode", int(42)), ("ErrorMessage", text("orders is too much"))],
        )
    });
    assert_eq!(texts(played.seen(), "ErrorMessage"), ["alias is too much"]);
}

#[test]
fn a_topology_reads_by_aliases_and_has_no_topics_made_by_them() {
    let key = ApiKey::STREAMS_GROUP_HEARTBEAT;
    let gateway = plain(ALIASES);
    let topology = "Topology.Subtopologies.0";
    let source = format!("{topology}.SourceTopics");
    let names = |names: &[&str]| Value::Array(names.iter().map(|name| text(name)).collect());
    let reads = asking(key, 0, &[(&source, names(&["alias", "orders", "bills"]))]);
    let (sent, _) = gateway.forward(key, 0, &reads);
    // Other parts of it point to them by their places.
    assert_eq!(
        texts(&sent, &format!("{source}.*").replace(".0.", ".*.")),
        ["orders", "orders", "bills"]
    );
    for array in ["StateChangelogTopics", "RepartitionSourceTopics"] {
        let makes = asking(key, 0, &[(&format!("{topology}.{array}.0.Name"), text("alias"))]);
        assert_eq!(ints(&gateway.local(key, 0, &makes), "ErrorCode"), [29], "{array}");
        let makes = asking(key, 0, &[(&format!("{topology}.{array}.0.Name"), text("orders"))]);
        gateway.forward(key, 0, &makes);
    }
}

#[test]
fn a_share_session_gives_what_was_named_in_it() {
    let gateway = plain(ALIASES);
    let alias = teach(&gateway, "alias", "orders", &id());
    for key in [ApiKey::SHARE_FETCH, ApiKey::SHARE_ACKNOWLEDGE] {
        for (named, expected) in [(&alias, &alias), (&other_id(), &other_id())] {
            let request = asking(key, 1, &[("Topics.0.TopicId", named.clone())]);
            let own = if named == &alias { id() } else { other_id() };
            let answer = answering(key, 1, &[("Responses.0.TopicId", own.clone())]);
            let played = play(&gateway, &[], key, 1, &request, |_| answer.clone());
            assert_eq!(values(&played.sent[0], "Topics.*.TopicId"), [&own]);
            assert_eq!(values(played.seen(), "Responses.*.TopicId"), [expected]);
        }
    }
    // The session goes on without naming it.
    let key = ApiKey::SHARE_FETCH;
    let answer = answering(key, 1, &[("Responses.0.TopicId", id())]);
    let played = play(&gateway, &[], key, 1, &asking(key, 1, &[]), |_| answer.clone());
    assert_eq!(values(played.seen(), "Responses.*.TopicId"), [&alias]);
}
