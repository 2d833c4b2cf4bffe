//! Metadata: which aliases there are, and that none makes a topic.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::OnConflict;

use super::play::{alias, plain, play, telling};
use crate::support::message::{ints, texts, values};
use crate::support::{answering, asking, int, null, text};

const KEY: ApiKey = ApiKey::METADATA;

fn all(version: i16) -> Struct {
    let topics = if version == 0 { Value::Array(Vec::new()) } else { null() };
    asking(KEY, version, &[("Topics", topics)])
}

fn named(version: i16, names: &[&str]) -> Struct {
    let paths: Vec<_> = (0..names.len()).map(|index| format!("Topics.{index}.Name")).collect();
    let mut fields: Vec<_> = paths
        .iter()
        .map(String::as_str)
        .zip(names.iter().map(|it| text(it)))
        .collect();
    if version >= 4 {
        fields.push(("AllowAutoTopicCreation", int(1)));
    }
    asking(KEY, version, &fields)
}

/// A broker that has these topics and makes none.
fn broker(version: i16, request: &Struct, topics: &[&str]) -> Struct {
    let asked = texts_of(request);
    let answered: Vec<(&str, i64)> = match &asked {
        None => topics.iter().map(|topic| (*topic, 0)).collect(),
        Some(asked) => asked
            .iter()
            .map(|topic| (topic.as_str(), if topics.contains(&topic.as_str()) { 0 } else { 3 }))
            .collect(),
    };
    let mut fields = vec![("Brokers.0.NodeId".to_owned(), int(1))];
    for (index, (topic, code)) in answered.into_iter().enumerate() {
        fields.push((format!("Topics.{index}.Name"), text(topic)));
        fields.push((format!("Topics.{index}.ErrorCode"), int(code)));
        if code == 0 {
            fields.push((format!("Topics.{index}.Partitions.0.LeaderId"), int(1)));
        }
        if version >= 10 && code == 0 {
            fields.push((format!("Topics.{index}.TopicId"), Value::Uuid([index as u8 + 1; 16])));
        }
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()))
        .collect();
    answering(KEY, version, &fields)
}

fn texts_of(request: &Struct) -> Option<Vec<String>> {
    match request.get("Topics") {
        Some(Value::Array(topics)) if !topics.is_empty() => Some(texts(request, "Topics.*.Name")),
        _ => None,
    }
}

#[test]
fn aliases_are_listed_beside_their_topics_if_these_are_there() {
    let gateway = plain(&[
        ("alias", "orders"),
        ("second", "orders"),
        ("prices", "prices-v2"),
        ("absent", "nowhere"),
    ]);
    for version in 0..=13 {
        let topics = ["bills", "orders", "prices-v2"];
        let played = play(&gateway, &[], KEY, version, &all(version), |asked| {
            broker(version, asked, &topics)
        });
        let seen = played.seen();
        let mut listed = texts(seen, "Topics.*.Name");
        listed.sort();
        let expected = ["alias", "bills", "orders", "prices", "prices-v2", "second"];
        assert_eq!(listed, expected, "v{version}");
        assert_eq!(ints(seen, "Topics.*.ErrorCode"), [0; 6]);
        assert_eq!(ints(seen, "Topics.*.Partitions.*.LeaderId"), [1; 6]);
        assert_eq!(ints(seen, "Brokers.*.NodeId"), [1], "v{version}");
        if version >= 10 {
            let mut ids: Vec<_> = values(seen, "Topics.*.TopicId").into_iter().cloned().collect();
            ids.dedup();
            assert_eq!(ids.len(), 6, "v{version}: {ids:?}");
        }
        if version >= 4 {
            let creation = played.sent.iter().flat_map(|sent| ints(sent, "AllowAutoTopicCreation"));
            assert_eq!(creation.collect::<Vec<_>>(), [0, 0, 1], "v{version}");
        }
    }
}

#[test]
fn an_alias_hides_a_topic_of_its_name_and_that_is_told_once() {
    let ignored = keg_policy::TopicAlias {
        conflict: OnConflict::Ignore,
        ..alias("bills", "orders")
    };
    let (gateway, told) = telling(vec![alias("prices", "orders"), ignored]);
    for version in [0, 1, 9, 13] {
        let topics = ["bills", "orders", "prices"];
        let played = play(&gateway, &[], KEY, version, &all(version), |asked| {
            broker(version, asked, &topics)
        });
        let mut listed = texts(played.seen(), "Topics.*.Name");
        listed.sort();
        assert_eq!(listed, topics, "v{version}: each once");
    }
    assert_eq!(*told.lock().unwrap(), ["prices"]);
}

#[test]
fn other_lists_lose_hidden_topics_too() {
    let (gateway, told) = telling(vec![alias("prices", "orders")]);
    let key = ApiKey::LIST_PARTITION_REASSIGNMENTS;
    let request = asking(key, 0, &[("Topics", null())]);
    let played = play(&gateway, &[], key, 0, &request, |_| {
        answering(
            key,
            0,
            &[("Topics.0.Name", text("prices")), ("Topics.1.Name", text("orders"))],
        )
    });
    assert_eq!(texts(played.seen(), "Topics.*.Name"), ["orders"]);
    assert_eq!(*told.lock().unwrap(), ["prices"]);
}

#[test]
fn a_request_for_an_alias_makes_no_topic_and_one_beside_it_may_be_made() {
    let gateway = plain(&[("alias", "orders")]);
    for version in 4..=13 {
        let played = play(&gateway, &[], KEY, version, &named(version, &["alias"]), |asked| {
            broker(version, asked, &[])
        });
        let [sent] = &played.sent[..] else { panic!("{played:?}") };
        assert_eq!(texts(sent, "Topics.*.Name"), ["orders"]);
        assert_eq!(ints(sent, "AllowAutoTopicCreation"), [0], "v{version}");
        assert_eq!(texts(played.seen(), "Topics.*.Name"), ["alias"]);
        assert_eq!(ints(played.seen(), "Topics.*.ErrorCode"), [3]);

        for names in [["alias", "new"], ["alias", "orders"]] {
            let played = play(&gateway, &[], KEY, version, &named(version, &names), |asked| {
                broker(version, asked, &["orders"])
            });
            let sent: Vec<_> = played.sent.iter().map(|it| texts(it, "Topics.*.Name")).collect();
            assert_eq!(sent, [[names[1]], ["orders"]], "v{version}");
            let creation: Vec<_> = played
                .sent
                .iter()
                .map(|it| ints(it, "AllowAutoTopicCreation"))
                .collect();
            assert_eq!(creation, [[1], [0]], "v{version}");
            assert_eq!(texts(played.seen(), "Topics.*.Name"), [names[1], "alias"]);
        }
    }
}

#[test]
fn who_wants_no_topic_made_is_asked_for_once() {
    let gateway = plain(&[("alias", "orders")]);
    let mut request = named(12, &["alias", "new"]);
    request.set("AllowAutoTopicCreation", int(0));
    let played = play(&gateway, &[], KEY, 12, &request, |asked| broker(12, asked, &["orders"]));
    assert_eq!(played.sent.len(), 1);
    assert_eq!(texts(played.seen(), "Topics.*.Name"), ["alias", "new"]);
}

#[test]
fn versions_that_always_create_get_aliases_out_of_all() {
    let gateway = plain(&[("alias", "orders"), ("absent", "nowhere")]);
    for version in 0..=3 {
        let played = play(
            &gateway,
            &[],
            KEY,
            version,
            &named(version, &["alias", "absent"]),
            |asked| {
                assert_eq!(texts_of(asked), None, "v{version}: no name that could be made");
                broker(version, asked, &["orders", "bills"])
            },
        );
        assert_eq!(texts(played.seen(), "Topics.*.Name"), ["alias", "absent"], "v{version}");
        assert_eq!(ints(played.seen(), "Topics.*.ErrorCode"), [0, 3]);
    }
}
