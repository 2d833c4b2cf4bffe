//! Fetch responses that are passed on while they arrive.

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::gateway::Config;
use crate::prober::definitions::Definitions;
use crate::prober::encode::hex;
use crate::prober::records::{Producer, batch};
use crate::prober::wire::Kafka;
use crate::scenario::{Scenario, direct, setup_or_skip};

const MODES: [&str; 2] = ["hide_prefix", "enforce_prefix"];

/// How many records of 1 KB a topic has: too few for a response to be passed on, and enough.
const TOPICS: [(&str, usize); 3] = [("large", 300), ("small", 3), ("larger", 400)];

/// The first version that names topics by ids.
const BY_ID: i16 = 13;

/// Makes the topics on a node, with their records; their ids.
fn make(kafka: &mut Kafka<'_>, prefix: &str) -> Vec<Value> {
    let names = TOPICS.map(|(name, _)| format!("{prefix}{name}"));
    let ids = kafka.create_on_first(&names);
    for (name, (_, records)) in names.iter().zip(TOPICS) {
        let records: Vec<String> = (0..records).map(|at| format!("{at:04}").repeat(256)).collect();
        for records in records.chunks(100) {
            let partition = json!({"Index": 0, "Records": hex(&batch(Producer::PLAIN, records))});
            let topic = json!({"Name": name, "PartitionData": [partition]});
            let request = json!({"TransactionalId": null, "Acks": -1, "TimeoutMs": 20_000, "TopicData": [topic]});
            kafka.settle("Produce", 9, &request);
        }
    }
    ids
}

/// What comes of a fetch of all topics.
fn fetch(kafka: &mut Kafka<'_>, version: i16, prefix: &str, ids: &[Value]) -> Value {
    let topics = TOPICS.iter().zip(ids).map(|((name, _), id)| {
        let partitions = [json!({"Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 1 << 20})];
        match version {
            BY_ID.. => json!({"TopicId": id, "Partitions": partitions}),
            _ => json!({"Topic": format!("{prefix}{name}"), "Partitions": partitions}),
        }
    });
    let topics: Vec<Value> = topics.collect();
    kafka.call("Fetch", version, &json!({"MaxWaitMs": 0, "Topics": topics}))
}

#[test]
fn several_topics_are_fetched_as_the_broker_gives_them_in_every_version() {
    let Some(setup) = setup_or_skip("fetching") else { return };
    let Some(definitions) = Definitions::read_or_skip(setup, "fetching") else {
        return;
    };
    if direct() {
        return; // There is nothing to compare with.
    }
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "fetching").with_modes(MODES);
    let scenario = Scenario::with(setup, backend, "fetching", &config);
    let mut broker = Kafka::connect(&definitions, &format!("localhost:{}", backend.ports()[0]), "direct");
    for (at, (mode, target)) in MODES.iter().zip(&scenario.targets).enumerate() {
        let ids = make(&mut broker, &target.prefix);
        let address = format!("localhost:{}", config.node_port(at, 1));
        let mut client = Kafka::connect(&definitions, &address, "client");
        // As clients do, by which the gateway knows the ids.
        let topics: Vec<Value> = ids.iter().map(|id| json!({"TopicId": id, "Name": null})).collect();
        client.settle("Metadata", 12, &json!({"Topics": topics}));
        let hidden = *mode == "hide_prefix";
        let seen = if hidden { "" } else { &target.prefix };
        for version in 4..=17 {
            let mut expected = fetch(&mut broker, version, &target.prefix, &ids);
            for topic in expected["Responses"].as_array_mut().unwrap() {
                let records = topic["Partitions"][0]["Records"].as_str().unwrap().len();
                assert!(records > 2 * 1024, "{version}: there are no records");
                if let Some(name) = topic.get_mut("Topic").filter(|_| hidden) {
                    *name = json!(name.as_str().unwrap().strip_prefix(&target.prefix).unwrap());
                }
            }
            let found = fetch(&mut client, version, seen, &ids);
            assert!(
                found == expected,
                "{mode}: version {version} is not what the broker says"
            );
        }
    }
}
