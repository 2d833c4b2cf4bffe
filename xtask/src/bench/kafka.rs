//! One Kafka node, on loopback, whose data stays small enough for the page cache.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::Outcome;
use super::child::Program;
use crate::test::{self, Places};

/// How long the node may take until it serves.
const START: Duration = Duration::from_secs(120);

pub(super) struct Kafka {
    _program: Program,
    port: u16,
}

impl Kafka {
    pub(super) fn start(places: &Places, dir: &Path) -> Outcome<Self> {
        let (port, controller) = (free_ports()?, free_ports()?);
        let properties = dir.join("kafka.properties");
        // What is produced is deleted within seconds, before most of it is written to the disk.
        let text = format!(
            "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=1000
log.segment.delete.delay.ms=500
connections.max.idle.ms=-1
socket.listen.backlog.size=4096
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
",
            data = dir.join("data").display()
        );
        fs::write(&properties, text)?;
        let log = dir.join("kafka.log");
        let mut command = Command::new("java");
        command
            .args([
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            ])
            .arg("-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info")
            .args(["-cp", &test::class_path(places), "keg.Node", "keg-bench-AAAAAAAAAAAAA"])
            .arg(&properties);
        let mut program = Program::start(&mut command, &log)?;
        let start = Instant::now();
        while !fs::read_to_string(&log)?.contains("Kafka Server started") {
            if program.has_ended() || start.elapsed() > START {
                return Err(format!("Kafka did not start: see {}", log.display()).into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Self {
            _program: program,
            port,
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// The first of two free ports in a row, below those of outgoing connections.
pub(super) fn free_ports() -> Outcome<u16> {
    use std::net::{Ipv4Addr, TcpListener};
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(12_000);
    loop {
        let port = NEXT.fetch_add(2, Ordering::Relaxed);
        if port > 31_000 {
            return Err("no free ports between 12000 and 31000".into());
        }
        if [port, port + 1]
            .iter()
            .all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        {
            return Ok(port);
        }
    }
}
