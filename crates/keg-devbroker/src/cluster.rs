//! What the nodes share: topics, groups, producer ids, settings.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use tokio::sync::Notify;
use tracing::info;
use uuid::Uuid;

use crate::faults::Faults;
use crate::groups::Groups;
use crate::random::{Random, stable_hash};
use crate::topics::{Placement, Refused, TopicConfigs, Topics};

/// What can be set when the broker starts.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) auto_create_topics: bool,
    pub(crate) default_partitions: i32,
    pub(crate) default_replicas: i16,
    pub(crate) retention_bytes: usize,
    pub(crate) max_message_bytes: usize,
    pub(crate) max_frame_bytes: usize,
    pub(crate) initial_rebalance_delay: Duration,
}

/// A node as clients are told to reach it.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) id: i32,
    pub(crate) host: String,
    pub(crate) port: u16,
}

#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    /// Something was appended or deleted: whoever waits for records looks again.
    pub(crate) appended: Notify,
    /// A group's next deadline may have changed.
    pub(crate) regrouped: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) topics: Topics,
    pub(crate) groups: Groups,
    random: Random,
    next_producer_id: i64,
}

impl Cluster {
    pub(crate) fn new(endpoints: Vec<Endpoint>, settings: Settings, faults: Faults, mut random: Random) -> Self {
        Self {
            id: random.cluster_id(),
            endpoints,
            faults,
            appended: Notify::new(),
            regrouped: Notify::new(),
            state: Mutex::new(State {
                topics: Topics::default(),
                groups: Groups::new(settings.initial_rebalance_delay),
                random,
                next_producer_id: 0,
            }),
            settings,
        }
    }

    /// The shared state. Never held across an `await`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn node_ids(&self) -> Vec<i32> {
        self.endpoints.iter().map(|endpoint| endpoint.id).collect()
    }

    pub(crate) fn endpoint(&self, id: i32) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.id == id)
    }

    /// The node that coordinates a group, or would coordinate a transactional id.
    pub(crate) fn coordinator(&self, key: &str) -> Option<&Endpoint> {
        let count = u64::try_from(self.endpoints.len()).unwrap_or(1).max(1);
        self.endpoints.get((stable_hash(key) % count) as usize)
    }

    /// `Ok` if `node` coordinates the group.
    pub(crate) fn check_coordinator(&self, node: i32, group: &str) -> Result<(), ResponseError> {
        if group.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        match self.coordinator(group) {
            Some(coordinator) if coordinator.id == node => Ok(()),
            _ => Err(ResponseError::NotCoordinator),
        }
    }

    /// Creates a topic, or only checks that it could be.
    pub(crate) fn create_topic(
        &self,
        state: &mut State,
        name: &str,
        placement: Placement,
        configs: TopicConfigs,
        dry_run: bool,
    ) -> Result<Uuid, Refused> {
        let id = state.random.uuid();
        state
            .topics
            .create(name, id, placement, configs, &self.node_ids(), dry_run)?;
        if !dry_run {
            info!(topic = name, %id, "topic created");
        }
        Ok(id)
    }

    /// The partitions and replicas of a topic about which nothing is said.
    pub(crate) fn default_placement(&self) -> Placement {
        Placement::Spread {
            partitions: self.settings.default_partitions,
            replicas: self.settings.default_replicas,
        }
    }

    /// Runs the groups' deadlines; never ends.
    pub(crate) async fn run_groups(self: Arc<Self>) {
        loop {
            let deadline = self.state().groups.next_deadline();
            let regrouped = self.regrouped.notified();
            match deadline {
                Some(deadline) => {
                    tokio::select! {
                        () = regrouped => continue,
                        () = tokio::time::sleep_until(deadline.into()) => {}
                    }
                    self.state().groups.tick(now());
                }
                None => regrouped.await,
            }
        }
    }
}

impl State {
    pub(crate) fn next_producer_id(&mut self) -> i64 {
        let id = self.next_producer_id;
        self.next_producer_id += 1;
        id
    }

    pub(crate) fn fresh_member_id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{}", self.random.uuid())
    }
}

/// The time for everything that has deadlines: tokio's, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
