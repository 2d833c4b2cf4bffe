//! Fetch: sessions, which hold names, and how long the parts of a request wait.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{AliasMemory, TopicAliases};

use super::play::{alias, plain, play, remembering};
use crate::support::int as number;
use crate::support::message::{ints, texts};
use crate::support::{Fate, Gateway, answering, asking, text};

const KEY: ApiKey = ApiKey::FETCH;

fn fetch(topics: &[&str], session: i64, epoch: i64) -> Struct {
    let paths: Vec<_> = (0..topics.len()).map(|index| format!("Topics.{index}.Topic")).collect();
    let mut fields: Vec<_> = paths
        .iter()
        .map(String::as_str)
        .zip(topics.iter().map(|it| text(it)))
        .collect();
    fields.extend([
        ("MaxWaitMs", number(500)),
        ("SessionId", number(session)),
        ("SessionEpoch", number(epoch)),
    ]);
    asking(KEY, 12, &fields)
}

fn fetched(topic: &str, records: &[u8], session: i64) -> Struct {
    answering(
        KEY,
        12,
        &[
            ("SessionId", number(session)),
            ("Responses.0.Topic", text(topic)),
            ("Responses.0.Partitions.0.Records", Value::Bytes(records.to_vec())),
        ],
    )
}

fn refused(gateway: &Gateway, request: &Struct) -> bool {
    match gateway.ask(KEY, 12, request) {
        Fate::Answered(response) => {
            assert_eq!(ints(&response, "ErrorCode"), [70]);
            true
        }
        Fate::Forwarded(..) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fetch_by_an_alias_begins_no_session() {
    let gateway = plain(&[("alias", "orders")]);
    for session in [0, 7] {
        let played = play(&gateway, &[], KEY, 12, &fetch(&["alias"], session, 0), |_| {
            fetched("orders", b"x", 0)
        });
        assert_eq!(ints(&played.sent[0], "SessionEpoch"), [-1]);
        assert_eq!(ints(&played.sent[0], "SessionId"), [session], "the node ends it");
        assert_eq!(ints(&played.sent[0], "MaxWaitMs"), [500]);
        assert_eq!(texts(played.seen(), "Responses.*.Topic"), ["alias"]);
    }
}

#[test]
fn a_session_without_aliases_goes_on_until_one_is_named() {
    let gateway = plain(&[("alias", "orders")]);
    let played = play(&gateway, &[], KEY, 12, &fetch(&["orders", "bills"], 0, 0), |_| {
        fetched("orders", b"x", 9)
    });
    assert_eq!(ints(&played.sent[0], "SessionEpoch"), [0]);
    assert!(!refused(&gateway, &fetch(&[], 9, 1)));
    assert!(!refused(&gateway, &fetch(&["bills"], 9, 2)));
    assert!(refused(&gateway, &fetch(&["alias"], 9, 3)));
    assert!(refused(&gateway, &fetch(&[], 8, 1)), "one that was not begun here");
}

#[test]
fn a_session_from_before_the_aliases_changed_begins_anew() {
    let memory = AliasMemory::default();
    let mut gateway = remembering(&[("alias", "orders")], &memory);
    play(&gateway, &[], KEY, 12, &fetch(&["bills"], 0, 0), |_| {
        fetched("bills", b"x", 9)
    });
    let change = |gateway: &mut Gateway, aliases: &[(&str, &str)]| {
        let aliases = aliases.iter().map(|(name, topic)| alias(name, topic));
        gateway.chain = keg_policy::Chain::new(vec![std::sync::Arc::new(TopicAliases::new(aliases))]);
    };
    change(&mut gateway, &[("alias", "orders")]);
    assert!(!refused(&gateway, &fetch(&[], 9, 1)), "the same aliases");
    change(&mut gateway, &[("alias", "orders"), ("bills", "orders")]);
    assert!(
        refused(&gateway, &fetch(&[], 9, 2)),
        "it has a topic that clients don't see"
    );
}

#[test]
fn the_second_part_waits_only_when_there_is_nothing_yet() {
    let gateway = plain(&[("alias", "orders")]);
    for (records, waits) in [(&b"records"[..], 0), (b"", 500)] {
        let played = play(&gateway, &[], KEY, 12, &fetch(&["alias", "orders"], 0, 0), |_| {
            fetched("orders", records, 0)
        });
        let sent: Vec<_> = played.sent.iter().flat_map(|it| ints(it, "MaxWaitMs")).collect();
        assert_eq!(sent, [0, waits]);
        assert_eq!(texts(played.seen(), "Responses.*.Topic"), ["orders", "alias"]);
        assert_eq!(ints(played.seen(), "SessionId"), [0]);
    }
}
