//! Metrics of clients, which brokers collect (KIP-714).

use std::fs;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer};

use crate::backend::Backend;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, setup_or_skip};

const TIME: Duration = Duration::from_secs(120);

#[test]
fn clients_push_the_metrics_that_the_backend_subscribes_to() {
    let Some(setup) = setup_or_skip("telemetry") else {
        return;
    };
    let backend = Backend::shared(setup);
    let scenario = Scenario::on(setup, backend, "telemetry");
    let mut program = scenario.start_java("keg.Telemetry", &[]);
    program.wait_until("subscriptions", TIME, |output| {
        output.matches("METRICS ARE SUBSCRIBED TO").count() == scenario.targets.len()
    });
    // librdkafka pushes in its own thread.
    let producers: Vec<BaseProducer> = scenario
        .targets
        .iter()
        .map(|target| {
            ClientConfig::new()
                .set("bootstrap.servers", &target.bootstrap)
                .set("client.id", format!("telemetry-librdkafka-{}", target.name))
                .set("enable.metrics.push", "true")
                .create()
                .unwrap()
        })
        .collect();
    let expected: Vec<(String, &str)> = scenario
        .targets
        .iter()
        .flat_map(|target| {
            [("producer", ""), ("consumer", "telemetry-workers"), ("librdkafka", "")]
                .map(|(kind, label)| (format!("client_id=telemetry-{kind}-{} ", target.name), label))
        })
        .collect();
    program.wait_until("pushes of all clients", TIME, |_| {
        for producer in &producers {
            producer.poll(Duration::ZERO);
        }
        let pushed = backend.telemetry();
        expected.iter().all(|(client, label)| {
            let of_client = || pushed.lines().filter(|line| line.starts_with(client.as_str()));
            // Twice: the second one answers what the first response has told.
            of_client().count() >= 2 && of_client().any(|line| line.contains(label))
        })
    });
    for producer in &producers {
        let metadata = producer.client().fetch_metadata(Some("telemetry"), TIME).unwrap();
        assert_eq!(metadata.topics().len(), 1);
    }
    // What clients label their metrics with is theirs: it passes as it is, and without the prefix that they don't know.
    let pushed = backend.telemetry();
    for target in scenario.targets.iter().filter(|target| !target.prefix.is_empty()) {
        assert!(!pushed.contains(&target.prefix), "{pushed}");
    }
    fs::write(scenario.dir.join("stop"), "").unwrap();
    expect_checks_to_pass(&mut program, TIME);
}
