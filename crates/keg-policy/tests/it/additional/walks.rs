//! DescribeTopicPartitions over all topics, where shared ones stand between those of others.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{Connection, Mode};

use crate::support::message::{count, ints, texts, values};
use crate::support::{Fate, Gateway, answering, asking, int, text};

const KEY: ApiKey = ApiKey::DESCRIBE_TOPIC_PARTITIONS;

fn page(topics: &[&str], next: Option<(&str, i64)>) -> Struct {
    let paths: Vec<_> = (0..topics.len()).map(|index| format!("Topics.{index}.Name")).collect();
    let mut fields: Vec<_> = paths
        .iter()
        .map(String::as_str)
        .zip(topics.iter().copied().map(text))
        .collect();
    if let Some((topic, partition)) = next {
        fields.push(("NextCursor.TopicName", text(topic)));
        fields.push(("NextCursor.PartitionIndex", int(partition)));
    }
    answering(KEY, 0, &fields)
}

fn from(cursor: &str, partition: i64) -> Struct {
    asking(
        KEY,
        0,
        &[
            ("Cursor.TopicName", text(cursor)),
            ("Cursor.PartitionIndex", int(partition)),
        ],
    )
}

#[test]
fn a_walk_begins_at_the_first_of_all_and_ends_with_the_last() {
    let gateway = Gateway::sharing(Mode::HidePrefix);
    let (sent, pending) = gateway.forward(KEY, 0, &asking(KEY, 0, &[]));
    assert_eq!(values(&sent, "Cursor"), [&Value::Null]);
    let seen = gateway.answer(
        KEY,
        0,
        pending,
        &page(&["alien", "shared-prices"], Some(("team-a.orders", 3))),
    );
    assert_eq!(texts(&seen, "Topics.*.Name"), ["shared-prices"]);
    assert_eq!(texts(&seen, "NextCursor.TopicName"), ["orders"]);

    let (sent, pending) = gateway.forward(KEY, 0, &from("orders", 3));
    assert_eq!(texts(&sent, "Cursor.TopicName"), ["team-a.orders"]);
    assert_eq!(ints(&sent, "Cursor.PartitionIndex"), [3]);
    let seen = gateway.answer(KEY, 0, pending, &page(&["team-a.orders", "team-b.secret"], None));
    assert_eq!(texts(&seen, "Topics.*.Name"), ["orders"]);
    assert_eq!(values(&seen, "NextCursor"), [&Value::Null]);

    let (sent, _) = gateway.forward(KEY, 0, &from("shared-prices", 1));
    assert_eq!(texts(&sent, "Cursor.TopicName"), ["shared-prices"]);
}

#[test]
fn a_page_that_ends_at_a_foreign_topic_goes_on_there_by_a_word() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::sharing(mode);
        let (_, pending) = gateway.forward(KEY, 0, &asking(KEY, 0, &[]));
        let seen = gateway.answer(KEY, 0, pending, &page(&["alien"], Some(("another", 7))));
        assert_eq!(count(&seen, "Topics"), 0);
        let word = texts(&seen, "NextCursor.TopicName").remove(0);
        assert_eq!(word, "/1");
        assert_eq!(ints(&seen, "NextCursor.PartitionIndex"), [0]);

        // Twice: the first answer may have been lost.
        for _ in 0..2 {
            let (sent, _) = gateway.forward(KEY, 0, &from(&word, 0));
            assert_eq!(texts(&sent, "Cursor.TopicName"), ["another"]);
            assert_eq!(ints(&sent, "Cursor.PartitionIndex"), [7]);
        }
        let (_, pending) = gateway.forward(KEY, 0, &from(&word, 0));
        let seen = gateway.answer(KEY, 0, pending, &page(&[], Some(("__consumer_offsets", 2))));
        assert_eq!(texts(&seen, "NextCursor.TopicName"), ["/2"]);
    }
}

#[test]
fn a_word_is_of_the_connection_that_it_was_given_on() {
    let mut gateway = Gateway::sharing(Mode::HidePrefix);
    let (_, pending) = gateway.forward(KEY, 0, &asking(KEY, 0, &[]));
    gateway.answer(KEY, 0, pending, &page(&[], Some(("another", 0))));
    let other = Connection::new("orders", "User:ANONYMOUS", gateway.book.clone());
    gateway.connection = Arc::new(other);
    for word in ["/1", "/2", "/", "/x", "/18446744073709551616"] {
        assert!(matches!(gateway.ask(KEY, 0, &from(word, 0)), Fate::Answered(_)));
        let mut named = from(word, 0);
        let topic = asking(KEY, 0, &[("Topics.0.Name", text("orders"))]);
        named.set("Topics", topic.get("Topics").unwrap().clone());
        let seen = gateway.local(KEY, 0, &named);
        assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [42], "{word}");
    }
}

#[test]
fn kafkas_own_topics_do_not_end_a_walk_over_names_like_theirs() {
    let gateway = Gateway::of(vec![Arc::new(keg_policy::Namespace::new(Mode::EnforcePrefix, "__"))]);
    let (sent, pending) = gateway.forward(KEY, 0, &asking(KEY, 0, &[]));
    assert_eq!(texts(&sent, "Cursor.TopicName"), ["__"]);
    let seen = gateway.answer(KEY, 0, pending, &page(&["__a"], Some(("__consumer_offsets", 5))));
    assert_eq!(texts(&seen, "Topics.*.Name"), ["__a"]);
    let word = texts(&seen, "NextCursor.TopicName").remove(0);
    let (sent, _) = gateway.forward(KEY, 0, &from(&word, 0));
    assert_eq!(texts(&sent, "Cursor.TopicName"), ["__consumer_offsets"]);
    assert_eq!(ints(&sent, "Cursor.PartitionIndex"), [5]);
}
