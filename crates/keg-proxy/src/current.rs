//! A snapshot that is in force, and what outlives it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::budget::Budget;
use crate::metrics::listener_limit;
use crate::slots::Slots;
use crate::snapshot::{Listener, Snapshot};

/// A snapshot that is in force, with what its connections share with those of the snapshots before.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) budget: Budget,
    /// By the names of the listeners.
    slots: BTreeMap<Arc<str>, Arc<Slots>>,
}

impl Current {
    /// What is in force first.
    pub(crate) fn first(snapshot: Snapshot) -> Self {
        let budget = Budget::new(snapshot.limits.buffer_budget);
        Self::new(snapshot, budget, &BTreeMap::new())
    }

    /// What is in force next.
    pub(crate) fn next(&self, snapshot: Snapshot) -> Self {
        let budget = self.budget.resized(snapshot.limits.buffer_budget);
        Self::new(snapshot, budget, &self.slots)
    }

    fn new(snapshot: Snapshot, budget: Budget, before: &BTreeMap<Arc<str>, Arc<Slots>>) -> Self {
        let slots = snapshot.listeners.iter().map(|listener| {
            let limit = listener.max_connections;
            listener_limit(&listener.name, limit);
            let slots = before.get(&listener.name).cloned();
            let slots = slots.unwrap_or_else(|| Arc::new(Slots::new(limit)));
            slots.set_limit(limit);
            (Arc::clone(&listener.name), slots)
        });
        Self {
            slots: slots.collect(),
            snapshot: Arc::new(snapshot),
            budget,
        }
    }

    /// The listener that has an address and port.
    pub(crate) fn listener(&self, address: SocketAddr) -> Option<&Arc<Listener>> {
        let mut listeners = self.snapshot.listeners.iter();
        listeners.find(|it| it.ports.contains(address.port()) && it.addresses.contains(&address.ip()))
    }

    /// The places of a listener.
    pub(crate) fn slots(&self, listener: &str) -> Option<&Arc<Slots>> {
        self.slots.get(listener)
    }
}
