//! What brokers refuse before they look at what is allowed.

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::{Operation, ResourceType};

use super::{allow, gateway};
use crate::support::message::{ints, texts};
use crate::support::{Fate, answering, asking, int, null, text};

const TOPIC: i64 = 2;
const SET: i64 = 0;
const DELETE: i64 = 1;

#[test]
fn settings_without_a_value_are_the_brokers_to_refuse_whosever_the_resource_is() {
    for (key, version) in [(ApiKey::ALTER_CONFIGS, 2), (ApiKey::INCREMENTAL_ALTER_CONFIGS, 1)] {
        let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::AlterConfigs], "orders")]);
        let mut fields = vec![
            ("Resources.0.ResourceType", int(TOPIC)),
            ("Resources.0.ResourceName", text("without")),
            ("Resources.0.Configs.0.Name", text("retention.ms")),
            ("Resources.0.Configs.0.Value", null()),
            ("Resources.1.ResourceType", int(TOPIC)),
            ("Resources.1.ResourceName", text("with")),
            ("Resources.1.Configs.0.Name", text("retention.ms")),
            ("Resources.1.Configs.0.Value", text("1")),
            ("Resources.2.ResourceType", int(TOPIC)),
            ("Resources.2.ResourceName", text("orders")),
        ];
        if key == ApiKey::INCREMENTAL_ALTER_CONFIGS {
            fields.extend([
                ("Resources.0.Configs.0.ConfigOperation", int(SET)),
                ("Resources.1.Configs.1.Name", text("cleanup.policy")),
                ("Resources.1.Configs.1.Value", null()),
                ("Resources.1.Configs.1.ConfigOperation", int(DELETE)),
            ]);
        }
        let (sent, _) = gateway.forward(key, version, &asking(key, version, &fields));
        assert_eq!(texts(&sent, "Resources.*.ResourceName"), ["without", "orders"]);
    }
}

#[test]
fn a_resource_or_a_setting_that_is_named_twice_is_the_brokers_to_refuse() {
    for (key, version) in [(ApiKey::ALTER_CONFIGS, 2), (ApiKey::INCREMENTAL_ALTER_CONFIGS, 1)] {
        let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::AlterConfigs], "orders")]);
        let fields = [
            ("Resources.0.ResourceType", int(TOPIC)),
            ("Resources.0.ResourceName", text("twice")),
            ("Resources.1.ResourceType", int(TOPIC)),
            ("Resources.1.ResourceName", text("once")),
            ("Resources.2.ResourceType", int(TOPIC)),
            ("Resources.2.ResourceName", text("twice")),
            ("Resources.3.ResourceType", int(TOPIC)),
            ("Resources.3.ResourceName", text("settings")),
            ("Resources.3.Configs.0.Name", text("retention.ms")),
            ("Resources.3.Configs.0.Value", text("1")),
            ("Resources.3.Configs.1.Name", text("retention.ms")),
            ("Resources.3.Configs.1.Value", text("2")),
        ];
        let (sent, _) = gateway.forward(key, version, &asking(key, version, &fields));
        let names = ["twice", "twice", "settings"];
        assert_eq!(texts(&sent, "Resources.*.ResourceName"), names);
    }
}

#[test]
fn a_topology_with_names_that_no_topic_has_is_refused_as_such_though_topics_are_denied() {
    let gateway = gateway(vec![
        allow(ResourceType::Topic, &[Operation::Describe], "orders"),
        allow(ResourceType::Group, &[Operation::Read], "*"),
    ]);
    let source = "Topology.Subtopologies.0.SourceTopics.0";
    let changelog = "Topology.Subtopologies.0.StateChangelogTopics.0.Name";
    let sink = "Topology.Subtopologies.0.RepartitionSinkTopics.0";
    let key = ApiKey::STREAMS_GROUP_HEARTBEAT;
    let of = |names: [&str; 3]| {
        let [a, b, c] = names.map(text);
        let seen = gateway.local(key, 0, &asking(key, 0, &[(source, a), (sink, b), (changelog, c)]));
        let message = texts(&seen, "ErrorMessage").first().map(|it| (*it).to_owned());
        (ints(&seen, "ErrorCode"), message)
    };
    let invalid = "Topic names a b,ü are not valid topic names.";
    assert_eq!(
        of(["secret", "ü", "a b"]),
        (
            vec![130],
            Some("Topic names ü,a b are not valid topic names.".to_owned())
        )
    );
    assert_eq!(of(["a b", "ü", "a b"]), (vec![130], Some(invalid.to_owned())));
    assert_eq!(of(["orders", "secret", "orders-changelog"]).0, [29]);
}

#[test]
fn metadata_by_ids_in_versions_that_have_them_in_vain_is_refused_altogether() {
    let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Describe], "orders")]);
    let key = ApiKey::METADATA;
    let asked = |id: u8, name| {
        let id = Value::Uuid([id; 16]);
        asking(
            key,
            11,
            &[
                ("Topics.0.Name", text("secret")),
                ("Topics.1.Name", name),
                ("Topics.1.TopicId", id),
            ],
        )
    };
    for (id, name) in [(1, text("orders")), (0, null())] {
        let seen = gateway.local(key, 11, &asked(id, name));
        assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [42, 42]);
    }
    let (sent, _) = gateway.forward(key, 11, &asked(0, text("orders")));
    assert_eq!(texts(&sent, "Topics.*.Name"), ["orders"]);
}

#[test]
fn a_topic_to_delete_that_has_both_a_name_and_an_id_is_refused_alone() {
    let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Delete], "orders")]);
    let key = ApiKey::DELETE_TOPICS;
    let asked = asking(
        key,
        6,
        &[
            ("Topics.0.Name", text("secret")),
            ("Topics.1.Name", text("orders")),
            ("Topics.2.Name", text("orders")),
            ("Topics.2.TopicId", Value::Uuid([7; 16])),
        ],
    );
    let (sent, pending) = gateway.forward(key, 6, &asked);
    assert_eq!(texts(&sent, "Topics.*.Name"), ["orders"]);
    let seen = gateway.answer(
        key,
        6,
        pending,
        &answering(key, 6, &[("Responses.0.Name", text("orders"))]),
    );
    assert_eq!(texts(&seen, "Responses.*.Name"), ["orders", "secret", "orders"]);
    assert_eq!(ints(&seen, "Responses.*.ErrorCode"), [0, 29, 42]);
}

#[test]
fn requests_of_share_groups_that_are_invalid_are_refused_as_such_where_topics_are_denied_too() {
    let rules = || allow(ResourceType::Group, &[Operation::Read], "g");
    let topic = Value::Uuid([7; 16]);
    let fetch = |group, epoch| {
        asking(
            ApiKey::SHARE_FETCH,
            1,
            &[
                ("GroupId", text(group)),
                ("MemberId", text("member")),
                ("ShareSessionEpoch", int(epoch)),
                ("Topics.0.TopicId", topic.clone()),
                ("Topics.0.Partitions.0.AcknowledgementBatches.0.LastOffset", int(1)),
            ],
        )
    };
    let beat = |group, member: &str| {
        asking(
            ApiKey::SHARE_GROUP_HEARTBEAT,
            1,
            &[
                ("GroupId", text(group)),
                ("MemberId", text(member)),
                ("SubscribedTopicNames.0", text("secret")),
            ],
        )
    };
    let long = "m".repeat(37);
    for (key, asked, expected) in [
        (ApiKey::SHARE_FETCH, fetch("g", 0), 42),
        (ApiKey::SHARE_FETCH, fetch("other", 0), 30),
        (ApiKey::SHARE_GROUP_HEARTBEAT, beat("g", &long), 42),
        (ApiKey::SHARE_GROUP_HEARTBEAT, beat("g", "member"), 29),
        (ApiKey::SHARE_GROUP_HEARTBEAT, beat("other", &long), 30),
    ] {
        let gateway = gateway(vec![rules()]);
        let fate = gateway.ask_one_with(&[(topic.clone(), "secret")], key, 1, &asked);
        let Fate::Answered(seen) = fate else {
            panic!("{key:?} is not answered: {fate:?}")
        };
        assert_eq!(ints(&seen, "ErrorCode"), [expected], "{key:?}");
    }
}
