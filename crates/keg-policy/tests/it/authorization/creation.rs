//! Topics that are made because they are named.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{Operation, ResourceType};

use super::{allow, gateway};
use crate::support::message::{ints, texts};
use crate::support::{Fate, Gateway, answering, api, asking, int, text};

fn one_and_two() -> Gateway {
    gateway(vec![
        allow(ResourceType::Topic, &[Operation::Read], "*"),
        allow(ResourceType::Topic, &[Operation::Create], "new*"),
        allow(ResourceType::Group, &[Operation::Read], "*"),
    ])
}

fn metadata(version: i16, topics: &[&str]) -> Struct {
    let mut asked = asking(ApiKey::METADATA, version, &[]);
    let topics = topics.iter().map(|name| {
        let mut topic = asked.nested("Topics", version).unwrap();
        topic.set("Name", text(name));
        Value::Struct(topic)
    });
    let topics = topics.collect();
    asked.set("Topics", Value::Array(topics));
    asked.set("AllowAutoTopicCreation", int(1));
    asked
}

#[test]
fn what_may_not_be_created_is_asked_for_without_that() {
    let gateway = one_and_two();
    let (sent, _) = gateway.forward(ApiKey::METADATA, 9, &metadata(9, &["orders", "audit"]));
    assert_eq!(sent, {
        let mut expected = metadata(9, &["orders", "audit"]);
        expected.set("AllowAutoTopicCreation", int(0));
        expected
    });
    let all = metadata(9, &["new", "new-2"]);
    assert_eq!(gateway.forward(ApiKey::METADATA, 9, &all).0, all);
}

#[test]
fn whether_topics_may_be_made_is_found_in_every_version() {
    let gateway = one_and_two();
    for version in 4..=13 {
        for (creates, operations) in [(1, 0), (0, 1), (1, 1), (0, 0)] {
            let mut asked = metadata(version, &["orders"]);
            asked.set("AllowAutoTopicCreation", int(creates));
            asked.set("IncludeClusterAuthorizedOperations", int(operations));
            asked.set("IncludeTopicAuthorizedOperations", int(operations));
            let mut expected = asked.clone();
            expected.set("AllowAutoTopicCreation", int(0));
            let expected = expected.write(&api(ApiKey::METADATA).request, version).unwrap();
            let (sent, pending) = gateway.forward(ApiKey::METADATA, version, &asked);
            assert_eq!(
                sent.write(&api(ApiKey::METADATA).request, version).unwrap(),
                expected,
                "{version}"
            );
            let said = i64::from(i32::MIN) * (1 - operations) + 3576 * operations;
            let fields = [
                ("Topics.0.Name", text("orders")),
                ("Topics.0.TopicAuthorizedOperations", int(said)),
            ];
            let fields = if version < 8 { &fields[..1] } else { &fields };
            let seen = gateway.answer(
                ApiKey::METADATA,
                version,
                pending,
                &answering(ApiKey::METADATA, version, fields),
            );
            if version >= 8 {
                let told = ints(&seen, "Topics.*.TopicAuthorizedOperations")[0];
                assert_ne!(told, 3576, "{version}");
                assert_eq!(told == i64::from(i32::MIN), operations == 0, "{version}");
            }
        }
    }
}

#[test]
fn what_may_be_created_is_before_the_rest_is_asked_for() {
    let gateway = one_and_two();
    for version in [3, 9] {
        let Fate::Waits(request, asking) =
            gateway.ask(ApiKey::METADATA, version, &metadata(version, &["orders", "new"]))
        else {
            panic!("nothing is asked first")
        };
        let mut question = asking.question();
        assert_eq!((question.api.key, question.version), (ApiKey::METADATA, version));
        let creating = Struct::read(&question.api.request, version, &question.body_bytes()).unwrap();
        assert_eq!(creating, metadata(version, &["new"]));
        let nothing = answering(ApiKey::METADATA, version, &[]);
        let Fate::Forwarded(sent, pending) = gateway.resume(request, asking, &nothing) else {
            panic!("it is not forwarded")
        };
        let answer = answering(
            ApiKey::METADATA,
            version,
            &[
                ("Topics.0.Name", text("new")),
                ("Topics.1.Name", text("secret-of-others")),
            ],
        );
        let seen = gateway.answer(ApiKey::METADATA, version, pending, &answer);
        if version == 9 {
            assert_eq!(texts(&sent, "Topics.*.Name"), ["orders", "new"]);
            assert_eq!(ints(&sent, "AllowAutoTopicCreation"), [0]);
        } else {
            // The version can't say that nothing is to be made: all topics are asked for.
            assert_eq!(sent.get("Topics"), Some(&Value::Null));
            assert_eq!(texts(&seen, "Topics.*.Name"), ["new", "orders"]);
            assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [0, 3]);
        }
    }
}

#[test]
fn a_streams_group_has_made_what_its_client_may_create() {
    let heartbeat = |changelog| {
        asking(
            ApiKey::STREAMS_GROUP_HEARTBEAT,
            0,
            &[
                ("GroupId", text("app")),
                ("Topology.Subtopologies.0.SourceTopics.0", text("orders")),
                ("Topology.Subtopologies.0.StateChangelogTopics.0.Name", text(changelog)),
            ],
        )
    };
    for (changelog, there, expected) in [
        ("new-changelog", None, 0),
        ("app-changelog", Some(true), 0),
        ("app-changelog", Some(false), 29),
    ] {
        let gateway = one_and_two();
        let mut fate = gateway.ask(ApiKey::STREAMS_GROUP_HEARTBEAT, 0, &heartbeat(changelog));
        if let Some(there) = there {
            let Fate::Waits(request, asking) = fate else {
                panic!("nothing is asked")
            };
            let id = if there { [7; 16] } else { [0; 16] };
            let answer = answering(
                ApiKey::METADATA,
                12,
                &[
                    ("Topics.0.Name", text(changelog)),
                    ("Topics.0.TopicId", Value::Uuid(id)),
                ],
            );
            fate = gateway.resume(request, asking, &answer);
        }
        match fate {
            Fate::Forwarded(sent, _) => {
                assert_eq!(expected, 0);
                assert_eq!(sent, heartbeat(changelog));
            }
            Fate::Answered(seen) => {
                assert_eq!(ints(&seen, "ErrorCode"), [expected]);
                assert_eq!(
                    texts(&seen, "ErrorMessage"),
                    ["Unauthorized to CREATE on topics app-changelog."]
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_walk_over_all_topics_is_one_over_those_that_may_be_described() {
    let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Describe], "mine-*")]);
    let all = ["mine-1", "mine-2", "secret", "mine-3"];
    for (cursor, expected) in [
        (None, &["mine-1", "mine-2", "mine-3"][..]),
        (Some("mine-2"), &["mine-2", "mine-3"]),
        (Some("mine-2-gone"), &["mine-3"]),
    ] {
        let mut asked = asking(
            ApiKey::DESCRIBE_TOPIC_PARTITIONS,
            0,
            &[("ResponsePartitionLimit", int(10))],
        );
        if let Some(cursor) = cursor {
            asked = asking(
                ApiKey::DESCRIBE_TOPIC_PARTITIONS,
                0,
                &[("Cursor.TopicName", text(cursor)), ("Cursor.PartitionIndex", int(1))],
            );
        }
        let Fate::Waits(request, asking) = gateway.ask(ApiKey::DESCRIBE_TOPIC_PARTITIONS, 0, &asked) else {
            panic!("nothing is asked")
        };
        let mut answer = answering(ApiKey::METADATA, 12, &[]);
        let topics = all.iter().map(|name| {
            let mut topic = answer.nested("Topics", 12).unwrap();
            topic.set("Name", text(name));
            topic.set("TopicId", Value::Uuid([9; 16]));
            Value::Struct(topic)
        });
        let topics = topics.collect();
        answer.set("Topics", Value::Array(topics));
        let Fate::Forwarded(sent, _) = gateway.resume(request, asking, &answer) else {
            panic!("it is not forwarded")
        };
        assert_eq!(texts(&sent, "Topics.*.Name"), expected);
        let goes_on = cursor != Some("mine-2-gone");
        assert_eq!(sent.get("Cursor") == asked.get("Cursor"), goes_on);
        assert!(goes_on || sent.get("Cursor") == Some(&Value::Null));
    }
}

#[test]
fn a_walk_that_goes_on_at_a_denied_topic_goes_on_behind_it() {
    let key = ApiKey::DESCRIBE_TOPIC_PARTITIONS;
    let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Describe], "other*")]);
    let asked = |partition| {
        asking(
            key,
            0,
            &[
                ("Topics.0.Name", text("mine-1")),
                ("Topics.1.Name", text("other")),
                ("Cursor.TopicName", text("mine-1")),
                ("Cursor.PartitionIndex", int(partition)),
            ],
        )
    };
    let (sent, _) = gateway.forward(key, 0, &asked(1));
    assert_eq!(texts(&sent, "Topics.*.Name"), ["other"]);
    assert_eq!(sent.get("Cursor"), Some(&Value::Null));
    let seen = gateway.local(key, 0, &asked(-1));
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [42, 42]);
}
