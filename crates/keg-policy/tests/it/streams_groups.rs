//! Streams groups (KIP-1071).

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::Mode;

use crate::support::message::{Fields, ints, texts};
use crate::support::{Gateway, answering, asking, int, null, text};

const HEARTBEAT: ApiKey = ApiKey::STREAMS_GROUP_HEARTBEAT;

/// A heartbeat with a topology.
fn heartbeat(version: i16, fields: Fields<'_>) -> Struct {
    let mut topology = vec![
        ("GroupId", text("count")),
        ("Topology.Epoch", int(1)),
        ("Topology.Subtopologies.0.SubtopologyId", text("0")),
    ];
    topology.extend(fields.iter().cloned());
    asking(HEARTBEAT, version, &topology)
}

#[test]
fn a_topology_gets_the_prefix_on_all_its_topics_and_nothing_else() {
    let gateway = Gateway::hiding();
    for version in 0..=1 {
        let asked = heartbeat(
            version,
            &[
                ("MemberId", text("member")),
                ("Topology.Subtopologies.0.SourceTopics.0", text("in")),
                ("Topology.Subtopologies.0.RepartitionSinkTopics.0", text("count-r")),
                (
                    "Topology.Subtopologies.1.RepartitionSourceTopics.0.Name",
                    text("count-r"),
                ),
                ("Topology.Subtopologies.1.StateChangelogTopics.0.Name", text("count-c")),
                (
                    "Topology.Subtopologies.1.StateChangelogTopics.0.TopicConfigs.0.Key",
                    text("cleanup.policy"),
                ),
                ("Topology.Subtopologies.1.CopartitionGroups.0.SourceTopics.0", int(0)),
                ("UserEndpoint.Host", text("app.example")),
                ("ClientTags.0.Key", text("zone")),
            ],
        );
        let (sent, pending) = gateway.forward(HEARTBEAT, version, &asked);
        let expected = asking(
            HEARTBEAT,
            version,
            &[
                ("GroupId", text("team-a.count")),
                ("MemberId", text("member")),
                ("Topology.Epoch", int(1)),
                ("Topology.Subtopologies.0.SubtopologyId", text("0")),
                ("Topology.Subtopologies.0.SourceTopics.0", text("team-a.in")),
                (
                    "Topology.Subtopologies.0.RepartitionSinkTopics.0",
                    text("team-a.count-r"),
                ),
                (
                    "Topology.Subtopologies.1.RepartitionSourceTopics.0.Name",
                    text("team-a.count-r"),
                ),
                (
                    "Topology.Subtopologies.1.StateChangelogTopics.0.Name",
                    text("team-a.count-c"),
                ),
                (
                    "Topology.Subtopologies.1.StateChangelogTopics.0.TopicConfigs.0.Key",
                    text("cleanup.policy"),
                ),
                ("Topology.Subtopologies.1.CopartitionGroups.0.SourceTopics.0", int(0)),
                ("UserEndpoint.Host", text("app.example")),
                ("ClientTags.0.Key", text("zone")),
            ],
        );
        assert_eq!(sent, expected);
        let answer = answering(
            HEARTBEAT,
            version,
            &[
                ("Status.0.StatusCode", int(1)),
                (
                    "Status.0.StatusDetail",
                    text("Source topics team-a.in, team-a.more are missing."),
                ),
                ("PartitionsByUserEndpoint.0.UserEndpoint.Host", text("app.example")),
                ("PartitionsByUserEndpoint.0.ActivePartitions.0.Topic", text("team-b.in")),
                ("PartitionsByUserEndpoint.0.ActivePartitions.1.Topic", text("team-a.in")),
                (
                    "PartitionsByUserEndpoint.0.StandbyPartitions.0.Topic",
                    text("team-a.count-r"),
                ),
            ],
        );
        let seen = gateway.answer(HEARTBEAT, version, pending, &answer);
        assert_eq!(
            texts(&seen, "Status.*.StatusDetail"),
            ["Source topics in, more are missing."]
        );
        let endpoint = "PartitionsByUserEndpoint.*";
        assert_eq!(texts(&seen, &format!("{endpoint}.UserEndpoint.Host")), ["app.example"]);
        assert_eq!(texts(&seen, &format!("{endpoint}.ActivePartitions.*.Topic")), ["in"]);
        assert_eq!(
            texts(&seen, &format!("{endpoint}.StandbyPartitions.*.Topic")),
            ["count-r"]
        );
    }
}

#[test]
fn a_topology_with_a_topic_that_is_not_admitted_is_refused_whole() {
    let too_long = "x".repeat(0x7fff);
    for (gateway, name, code) in [
        (Gateway::enforcing(), "team-b.x", 29),
        (Gateway::hiding(), &too_long, 130),
    ] {
        for path in [
            "SourceTopics.0",
            "RepartitionSinkTopics.0",
            "RepartitionSourceTopics.0.Name",
            "StateChangelogTopics.0.Name",
        ] {
            let path = format!("Topology.Subtopologies.0.{path}");
            let asked = heartbeat(0, &[("GroupId", text("team-a.count")), (&path, text(name))]);
            let seen = gateway.local(HEARTBEAT, 0, &asked);
            assert_eq!(ints(&seen, "ErrorCode"), [code], "{path}");
        }
    }
}

#[test]
fn shared_topics_are_read_and_written_and_not_made() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::sharing(mode);
        for (path, code) in [
            ("SourceTopics.0", 0),
            ("RepartitionSinkTopics.0", 0),
            ("RepartitionSourceTopics.0.Name", 29),
            ("StateChangelogTopics.0.Name", 29),
        ] {
            let path = format!("Topology.Subtopologies.0.{path}");
            let asked = heartbeat(1, &[("GroupId", text("team-a.count")), (&path, text("shared-x"))]);
            if code == 0 {
                let (sent, _) = gateway.forward(HEARTBEAT, 1, &asked);
                assert_eq!(texts(&sent, &path), ["shared-x"]);
            } else {
                let seen = gateway.local(HEARTBEAT, 1, &asked);
                assert_eq!(ints(&seen, "ErrorCode"), [code], "{path}");
            }
        }
    }
}

#[test]
fn source_topics_by_regular_expression_are_confined() {
    let gateway = Gateway::hiding();
    let path = "Topology.Subtopologies.0.SourceTopicRegex.0";
    let (sent, _) = gateway.forward(HEARTBEAT, 0, &heartbeat(0, &[(path, text("in-.*|out"))]));
    assert_eq!(texts(&sent, path), [r"team-a\.(?:in-.*|out)"]);
    let seen = gateway.local(HEARTBEAT, 0, &heartbeat(0, &[(path, text("a)|(.*"))]));
    assert_eq!(ints(&seen, "ErrorCode"), [128]);
}

#[test]
fn described_groups_show_their_own_topics() {
    const KEY: ApiKey = ApiKey::STREAMS_GROUP_DESCRIBE;
    let gateway = Gateway::hiding();
    let asked = asking(KEY, 1, &[("GroupIds.0", text("count"))]);
    let answer = answering(
        KEY,
        1,
        &[
            ("Groups.0.GroupId", text("team-b.count")),
            ("Groups.1.GroupId", text("team-a.count")),
            ("Groups.1.ErrorMessage", text("Group team-a.count is odd.")),
            ("Groups.1.Topology.Subtopologies.0.SourceTopics.0", text("team-a.in")),
            ("Groups.1.Topology.Subtopologies.0.SourceTopics.1", text("team-b.in")),
            (
                "Groups.1.Topology.Subtopologies.0.StateChangelogTopics.0.Name",
                text("team-a.count-c"),
            ),
            ("Groups.1.Members.0.UserEndpoint.Host", text("app.example")),
            // A sink whose topic is chosen for each record has none.
            ("Groups.1.TopologyDescription.Subtopologies.0.Nodes.0.SinkTopic", null()),
            (
                "Groups.1.TopologyDescription.Subtopologies.0.Nodes.0.SourceTopics.0",
                text("team-a.in"),
            ),
            (
                "Groups.1.TopologyDescription.Subtopologies.0.Nodes.1.SinkTopic",
                text("team-a.out"),
            ),
            (
                "Groups.1.TopologyDescription.GlobalStores.0.Source.SourceTopics.0",
                text("team-a.global"),
            ),
        ],
    );
    let seen = gateway.exchange(KEY, 1, &asked, &answer);
    assert_eq!(texts(&seen, "Groups.*.GroupId"), ["count"]);
    assert_eq!(texts(&seen, "Groups.*.ErrorMessage"), ["Group count is odd."]);
    let topology = "Groups.*.Topology.Subtopologies.*";
    assert_eq!(texts(&seen, &format!("{topology}.SourceTopics.*")), ["in"]);
    assert_eq!(
        texts(&seen, &format!("{topology}.StateChangelogTopics.*.Name")),
        ["count-c"]
    );
    assert_eq!(texts(&seen, "Groups.*.Members.*.UserEndpoint.Host"), ["app.example"]);
    let nodes = "Groups.*.TopologyDescription.Subtopologies.*.Nodes.*";
    assert_eq!(texts(&seen, &format!("{nodes}.SinkTopic")), ["<null>", "out"]);
    assert_eq!(texts(&seen, &format!("{nodes}.SourceTopics.*")), ["in"]);
    let stores = "Groups.*.TopologyDescription.GlobalStores.*";
    assert_eq!(texts(&seen, &format!("{stores}.Source.SourceTopics.*")), ["global"]);
    assert_eq!(texts(&seen, &format!("{stores}.Processor.SinkTopic")), ["<null>"]);
}

#[test]
fn descriptions_of_topologies_get_the_prefix_and_back() {
    const KEY: ApiKey = ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE;
    let gateway = Gateway::hiding();
    let node = "TopologyDescription.Subtopologies.0.Nodes";
    let described = |prefix: &str| {
        asking(
            KEY,
            0,
            &[
                ("GroupId", text(&format!("{prefix}count"))),
                (&format!("{node}.0.SourceTopics.0"), text(&format!("{prefix}in"))),
                (&format!("{node}.0.SinkTopic"), null()),
                (&format!("{node}.1.Stores.0"), text("counts")),
                (&format!("{node}.2.SinkTopic"), text(&format!("{prefix}out"))),
                (
                    "TopologyDescription.GlobalStores.0.Source.SourceTopics.0",
                    text(&format!("{prefix}global")),
                ),
                ("TopologyDescription.GlobalStores.0.Processor.SinkTopic", Value::Null),
            ],
        )
    };
    let (sent, pending) = gateway.forward(KEY, 0, &described(""));
    assert_eq!(sent, described("team-a."));
    let answer = answering(KEY, 0, &[("ErrorMessage", text("team-a.out is too much"))]);
    let seen = gateway.answer(KEY, 0, pending, &answer);
    assert_eq!(texts(&seen, "ErrorMessage"), ["out is too much"]);
}
