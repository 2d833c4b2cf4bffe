//! One Kafka node in a JVM of its own.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::java::Java;
use crate::ports::unmistakable_port;
use crate::process::Process;
use crate::setup::{CURRENT, Setup};

/// What the nodes of a cluster have in common.
#[derive(Debug)]
pub(super) struct NodeFiles {
    pub(super) setup: &'static Setup,
    pub(super) version: &'static str,
    pub(super) cluster_id: String,
    pub(super) dir: PathBuf,
    pub(super) key_store: PathBuf,
    pub(super) trust_store: PathBuf,
    /// The port that the external listeners advertise: a gateway's.
    pub(super) advertised_port: u16,
    /// More lines of properties.
    pub(super) more: String,
}

/// The ports of a node's listeners.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) plaintext: u16,
    pub(super) tls: u16,
    /// TLS as well, advertised as `broker-N.kafka.test` with a gateway's port.
    pub(super) external: u16,
    pub(super) controller: u16,
}

/// A node, running or stopped.
#[derive(Debug)]
pub(super) struct Node {
    id: usize,
    ports: Ports,
    setup: &'static Setup,
    version: &'static str,
    cluster_id: String,
    config: PathBuf,
    log: PathBuf,
    /// From where the node may fetch keys.
    allowed_urls: String,
    process: Option<Process>,
    /// How often the log says that the node serves; it is appended to at every start.
    starts: usize,
}

impl Node {
    pub(super) fn new(files: &NodeFiles, id: usize, voters: &[(usize, u16)]) -> Self {
        let ports = Ports {
            plaintext: unmistakable_port(),
            tls: unmistakable_port(),
            external: unmistakable_port(),
            controller: voters[id - 1].1,
        };
        let config = files.dir.join(format!("node-{id}.properties"));
        fs::write(&config, properties(files, id, voters, ports)).unwrap();
        Self {
            id,
            ports,
            setup: files.setup,
            version: files.version,
            cluster_id: files.cluster_id.clone(),
            config,
            log: files.dir.join(format!("node-{id}.log")),
            allowed_urls: allowed_urls(&files.more),
            process: None,
            starts: 0,
        }
    }

    pub(super) fn ports(&self) -> Ports {
        self.ports
    }

    pub(super) fn is_started(&self) -> bool {
        self.process.is_some()
    }

    pub(super) fn start(&mut self) {
        let java = Java::new(self.setup, self.version)
            .heap("-Xmx512m")
            .option("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .option("-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info");
        let java = match &*self.allowed_urls {
            "" => java,
            urls => java.option(format!("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={urls}")),
        };
        let name = format!("node {}", self.id);
        let config = self.config.display().to_string();
        self.process = Some(java.start(&name, &self.log, "keg.Node", &[&self.cluster_id, &config]));
        self.starts += 1;
    }

    pub(super) fn wait_until_serving(&mut self, time: Duration) {
        let starts = self.starts;
        let process = self.process.as_mut().unwrap();
        process.wait_until("the node serves", time, |log| {
            log.matches("Kafka Server started").count() >= starts
        });
    }

    pub(super) fn stop(&mut self) {
        self.process.take().unwrap().terminate(Duration::from_secs(60));
    }

    /// What `keg.TelemetryReceiver` has written.
    pub(super) fn telemetry(&self) -> String {
        fs::read_to_string(self.log.with_file_name(format!("node-{}-data-telemetry", self.id))).unwrap_or_default()
    }

    pub(super) fn log_tail(&self) -> String {
        self.process.as_ref().map_or_else(String::new, Process::tail)
    }
}

/// What a node's external listener is called.
pub(super) fn external_host(id: usize) -> String {
    format!("broker-{id}.kafka.test")
}

/// Nodes fetch nothing from where a setting alone sends them.
fn allowed_urls(properties: &str) -> String {
    let name = "sasl.oauthbearer.jwks.endpoint.url=";
    let urls: Vec<&str> = properties.lines().filter_map(|line| line.strip_prefix(name)).collect();
    urls.join(",")
}

fn properties(files: &NodeFiles, id: usize, voters: &[(usize, u16)], ports: Ports) -> String {
    let Ports {
        plaintext,
        tls,
        external,
        controller,
    } = ports;
    let voters: Vec<String> = voters
        .iter()
        .map(|(id, port)| format!("{id}@127.0.0.1:{port}"))
        .collect();
    let replicas = voters.len();
    // With two of three a node may stop and everything stays writable.
    let in_sync = replicas.min(2);
    // Nothing is deleted for its age: the tests write timestamps of years ago.
    format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{plaintext},SSL://127.0.0.1:{tls},EXTERNAL://127.0.0.1:{external},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plaintext},SSL://127.0.0.1:{tls},EXTERNAL://{external_host}:{advertised_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,EXTERNAL:SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
ssl.keystore.type=PEM
ssl.keystore.location={key_store}
ssl.truststore.type=PEM
ssl.truststore.location={trust_store}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=6
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=6
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=6
default.replication.factor={replicas}
min.insync.replicas=1
num.partitions=3
auto.create.topics.enable=false
log.retention.ms=-1
group.initial.rebalance.delay.ms=0
group.consumer.heartbeat.interval.ms=1000
group.consumer.min.heartbeat.interval.ms=1000
group.min.session.timeout.ms=2000
transaction.max.timeout.ms=900000
controlled.shutdown.enable=true
{telemetry}
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=1
log.cleaner.dedupe.buffer.size=2097152
log.cleaner.threads=1
{more}",
        // Brokers take no metrics of clients without one; those of the older Kafka have none.
        telemetry = match files.version {
            CURRENT => "metric.reporters=keg.TelemetryReceiver",
            _ => "",
        },
        external_host = external_host(id),
        advertised_port = files.advertised_port,
        more = files.more,
        voters = voters.join(","),
        data = files.dir.join(format!("node-{id}-data")).display(),
        key_store = files.key_store.display(),
        trust_store = files.trust_store.display(),
    )
}
