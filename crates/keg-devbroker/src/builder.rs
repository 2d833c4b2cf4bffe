//! How a broker is started.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;

use crate::broker::DevBroker;
use crate::cluster::{Cluster, Endpoint, Settings};
use crate::faults::Faults;
use crate::random::Random;
use crate::topics::{Placement, TopicConfigs};

/// What a [`DevBroker`] will be; made by [`DevBroker::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    nodes: usize,
    first_node_id: i32,
    bind: IpAddr,
    advertised_host: Option<String>,
    ports: Vec<u16>,
    topics: Vec<(String, i32)>,
    seed: Option<u64>,
    faults: Faults,
    settings: Settings,
}

/// Why a broker did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A node could not listen.
    #[error("node {node} can't listen on {address}: {source}")]
    Listen {
        /// The node's id.
        node: i32,
        /// The address, whose port is 0 if any would have done.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// A broker has at least one node.
    #[error("a broker has at least 1 node, but 0 were asked for")]
    NoNodes,
    /// The ports don't fit the nodes.
    #[error("expected one port for each of {nodes} node(s), found {ports}")]
    PortCount {
        /// How many nodes there are.
        nodes: usize,
        /// How many ports were given.
        ports: usize,
    },
    /// A topic that was asked for can't be created.
    #[error("topic '{topic}' can't be created: {reason}")]
    Topic {
        /// Its name.
        topic: String,
        /// What Kafka says about it.
        reason: String,
    },
}

impl StartError {
    /// The address that was taken, if that is the reason.
    pub fn taken(&self) -> Option<SocketAddr> {
        match self {
            Self::Listen { address, source, .. } if source.kind() == io::ErrorKind::AddrInUse => Some(*address),
            _ => None,
        }
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            nodes: 3,
            first_node_id: 0,
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            advertised_host: None,
            ports: Vec::new(),
            topics: Vec::new(),
            seed: None,
            faults: Faults::new(),
            settings: Settings {
                auto_create_topics: true,
                default_partitions: 1,
                default_replicas: 1,
                retention_bytes: 64 << 20,
                max_message_bytes: 1_048_588,
                max_frame_bytes: 100 << 20,
                initial_rebalance_delay: Duration::ZERO,
            },
        }
    }

    /// How many nodes there are; 3 unless said.
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// The id of the first node, which the others follow; 0 unless said.
    pub fn first_node_id(mut self, id: i32) -> Self {
        self.first_node_id = id;
        self
    }

    /// The address that all nodes listen on; 127.0.0.1 unless said.
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.bind = address;
        self
    }

    /// The host that clients are told to connect to; the bind address unless said, or `localhost`
    /// if that is unspecified.
    pub fn advertised_host(mut self, host: impl Into<String>) -> Self {
        self.advertised_host = Some(host.into());
        self
    }

    /// The port of each node, of which 0 is any; without ports, all nodes take any.
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports = ports.into_iter().collect();
        self
    }

    /// Lets every node take any port that is free.
    pub fn ephemeral_ports(mut self) -> Self {
        self.ports.clear();
        self
    }

    /// Creates a topic at the start; may be called again.
    pub fn topic(mut self, name: impl Into<String>, partitions: i32) -> Self {
        self.topics.push((name.into(), partitions));
        self
    }

    /// Shares a handle to faults, which may have some already.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Makes topic ids, member ids and the cluster id the same in each run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Whether a client's Metadata request creates topics that don't exist; true unless said.
    pub fn auto_create_topics(mut self, auto_create: bool) -> Self {
        self.settings.auto_create_topics = auto_create;
        self
    }

    /// The partitions of a topic about which nothing is said; 1 unless said.
    pub fn default_partitions(mut self, partitions: i32) -> Self {
        self.settings.default_partitions = partitions;
        self
    }

    /// The replicas that a topic claims to have when nothing is said; 1 unless said.
    pub fn default_replicas(mut self, replicas: i16) -> Self {
        self.settings.default_replicas = replicas;
        self
    }

    /// How many bytes a partition keeps; 64 MiB unless said. The newest batch always stays.
    pub fn retention_bytes(mut self, bytes: usize) -> Self {
        self.settings.retention_bytes = bytes;
        self
    }

    /// How large a batch may be unless its topic says otherwise; 1,048,588 bytes unless said.
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_message_bytes = bytes;
        self
    }

    /// How large a request may be; 100 MiB unless said.
    pub fn max_frame_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_frame_bytes = bytes;
        self
    }

    /// How long a new group waits for more members; not at all unless said.
    pub fn initial_rebalance_delay(mut self, delay: Duration) -> Self {
        self.settings.initial_rebalance_delay = delay;
        self
    }

    /// Starts listening, and serves until the broker is dropped or shut down.
    ///
    /// # Errors
    ///
    /// When a node can't listen (the error names the address), when the numbers of ports and nodes
    /// differ, and when a topic can't be created.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O and time enabled, as tokio does.
    pub async fn start(self) -> Result<DevBroker, StartError> {
        if self.nodes == 0 {
            return Err(StartError::NoNodes);
        }
        let ports = match self.ports.len() {
            0 => vec![0; self.nodes],
            count if count == self.nodes => self.ports.clone(),
            ports => {
                return Err(StartError::PortCount {
                    nodes: self.nodes,
                    ports,
                });
            }
        };
        let mut listeners = Vec::with_capacity(ports.len());
        let mut endpoints = Vec::with_capacity(ports.len());
        for (id, port) in (self.first_node_id..).zip(ports) {
            let address = SocketAddr::new(self.bind, port);
            let (listener, bound) = listen(address).await.map_err(|source| StartError::Listen {
                node: id,
                address,
                source,
            })?;
            endpoints.push(Endpoint {
                id,
                host: self.host(),
                port: bound.port(),
            });
            listeners.push((id, bound, listener));
        }
        let random = self.seed.map_or_else(Random::from_process, Random::seeded);
        let cluster = Cluster::new(endpoints, self.settings, self.faults, random);
        for (topic, partitions) in self.topics {
            let placement = Placement::Spread {
                partitions,
                replicas: cluster.settings.default_replicas,
            };
            cluster
                .create_topic(&mut cluster.state(), &topic, placement, TopicConfigs::default(), false)
                .map_err(|refused| StartError::Topic {
                    topic,
                    reason: refused.message,
                })?;
        }
        Ok(DevBroker::serve(Arc::new(cluster), listeners))
    }

    fn host(&self) -> String {
        match &self.advertised_host {
            Some(host) => host.clone(),
            None if self.bind.is_unspecified() => "localhost".to_owned(),
            None => self.bind.to_string(),
        }
    }
}

async fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}
