//! How many connections the open files of the process suffice for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::metrics::{connections_limit, delayed_connections};
use crate::slots::{Slot, Slots};
use crate::splice::PIPES;

/// The files of a connection: a socket for each peer.
const EACH: usize = 2;

/// The files of a port: the socket that listens, and that of a connection which was accepted and waits for its place.
const LISTENING: usize = 2;

/// The files of a backend cluster: the connection that asks for its nodes.
const ASKING: usize = 1;

/// The files of a pipe: its two ends.
const PIPE: usize = 2;

/// What is left for all else: the runtime, logs, the health port, files that are read, names that are resolved.
const KEPT: usize = 64;

/// The places of all connections of the process.
///
/// A connection for whose broker there is no file would be accepted and closed, so it has to wait before.
#[derive(Debug)]
pub(crate) struct Places {
    slots: Arc<Slots>,
    /// Whether it was told that there are none left.
    told: AtomicBool,
}

impl Default for Places {
    /// As many as come.
    fn default() -> Self {
        Self {
            slots: Arc::new(Slots::new(usize::MAX)),
            told: AtomicBool::new(false),
        }
    }
}

impl Places {
    /// Allows as many connections as so many files suffice for, beside so many ports and backend clusters. Those that are
    /// there stay.
    pub(crate) fn set_files(&self, files: usize, ports: usize, backends: usize) {
        let connections = connections(files, ports, backends);
        self.slots.set_limit(connections);
        connections_limit(connections);
    }

    /// A place for a connection that was accepted, as soon as there is one.
    pub(crate) async fn take(&self) -> Slot {
        if let Some(slot) = self.slots.try_take() {
            self.told.store(false, Ordering::Relaxed);
            return slot;
        }
        delayed_connections().increment(1);
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                limit = self.slots.limit(),
                "there are as many connections as the process has open files for, and more wait: raise its hard limit of open files"
            );
        }
        self.slots.take().await
    }
}

fn connections(files: usize, ports: usize, backends: usize) -> usize {
    let others = KEPT + PIPE * PIPES + LISTENING.saturating_mul(ports) + ASKING.saturating_mul(backends);
    // With none at all, nobody would ever find out.
    (files.saturating_sub(others) / EACH).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_have_the_files_that_nothing_else_needs() {
        assert_eq!(connections(20_000, 3, 1), (20_000 - 64 - 64 - 6 - 1) / 2);
        assert_eq!(connections(10, 3, 1), 1);
        assert_eq!(connections(usize::MAX, 3, 1), (usize::MAX - 135) / 2);
    }
}
