//! The running gateway, and how it changes.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use keg_policy::Chain;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::backend::Backend;
use crate::listener::Acceptor;
use crate::snapshot::Snapshot;
use crate::virtual_cluster::VirtualCluster;

/// A snapshot to be put in force, and the policies to be replaced with it.
#[derive(Debug)]
pub struct Change {
    /// The new snapshot. What it shares with the old one goes on as it is.
    pub snapshot: Snapshot,
    /// Policies of virtual clusters that stay.
    pub chains: Vec<(Arc<VirtualCluster>, Arc<Chain>)>,
}

/// A running gateway: sockets, and the snapshot that new connections are served with.
#[derive(Debug)]
pub struct Gateway {
    snapshot: Arc<ArcSwap<Snapshot>>,
    running: Mutex<Running>,
    connections: TaskTracker,
}

#[derive(Debug, Default)]
struct Running {
    acceptors: BTreeMap<SocketAddr, Acceptor>,
    refreshers: Vec<(Arc<Backend>, JoinHandle<()>)>,
}

/// A port that could not be listened on. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("listener {listener:?} can't listen on {address}: {error}")]
#[non_exhaustive]
pub struct BindError {
    /// The listener's name.
    pub listener: Arc<str>,
    /// The address and port.
    pub address: SocketAddr,
    /// Why.
    pub error: io::Error,
}

impl Gateway {
    /// Starts to listen and to serve.
    ///
    /// # Errors
    /// When one of the ports can't be listened on.
    pub fn start(snapshot: Snapshot) -> Result<Self, BindError> {
        let bound = bind_new(&snapshot, &BTreeMap::new())?;
        let gateway = Self {
            snapshot: Arc::new(ArcSwap::from_pointee(snapshot)),
            running: Mutex::default(),
            connections: TaskTracker::new(),
        };
        gateway.run(bound, &gateway.snapshot());
        Ok(gateway)
    }

    /// The snapshot that new connections are served with.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Puts a change in force, whole or not at all.
    ///
    /// Connections of virtual clusters that the new snapshot doesn't hold drain, and so do those of addresses and ports
    /// that aren't listened on any more. All others stay.
    ///
    /// # Errors
    /// When one of the new ports can't be listened on. Nothing has changed then.
    pub fn change(&self, change: Change) -> Result<(), BindError> {
        let Change { snapshot, chains } = change;
        let bound = bind_new(&snapshot, &self.running().acceptors)?;
        for (cluster, chain) in chains {
            cluster.replace_chain(chain);
        }
        let old = self.snapshot.swap(Arc::new(snapshot));
        let new = self.snapshot();
        for gone in old
            .virtual_clusters
            .iter()
            .filter(|old| !new.virtual_clusters.iter().any(|it| Arc::ptr_eq(it, old)))
        {
            gone.drain();
        }
        self.run(bound, &new);
        Ok(())
    }

    /// Accepts no more connections, and waits for those that are open: first for what is in flight, and not longer than
    /// `timeout` in all. Returns how many were still open then.
    pub async fn shut_down(&self, timeout: Duration) -> usize {
        for acceptor in self.running().acceptors.values() {
            acceptor.end();
        }
        self.connections.close();
        let _ = tokio::time::timeout(timeout, self.connections.wait()).await;
        self.connections.len()
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.connections.len()
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what runs fit to the snapshot.
    fn run(&self, bound: Vec<(SocketAddr, TcpListener)>, snapshot: &Snapshot) {
        let mut running = self.running();
        let wanted = sockets(snapshot);
        running.acceptors.retain(|address, acceptor| {
            let stays = wanted.contains_key(address);
            if !stays {
                acceptor.end();
            }
            stays
        });
        for (address, socket) in bound {
            let (cell, connections) = (Arc::clone(&self.snapshot), self.connections.clone());
            running
                .acceptors
                .insert(address, Acceptor::spawn(socket, address, cell, connections));
        }
        running.refreshers.retain(|(backend, task)| {
            let stays = snapshot.backends.iter().any(|it| Arc::ptr_eq(it, backend));
            if !stays {
                task.abort();
            }
            stays
        });
        for backend in &snapshot.backends {
            if !running.refreshers.iter().any(|(it, _)| Arc::ptr_eq(it, backend)) {
                let refreshed = Arc::clone(backend);
                let task = tokio::spawn(async move { refreshed.keep_refreshed().await });
                running.refreshers.push((Arc::clone(backend), task));
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for acceptor in self.acceptors.values() {
            acceptor.end();
        }
        for (_, task) in &self.refreshers {
            task.abort();
        }
    }
}

/// What a snapshot listens on, and which listener does.
fn sockets(snapshot: &Snapshot) -> BTreeMap<SocketAddr, Arc<str>> {
    let listeners = snapshot.listeners.iter();
    listeners
        .flat_map(|listener| listener.sockets().map(|address| (address, Arc::clone(&listener.name))))
        .collect()
}

/// Binds what a snapshot listens on beyond what is there.
fn bind_new(
    snapshot: &Snapshot,
    there: &BTreeMap<SocketAddr, Acceptor>,
) -> Result<Vec<(SocketAddr, TcpListener)>, BindError> {
    let new = sockets(snapshot)
        .into_iter()
        .filter(|(address, _)| !there.contains_key(address));
    new.map(|(address, listener)| match Acceptor::bind(address) {
        Ok(socket) => Ok((address, socket)),
        Err(error) => Err(BindError {
            listener,
            address,
            error,
        }),
    })
    .collect()
}
