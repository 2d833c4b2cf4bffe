//! Kafka Connect.

use std::fs;
use std::time::Duration;

use crate::java::{Java, expect_checks_to_pass};
use crate::ports::free_port;
use crate::process::Process;
use crate::scenario::{Scenario, Target};
use crate::setup::CURRENT;

#[test]
fn a_distributed_worker_copies_files_inside_its_virtual_cluster() {
    let Some(scenario) = Scenario::new("connect") else {
        return;
    };
    let workers: Vec<(String, Process)> = scenario
        .targets
        .iter()
        .map(|target| worker(&scenario, target))
        .collect();
    let ports: Vec<&str> = workers.iter().map(|(port, _)| port.as_str()).collect();
    let mut program = scenario.start_java("keg.Connect", &[&ports.join(",")]);
    expect_checks_to_pass(&mut program, Duration::from_secs(180));
}

/// A worker, and where its REST interface is.
fn worker(scenario: &Scenario, target: &Target) -> (String, Process) {
    let Target { name, bootstrap, .. } = target;
    let port = free_port();
    let config = scenario.dir.join(format!("worker-{name}.properties"));
    let replicas = scenario.backend.nodes();
    let properties = format!(
        "bootstrap.servers={bootstrap}
group.id=connect-workers
listeners=http://127.0.0.1:{port}
rest.advertised.host.name=127.0.0.1
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
config.storage.topic=connect-configs
config.storage.replication.factor={replicas}
offset.storage.topic=connect-offsets
offset.storage.replication.factor={replicas}
offset.storage.partitions=3
status.storage.topic=connect-status
status.storage.replication.factor={replicas}
status.storage.partitions=2
offset.flush.interval.ms=500
connector.client.config.override.policy=All
plugin.discovery=service_load
"
    );
    fs::write(&config, properties).unwrap();
    let name = format!("worker-{name}");
    let process = Java::new(scenario.setup, CURRENT)
        .option("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        .start(
            &name,
            &scenario.dir.join(format!("{name}.log")),
            "org.apache.kafka.connect.cli.ConnectDistributed",
            &[&config.display().to_string()],
        );
    (format!("{}={port}", target.name), process)
}
