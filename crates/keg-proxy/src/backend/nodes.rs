//! Where the nodes of a backend cluster are.

use std::collections::BTreeMap;
use std::fmt;

use arc_swap::ArcSwap;

/// A host name or address, and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// A DNS name or an IP address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What is known of the nodes. Read on every connection, written when something changes.
#[derive(Debug)]
pub(super) struct Nodes {
    fixed: BTreeMap<i32, HostPort>,
    learned: ArcSwap<BTreeMap<i32, HostPort>>,
}

impl Nodes {
    pub(super) fn new(fixed: BTreeMap<i32, HostPort>) -> Self {
        Self {
            fixed,
            learned: ArcSwap::default(),
        }
    }

    pub(super) fn address(&self, node: i32) -> Option<HostPort> {
        self.fixed
            .get(&node)
            .cloned()
            .or_else(|| self.learned.load().get(&node).cloned())
    }

    pub(super) fn ids(&self) -> Vec<i32> {
        self.learned.load().keys().chain(self.fixed.keys()).copied().collect()
    }

    pub(super) fn all(&self) -> Vec<HostPort> {
        self.learned
            .load()
            .values()
            .chain(self.fixed.values())
            .cloned()
            .collect()
    }

    pub(super) fn replace(&self, nodes: BTreeMap<i32, HostPort>) {
        if **self.learned.load() != nodes {
            self.learned.store(nodes.into());
        }
    }

    pub(super) fn learn(&self, node: i32, host: &str, port: u16) {
        let known =
            |nodes: &BTreeMap<i32, HostPort>| nodes.get(&node).is_some_and(|it| it.port == port && it.host == host);
        if known(&self.learned.load()) {
            return;
        }
        self.learned.rcu(|nodes| {
            let mut nodes = BTreeMap::clone(nodes);
            nodes.insert(
                node,
                HostPort {
                    host: host.to_owned(),
                    port,
                },
            );
            nodes
        });
    }
}
