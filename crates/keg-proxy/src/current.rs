//! A snapshot that is in force, and what outlives it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::budget::Budget;
use crate::busy_poll::BusyPoll;
use crate::metrics::listener_limit;
use crate::slots::Slots;
use crate::snapshot::{Listener, Snapshot};

/// A snapshot that is in force, with what its connections share with those of the snapshots before.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) budget: Budget,
    pub(crate) busy_poll: BusyPoll,
    /// By the names of the listeners.
    slots: BTreeMap<Arc<str>, Arc<Slots>>,
    /// How many were in force before.
    generation: u64,
}

/// The listener of a connection, whatever becomes of it while the connection is open.
#[derive(Debug)]
pub(crate) struct Watch {
    current: Arc<ArcSwap<Current>>,
    address: SocketAddr,
    seen: u64,
}

impl Watch {
    /// What is listened on at the address, from a snapshot on that was looked at.
    pub(crate) fn new(current: Arc<ArcSwap<Current>>, address: SocketAddr, seen: &Current) -> Self {
        Self {
            current,
            address,
            seen: seen.generation,
        }
    }

    /// The listener, if another snapshot has come in force since it was looked at last. It is asked for each request, and
    /// counts no references where there is nothing new.
    pub(crate) fn renewed(&mut self) -> Option<Arc<Listener>> {
        let current = self.current.load();
        if current.generation == self.seen {
            return None;
        }
        self.seen = current.generation;
        // If nothing listens there any more, the connection is draining already.
        current.listener(self.address).cloned()
    }
}

impl Current {
    /// What is in force first.
    pub(crate) fn first(snapshot: Snapshot) -> Self {
        let budget = Budget::new(snapshot.limits.buffer_budget);
        Self::new(snapshot, budget, BusyPoll::new(), &BTreeMap::new(), 0)
    }

    /// What is in force next.
    pub(crate) fn next(&self, snapshot: Snapshot) -> Self {
        let budget = self.budget.resized(snapshot.limits.buffer_budget);
        Self::new(
            snapshot,
            budget,
            self.busy_poll.clone(),
            &self.slots,
            self.generation + 1,
        )
    }

    fn new(
        snapshot: Snapshot,
        budget: Budget,
        busy_poll: BusyPoll,
        before: &BTreeMap<Arc<str>, Arc<Slots>>,
        generation: u64,
    ) -> Self {
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
            busy_poll,
            generation,
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
