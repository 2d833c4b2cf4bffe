//! The handle to a running broker.

use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::info;

use crate::builder::Builder;
use crate::cluster::Cluster;
use crate::faults::Faults;
use crate::node;
use crate::topics::{Placement, TopicConfigs};

/// A running broker. Dropping it stops it; [`shutdown`](Self::shutdown) also waits until it has.
#[derive(Debug)]
pub struct DevBroker {
    cluster: Arc<Cluster>,
    addresses: Vec<SocketAddr>,
    /// Dropping it tells every task to end.
    alive: watch::Sender<()>,
    tasks: JoinSet<()>,
}

/// Why a topic was not created.
#[derive(Debug, Error)]
#[error("topic '{topic}' can't be created: {reason} (Kafka error code {code})")]
#[non_exhaustive]
pub struct CreateTopicError {
    /// Its name.
    pub topic: String,
    /// Kafka's error code.
    pub code: i16,
    /// What Kafka says about it.
    pub reason: String,
}

impl DevBroker {
    /// Begins a broker: three nodes on any ports of 127.0.0.1, unless more is said.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The addresses of the nodes, in the order of their ids.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The nodes as Kafka's `bootstrap.servers`: `host:port,host:port`, with the advertised host.
    pub fn bootstrap(&self) -> String {
        let endpoints = self.cluster.endpoints.iter();
        let addresses: Vec<String> = endpoints
            .map(|endpoint| match endpoint.host.contains(':') {
                true => format!("[{}]:{}", endpoint.host, endpoint.port),
                false => format!("{}:{}", endpoint.host, endpoint.port),
            })
            .collect();
        addresses.join(",")
    }

    /// The ids of the nodes.
    pub fn node_ids(&self) -> Vec<i32> {
        self.cluster.node_ids()
    }

    /// The cluster id that clients see.
    pub fn cluster_id(&self) -> &str {
        &self.cluster.id
    }

    /// The id of the node that leads a partition.
    pub fn leader(&self, topic: &str, partition: i32) -> Option<i32> {
        self.cluster.state().topics.leader_of(topic, partition)
    }

    /// The id of the node that coordinates a group.
    pub fn coordinator(&self, group: &str) -> Option<i32> {
        self.cluster.coordinator(group).map(|endpoint| endpoint.id)
    }

    /// The names of the topics, in order.
    pub fn topics(&self) -> Vec<String> {
        self.cluster
            .state()
            .topics
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// Creates a topic.
    ///
    /// # Errors
    ///
    /// When Kafka would refuse it: the name is taken or malformed, or there are no partitions.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), CreateTopicError> {
        let placement = Placement::Spread {
            partitions,
            replicas: self.cluster.settings.default_replicas,
        };
        let mut state = self.cluster.state();
        let created = self
            .cluster
            .create_topic(&mut state, name, placement, TopicConfigs::default(), false);
        created.map(|_| ()).map_err(|refused| CreateTopicError {
            topic: name.to_owned(),
            code: refused.error.code(),
            reason: refused.message,
        })
    }

    /// The faults of this broker.
    pub fn faults(&self) -> &Faults {
        &self.cluster.faults
    }

    /// Closes every connection and port, and returns when all are closed.
    pub async fn shutdown(self) {
        let Self { alive, mut tasks, .. } = self;
        drop(alive);
        while tasks.join_next().await.is_some() {}
        info!("broker stopped");
    }

    pub(crate) fn serve(cluster: Arc<Cluster>, listeners: Vec<(i32, SocketAddr, TcpListener)>) -> Self {
        let (alive, watched) = watch::channel(());
        let mut tasks = JoinSet::new();
        let mut addresses = Vec::with_capacity(listeners.len());
        for (id, address, listener) in listeners {
            info!(node = id, %address, "node listens");
            addresses.push(address);
            tasks.spawn(node::run(Arc::clone(&cluster), id, listener, watched.clone()));
        }
        let groups = Arc::clone(&cluster).run_groups();
        tasks.spawn(node::until_stopped(watched, groups));
        Self {
            cluster,
            addresses,
            alive,
            tasks,
        }
    }
}
