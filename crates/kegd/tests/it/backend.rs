//! Real Kafka clusters, started when the first test asks for them.

mod node;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use node::{Node, NodeFiles};

use crate::certs::Authority;
use crate::ports::free_port;
use crate::setup::{CURRENT, OLDER, Setup};

/// How long a cluster may take until it serves; on two busy cores a start takes 10 to 20 s.
const START: Duration = Duration::from_secs(120);

/// The host names of every broker certificate.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "*.kafka.test"];

/// A running Kafka cluster in KRaft mode; every node is broker and controller.
#[derive(Debug)]
pub(crate) struct Backend {
    nodes: Vec<Mutex<Node>>,
    authority: Authority,
    dir: PathBuf,
}

impl Backend {
    /// Three nodes that all tests share; none of them ever stops.
    pub(crate) fn shared(setup: &'static Setup) -> &'static Self {
        static SHARED: OnceLock<Backend> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(setup, "shared", CURRENT, 3))
    }

    /// Three more nodes, for one test at a time: to stop some of them, or to have a cluster of one's own.
    pub(crate) fn exclusive(setup: &'static Setup) -> (&'static Self, MutexGuard<'static, ()>) {
        static EXCLUSIVE: OnceLock<Backend> = OnceLock::new();
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        (EXCLUSIVE.get_or_init(|| Self::start(setup, "exclusive", CURRENT, 3)), turn)
    }

    /// One node of the older Kafka.
    pub(crate) fn older(setup: &'static Setup) -> &'static Self {
        static OLD: OnceLock<Backend> = OnceLock::new();
        OLD.get_or_init(|| Self::start(setup, "older", OLDER, 1))
    }

    /// The plaintext addresses, as a client's `bootstrap.servers`.
    pub(crate) fn bootstrap(&self) -> String {
        self.addresses(|node| node.plaintext_port())
    }

    /// The TLS addresses.
    pub(crate) fn tls_bootstrap(&self) -> String {
        self.addresses(|node| node.tls_port())
    }

    /// What signed the brokers' certificates.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Stops a node in an orderly way: its partitions get other leaders first.
    pub(crate) fn stop_node(&self, id: usize) {
        self.node(id).stop();
    }

    /// Starts a stopped node again, and waits until it serves.
    pub(crate) fn start_node(&self, id: usize) {
        let mut node = self.node(id);
        node.start();
        node.wait_until_serving(START);
    }

    /// The ends of the nodes' logs.
    pub(crate) fn log_tails(&self) -> String {
        let tails: Vec<String> = (1..=self.nodes.len()).map(|id| self.node(id).log_tail()).collect();
        tails.join("\n")
    }

    fn node(&self, id: usize) -> MutexGuard<'_, Node> {
        self.nodes[id - 1].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn addresses(&self, port: impl Fn(&Node) -> u16) -> String {
        let addresses: Vec<String> = (1..=self.nodes.len())
            .map(|id| format!("127.0.0.1:{}", port(&self.node(id))))
            .collect();
        addresses.join(",")
    }

    fn start(setup: &'static Setup, name: &str, version: &'static str, count: usize) -> Self {
        let dir = setup.dir(name);
        let authority = Authority::new("backend-ca", &dir);
        let identity = authority.identity("broker", &HOSTS);
        let voters: Vec<(usize, u16)> = (1..=count).map(|id| (id, free_port())).collect();
        let files = NodeFiles {
            setup,
            version,
            dir: dir.clone(),
            key_store: identity.both,
            trust_store: dir.join("backend-ca.pem"),
        };
        let nodes: Vec<Mutex<Node>> = (1..=count)
            .map(|id| Mutex::new(Node::new(&files, id, &voters)))
            .collect();
        let backend = Self { nodes, authority, dir };
        for id in 1..=count {
            backend.node(id).start();
        }
        for id in 1..=count {
            backend.node(id).wait_until_serving(START);
        }
        backend
    }

    /// A directory beside the nodes' logs.
    pub(crate) fn dir(&self) -> &std::path::Path {
        &self.dir
    }
}
