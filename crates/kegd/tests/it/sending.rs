//! Produce requests that are passed on while they arrive.

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::gateway::Config;
use crate::prober::definitions::Definitions;
use crate::prober::encode::hex;
use crate::prober::records::{Producer, batch};
use crate::prober::wire::Kafka;
use crate::scenario::{Scenario, direct, setup_or_skip};

const MODES: [&str; 2] = ["hide_prefix", "enforce_prefix"];

/// A client's topics: two that it writes to, one that its rules deny it, and one that it isn't told of at first.
const TOPICS: [&str; 4] = ["own-first", "own-second", "denied", "own-late"];

const NO_ID: &str = "00000000000000000000000000000000";

/// An id that no topic has.
const NONE: &str = "102030405060408090a0b0c0d0e0f000";

const UNKNOWN_TOPIC_OR_PARTITION: i64 = 3;
const UNKNOWN_TOPIC_ID: i64 = 100;
const TOPIC_AUTHORIZATION_FAILED: i64 = 29;

/// The first version that names topics by ids.
const BY_ID: i16 = 13;

/// Versions that name them by names: the last, and the last in which lengths take as many bytes whatever they say.
const BY_NAME: [i16; 2] = [12, 8];

/// Makes the topics on a node; their ids.
fn make(broker: &mut Kafka<'_>, prefix: &str) -> [Value; 4] {
    let names = TOPICS.map(|name| format!("{prefix}{name}"));
    let ids = broker.create_on_first(&names);
    ask_for(broker, prefix, &TOPICS);
    ids.try_into().unwrap()
}

/// Asks for topics until the node knows them all, as clients do, by which a gateway knows their ids.
fn ask_for(kafka: &mut Kafka<'_>, prefix: &str, topics: &[&str]) {
    let topics = topics
        .iter()
        .map(|name| json!({"TopicId": NO_ID, "Name": format!("{prefix}{name}")}));
    let topics: Vec<Value> = topics.collect();
    kafka.settle(
        "Metadata",
        12,
        &json!({"Topics": topics, "AllowAutoTopicCreation": false}),
    );
}

/// So many records of 1 KB for each topic, which has these ids or names, in its only partition.
fn produce(acks: i64, known_by: &str, topics: &[(&Value, usize)]) -> Value {
    let topics = topics.iter().map(|(topic, count)| {
        let records: Vec<String> = (0..*count).map(|at| format!("{at:04}").repeat(256)).collect();
        let partition = json!({"Index": 0, "Records": hex(&batch(Producer::PLAIN, &records))});
        json!({known_by: topic, "PartitionData": [partition]})
    });
    let topics: Vec<Value> = topics.collect();
    json!({"TransactionalId": null, "Acks": acks, "TimeoutMs": 20_000, "TopicData": topics})
}

/// What is said of each topic: nothing of one that isn't among them, or is twice.
fn codes(answer: &Value, known_by: &str, asked: &[&Value]) -> Vec<i64> {
    let topics = answer["Responses"].as_array().unwrap();
    assert_eq!(topics.len(), asked.len(), "{answer}");
    let code = |asked: &&Value| {
        let topic = topics.iter().find(|topic| topic[known_by] == **asked);
        let partitions =
            topic.unwrap_or_else(|| panic!("nothing of {asked} in {answer}"))["PartitionResponses"].as_array();
        let [partition] = &partitions.unwrap()[..] else {
            panic!("{answer}")
        };
        assert_eq!(partition["Index"], 0);
        partition["ErrorCode"].as_i64().unwrap()
    };
    asked.iter().map(code).collect()
}

/// How many records each of the topics has.
fn written(broker: &mut Kafka<'_>, prefix: &str) -> [i64; 4] {
    TOPICS.map(|name| {
        let partition = json!({"PartitionIndex": 0, "CurrentLeaderEpoch": -1, "Timestamp": -1});
        let topic = json!({"Name": format!("{prefix}{name}"), "Partitions": [partition]});
        let answer = broker.settle("ListOffsets", 7, &json!({"ReplicaId": -1, "Topics": [topic]}));
        answer["Topics"][0]["Partitions"][0]["Offset"].as_i64().unwrap()
    })
}

#[test]
fn what_a_client_may_not_write_to_is_refused_in_the_midst_of_a_request_and_the_rest_is_written() {
    let Some(setup) = setup_or_skip("sending") else { return };
    let Some(definitions) = Definitions::read_or_skip(setup, "sending") else {
        return;
    };
    if direct() {
        return; // Nothing is refused there.
    }
    let backend = Backend::shared(setup);
    let rules = "{ resource_type: topic, action: allow, operations: [{ name: describe }], resource_names: [{ match: '*' }] }, \
         { resource_type: topic, action: allow, operations: [{ name: write }], resource_names: [{ match: '*own-*' }] }";
    let config = Config::new(backend, "sending").with_modes(MODES).with_acls(rules);
    let scenario = Scenario::with(setup, backend, "sending", &config);
    let mut broker = Kafka::connect(&definitions, &format!("localhost:{}", backend.ports()[0]), "direct");
    let made: Vec<_> = scenario
        .targets
        .iter()
        .map(|target| make(&mut broker, &target.prefix))
        .collect();
    for (at, (mode, target)) in MODES.iter().zip(&scenario.targets).enumerate() {
        let [first, second, denied, late] = &made[at];
        let (others, none) = (&made[1 - at][0], &json!(NONE));
        let before = written(&mut broker, &scenario.targets[1 - at].prefix);
        let connect = || {
            Kafka::connect(
                &definitions,
                &format!("localhost:{}", config.node_port(at, 1)),
                "client",
            )
        };
        let mut client = connect();
        let seen = if *mode == "hide_prefix" { "" } else { &target.prefix };
        ask_for(&mut client, seen, &TOPICS[..3]);

        // The first of several topics comes whole.
        let answer = client.call("Produce", BY_ID, &produce(-1, "TopicId", &[(first, 1), (second, 100)]));
        assert_eq!(codes(&answer, "TopicId", &[first, second]), [0, 0], "{mode}");

        let asked = [
            (first, 300),
            (others, 40),
            (denied, 200),
            (second, 3),
            (none, 70),
            (late, 9),
        ];
        let answer = client.call("Produce", BY_ID, &produce(-1, "TopicId", &asked));
        // The last it is told of when it is asked for: here the records of others are on their way already.
        let mut expected = [
            0,
            UNKNOWN_TOPIC_ID,
            TOPIC_AUTHORIZATION_FAILED,
            0,
            UNKNOWN_TOPIC_ID,
            UNKNOWN_TOPIC_ID,
        ];
        assert_eq!(codes(&answer, "TopicId", &asked.map(|(id, _)| id)), expected, "{mode}");
        assert_eq!(written(&mut broker, &target.prefix), [301, 103, 0, 0], "{mode}");

        // The client tries again, and the gateway asks whose they are.
        let answer = client.call("Produce", BY_ID, &produce(-1, "TopicId", &asked));
        expected[5] = 0;
        assert_eq!(codes(&answer, "TopicId", &asked.map(|(id, _)| id)), expected, "{mode}");
        assert_eq!(written(&mut broker, &target.prefix), [601, 106, 0, 9], "{mode}");

        // Which only a disconnect can tell.
        let mut client = connect();
        let answer = client.call("Produce", BY_ID, &produce(-1, "TopicId", &[(first, 100), (second, 1)]));
        assert_eq!(codes(&answer, "TopicId", &[first, second]), [0, 0], "{mode}");
        let asked = [(first, 200), (others, 1), (second, 1)];
        client
            .try_call("Produce", BY_ID, &produce(0, "TopicId", &asked))
            .unwrap_err();
        assert_eq!(written(&mut broker, &target.prefix), [901, 108, 0, 9], "{mode}");
        assert_eq!(written(&mut broker, &scenario.targets[1 - at].prefix), before, "{mode}");

        // Nothing is refused.
        let mut client = connect();
        let asked = [(first, 50), (late, 100), (second, 1)];
        // The first comes whole, and the others don't.
        for acks in [1, 1, -1] {
            let answer = client.call("Produce", BY_ID, &produce(acks, "TopicId", &asked));
            assert_eq!(codes(&answer, "TopicId", &asked.map(|(id, _)| id)), [0, 0, 0], "{mode}");
        }
        assert_eq!(written(&mut broker, &target.prefix), [1_051, 111, 0, 309], "{mode}");

        // By names, all of them.
        let mut total = [1_051, 111, 0, 309];
        let [first, second, denied, late] = TOPICS.map(|name| json!(format!("{seen}{name}")));
        let (others, illegal) = (
            &json!(format!("{}own-first", scenario.targets[1 - at].prefix)),
            &json!(format!("{seen}own-a/b")),
        );
        for version in BY_NAME {
            let asked = [
                (&first, 300),
                (others, 40),
                (&denied, 200),
                (&second, 3),
                (illegal, 70),
                (&late, 9),
            ];
            let answer = connect().call("Produce", version, &produce(-1, "Name", &asked));
            let expected = [
                0,
                // With the prefix, it would be a topic of the client's that isn't there.
                match *mode {
                    "hide_prefix" => UNKNOWN_TOPIC_OR_PARTITION,
                    _ => TOPIC_AUTHORIZATION_FAILED,
                },
                TOPIC_AUTHORIZATION_FAILED,
                0,
                UNKNOWN_TOPIC_OR_PARTITION,
                0,
            ];
            assert_eq!(
                codes(&answer, "Name", &asked.map(|(name, _)| name)),
                expected,
                "{mode}, version {version}"
            );
            total = [total[0] + 300, total[1] + 3, 0, total[3] + 9];
            assert_eq!(written(&mut broker, &target.prefix), total, "{mode}, version {version}");
        }
        assert_eq!(written(&mut broker, &scenario.targets[1 - at].prefix), before, "{mode}");
    }
}
