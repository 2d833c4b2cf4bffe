//! The gateway under test: the real binary, with a configuration of its own for each test.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::backend::Backend;
use crate::ports::{free_port, free_range};
use crate::process::Process;

const READY: Duration = Duration::from_secs(20);
/// What the gateway promises for its end is `shutdown_timeout`; this is that with room for a busy machine.
const STOPPED: Duration = Duration::from_secs(20);

/// The names of the two virtual clusters.
pub(crate) const VIRTUAL_CLUSTERS: [&str; 2] = ["team-a", "team-b"];

/// A configuration with two virtual clusters by port.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    bootstrap_servers: String,
    /// Makes the names of one test differ from those of every other test on the same backend.
    stem: String,
    /// For each virtual cluster, the bootstrap port and one port for each node after it.
    first_ports: Vec<u16>,
    nodes: u16,
    health_port: u16,
    cluster_policies: String,
}

impl Config {
    pub(crate) fn new(backend: &Backend, stem: &str) -> Self {
        let nodes = u16::try_from(backend.nodes()).unwrap();
        Self {
            bootstrap_servers: backend.bootstrap(),
            stem: stem.to_owned(),
            first_ports: VIRTUAL_CLUSTERS.iter().map(|_| free_range(nodes + 1)).collect(),
            nodes,
            health_port: free_port(),
            cluster_policies: "[]".to_owned(),
        }
    }

    /// Policies for both virtual clusters, in YAML's flow style.
    pub(crate) fn with_cluster_policies(mut self, policies: &str) -> Self {
        self.cluster_policies = policies.to_owned();
        self
    }

    /// What the names of a virtual cluster begin with on the backend.
    pub(crate) fn prefix(&self, virtual_cluster: &str) -> String {
        format!("{}-{virtual_cluster}-", self.stem)
    }

    pub(crate) fn bootstrap(&self, virtual_cluster: usize) -> String {
        format!("localhost:{}", self.first_ports[virtual_cluster])
    }

    pub(crate) fn yaml(&self) -> String {
        let servers: Vec<String> = self.bootstrap_servers.split(',').map(|server| format!("\"{server}\"")).collect();
        let mut yaml = format!(
            "runtime:
  health_listener_address_port: [\"127.0.0.1:{health}\"]
backend_clusters:
  - name: main
    bootstrap_servers: [{servers}]
    authentication: {{ type: anonymous }}
    insecure_allow_anonymous_virtual_cluster_auth: true
virtual_clusters:
",
            health = self.health_port,
            servers = servers.join(", "),
        );
        for name in VIRTUAL_CLUSTERS {
            write!(
                yaml,
                "  - name: {name}
    destination: {{ name: main }}
    dns_label: {name}
    authentication: [{{ type: anonymous }}]
    acl_mode: passthrough
    namespace: {{ mode: hide_prefix, prefix: {prefix} }}
    cluster_policies: {policies}
",
                prefix = self.prefix(name),
                policies = self.cluster_policies,
            )
            .unwrap();
        }
        yaml.push_str("listeners:\n");
        for (name, first) in VIRTUAL_CLUSTERS.iter().zip(&self.first_ports) {
            write!(
                yaml,
                "  - name: {name}
    addresses: [127.0.0.1]
    ports: [{first}-{last}]
    policies:
      - type: forward_to_virtual_cluster
        config:
          type: port_mapping
          destination: {{ name: {name} }}
          advertised_host: localhost
          bootstrap_port: at_start
          min_broker_id: 1
",
                last = first + self.nodes,
            )
            .unwrap();
        }
        yaml
    }
}

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    process: Process,
    file: PathBuf,
    log: PathBuf,
    health_port: u16,
}

impl Gateway {
    /// Starts the binary with `config` and waits until it says that it is ready.
    pub(crate) fn start(config: &Config, dir: &Path) -> Self {
        let file = dir.join("keg.yaml");
        fs::write(&file, config.yaml()).unwrap();
        let log = dir.join("kegd.log");
        let mut gateway = Self {
            process: spawn(&file, &log),
            file,
            log,
            health_port: config.health_port,
        };
        gateway.wait_until_ready();
        gateway
    }

    /// Stops in an orderly way and starts again with the same file.
    pub(crate) fn restart(&mut self) {
        self.process.terminate(STOPPED);
        self.process = spawn(&self.file, &self.log);
        self.wait_until_ready();
    }

    /// Ends without notice, and starts again with the same file.
    pub(crate) fn crash_and_restart(&mut self) {
        self.process.kill();
        self.process = spawn(&self.file, &self.log);
        self.wait_until_ready();
    }

    /// Replaces the configuration file and asks for a reload.
    pub(crate) fn reload(&mut self, yaml: &str) {
        fs::write(&self.file, yaml).unwrap();
        self.process.signal("HUP");
    }

    /// Waits until the log or the metrics show something.
    pub(crate) fn wait_until(&mut self, what: &str, mut shown: impl FnMut(&str, &str) -> bool) {
        let port = self.health_port;
        self.process.wait_until(what, READY, |log| {
            shown(log, &get(port, "/metrics").map_or_else(String::new, |(_, body)| body))
        });
    }

    pub(crate) fn metrics(&self) -> String {
        get(self.health_port, "/metrics").unwrap().1
    }

    pub(crate) fn log_tail(&self) -> String {
        self.process.tail()
    }

    fn wait_until_ready(&mut self) {
        let port = self.health_port;
        self.process.wait_until("readiness", READY, |_| {
            get(port, "/health/probes/readiness").is_some_and(|(status, _)| status == 200)
        });
    }
}

fn spawn(file: &Path, log: &Path) -> Process {
    let file = file.display().to_string();
    Process::start("kegd", log, env!("CARGO_BIN_EXE_kegd"), ["run", "--config", &file])
}

/// The status and the body of a GET, if something answers.
fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}
