//! DescribeTopicPartitions, page by page.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use super::play::{alias, plain, play, telling};
use crate::support::message::{ints, texts};
use crate::support::{Gateway, answering, asking, int, null, text};

const KEY: ApiKey = ApiKey::DESCRIBE_TOPIC_PARTITIONS;

/// A topic has two partitions, which is more than a page has.
const TOPICS: [&str; 4] = ["bills", "orders", "prices-v2", "zebras"];

fn asked(topics: &[&str], cursor: Option<(&str, i64)>) -> Struct {
    let mut fields = vec![("ResponsePartitionLimit".to_owned(), int(3))];
    for (at, topic) in topics.iter().enumerate() {
        fields.push((format!("Topics.{at}.Name"), text(topic)));
    }
    if let Some((topic, partition)) = cursor {
        fields.push(("Cursor.TopicName".to_owned(), text(topic)));
        fields.push(("Cursor.PartitionIndex".to_owned(), int(partition)));
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()))
        .collect();
    asking(KEY, 0, &fields)
}

/// What a broker answers: topics in the order of their names, from the cursor on, three partitions at most.
fn broker(request: &Struct) -> Struct {
    let mut names = texts(request, "Topics.*.Name");
    let is_for_all = names.is_empty();
    if is_for_all {
        names = TOPICS.map(str::to_owned).to_vec();
    }
    names.sort();
    let (mut from, mut first) = (String::new(), 0);
    if request.get("Cursor") != Some(&null()) {
        from = texts(request, "Cursor.TopicName").remove(0);
        first = ints(request, "Cursor.PartitionIndex")[0];
        assert!(is_for_all || names.contains(&from), "{from} is none of {names:?}");
    }
    let mut fields = Vec::new();
    let (mut left, mut next) = (3, None);
    let named = names.into_iter().filter(|name| *name >= from);
    for (at, name) in named.enumerate() {
        let exists = TOPICS.contains(&name.as_str());
        let begin = if name == from { first } else { 0 };
        if left == 0 {
            next = Some((name, begin));
            break;
        }
        fields.push((format!("Topics.{at}.Name"), text(&name)));
        fields.push((format!("Topics.{at}.ErrorCode"), int(if exists { 0 } else { 3 })));
        let partitions = if exists { begin..2 } else { 0..0 };
        for (index, partition) in partitions.enumerate() {
            if left == 0 {
                next = Some((name, partition));
                break;
            }
            left -= 1;
            fields.push((format!("Topics.{at}.Partitions.{index}.PartitionIndex"), int(partition)));
        }
        if next.is_some() {
            break;
        }
    }
    if let Some((topic, partition)) = next {
        fields.push(("NextCursor.TopicName".to_owned(), text(&topic)));
        fields.push(("NextCursor.PartitionIndex".to_owned(), int(partition)));
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()))
        .collect();
    answering(KEY, 0, &fields)
}

/// Walks over all pages; each partition that was told, in order.
fn walk(gateway: &Gateway, topics: &[&str]) -> Vec<String> {
    let (mut told, mut cursor) = (Vec::new(), None::<(String, i64)>);
    for _ in 0..20 {
        let request = asked(
            topics,
            cursor.as_ref().map(|(topic, partition)| (topic.as_str(), *partition)),
        );
        let played = play(gateway, &[], KEY, 0, &request, broker);
        let seen = played.seen();
        for (at, name) in texts(seen, "Topics.*.Name").into_iter().enumerate() {
            let partitions = ints(seen, &format!("Topics.{at}.Partitions.*.PartitionIndex"));
            if ints(seen, &format!("Topics.{at}.ErrorCode")) == [3] {
                told.push(format!("{name} unknown"));
            }
            told.extend(partitions.into_iter().map(|partition| format!("{name}-{partition}")));
        }
        if seen.get("NextCursor") == Some(&Value::Null) {
            return told;
        }
        cursor = Some((
            texts(seen, "NextCursor.TopicName").remove(0),
            ints(seen, "NextCursor.PartitionIndex")[0],
        ));
    }
    panic!("it goes round: {told:?}")
}

#[test]
fn a_walk_over_all_topics_tells_each_and_each_alias_once() {
    let gateway = plain(&[
        ("alias", "orders"),
        ("prices", "prices-v2"),
        ("second", "orders"),
        ("absent", "nowhere"),
    ]);
    let mut told = walk(&gateway, &[]);
    told.sort();
    let mut expected: Vec<_> = ["alias", "bills", "orders", "prices", "prices-v2", "second", "zebras"]
        .iter()
        .flat_map(|name| [format!("{name}-0"), format!("{name}-1")])
        .collect();
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn a_walk_over_some_tells_all_of_them_by_the_names_that_they_were_asked_for_by() {
    let gateway = plain(&[("alias", "orders"), ("prices", "prices-v2"), ("absent", "nowhere")]);
    for topics in [
        &["alias", "bills"][..],
        &["alias", "orders", "bills"],
        &["zebras", "prices", "orders", "alias", "prices-v2"],
    ] {
        let mut told = walk(&gateway, topics);
        told.sort();
        let mut expected: Vec<_> = topics
            .iter()
            .flat_map(|name| [format!("{name}-0"), format!("{name}-1")])
            .collect();
        expected.sort();
        assert_eq!(told, expected, "{topics:?}");
    }
    assert_eq!(walk(&gateway, &["absent"]), ["absent unknown"]);
}

#[test]
fn a_topic_of_an_alias_name_is_passed_over_though_a_page_ends_before_it() {
    // The first page ends within "orders", and the next one before "prices-v2".
    let (gateway, told) = telling(vec![alias("prices-v2", "bills"), alias("orders", "zebras")]);
    let mut walked = walk(&gateway, &[]);
    walked.sort();
    let expected = [
        "bills-0",
        "bills-1",
        "orders-0",
        "orders-1",
        "prices-v2-0",
        "prices-v2-1",
        "zebras-0",
        "zebras-1",
    ];
    assert_eq!(walked, expected);
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[test]
fn a_place_at_an_alias_that_is_none_is_refused() {
    let gateway = plain(&[("alias", "orders")]);
    let played = play(&gateway, &[], KEY, 0, &asked(&[], Some((":gone", 0))), broker);
    assert!(played.sent.is_empty());
    let played = play(&gateway, &[], KEY, 0, &asked(&["orders"], Some(("orders", 1))), broker);
    assert_eq!(ints(played.seen(), "Topics.*.Partitions.*.PartitionIndex"), [1]);
}
