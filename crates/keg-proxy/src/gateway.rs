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
use crate::current::Current;
use crate::listener::Acceptor;
use crate::open_files::Places;
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
///
/// Dropping it does what [`shut_down`](Self::shut_down) does, without waiting.
#[derive(Debug)]
pub struct Gateway {
    current: Arc<ArcSwap<Current>>,
    running: Mutex<Running>,
    connections: TaskTracker,
    places: Arc<Places>,
}

#[derive(Debug, Default)]
struct Running {
    acceptors: BTreeMap<SocketAddr, Acceptor>,
    refreshers: Vec<(Arc<Backend>, JoinHandle<()>)>,
    /// How many files the process may have open, if that is known.
    open_files: Option<usize>,
    stopped: bool,
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
    /// Starts to listen and to serve. [`Limits::check`](crate::Limits::check) tells beforehand whether the limits make
    /// sense.
    ///
    /// # Errors
    /// When one of the ports can't be listened on.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O and time enabled, as tokio does.
    pub fn start(snapshot: Snapshot) -> Result<Self, BindError> {
        let bound = bind_new(&snapshot, &BTreeMap::new())?;
        let gateway = Self {
            current: Arc::new(ArcSwap::from_pointee(Current::first(snapshot))),
            running: Mutex::default(),
            connections: TaskTracker::new(),
            places: Arc::default(),
        };
        gateway.run(&mut gateway.running(), bound);
        Ok(gateway)
    }

    /// The snapshot that new connections are served with.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.load().snapshot)
    }

    /// Puts a change in force, whole or not at all.
    ///
    /// Connections of virtual clusters that the new snapshot doesn't hold drain, and so do those of addresses and ports
    /// that aren't listened on any more, and those that are passed through to backend clusters that it doesn't hold.
    /// All others stay. After [`shut_down`](Self::shut_down), nothing listens whatever is put in force.
    ///
    /// # Errors
    /// When one of the new ports can't be listened on. Nothing has changed then. That is also so when the port is
    /// listened on by this gateway, at a more or less specific address: such a change needs two steps, or a restart.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as tokio does.
    pub fn change(&self, change: Change) -> Result<(), BindError> {
        let Change { snapshot, chains } = change;
        // Changes come one after the other.
        let mut running = self.running();
        let bound = bind_new(&snapshot, &running.acceptors)?;
        for (cluster, chain) in chains {
            cluster.replace_chain(chain);
        }
        let old = self.current.load_full();
        let next = Arc::new(old.next(snapshot));
        self.current.store(Arc::clone(&next));
        let (old, new) = (&old.snapshot, &next.snapshot);
        for cluster in gone(&old.virtual_clusters, &new.virtual_clusters) {
            cluster.drain();
        }
        for backend in gone(&old.backends, &new.backends) {
            backend.drain();
        }
        self.run(&mut running, bound);
        Ok(())
    }

    /// Accepts no more connections, and waits for those that are open: first for what is in flight, and not longer than
    /// `timeout` in all. Returns how many were still open then.
    ///
    /// # Cancel safety
    /// The connections drain, whether they are waited for or not.
    pub async fn shut_down(&self, timeout: Duration) -> usize {
        self.running().stop();
        self.connections.close();
        let _ = tokio::time::timeout(timeout, self.connections.wait()).await;
        self.connections.len()
    }

    /// Serves no more connections at a time than so many open files of the process suffice for, two for each beside those
    /// of ports and backend clusters. More are not accepted until others end; those that are there stay. Without this, a
    /// connection for whose broker there is no file is closed.
    pub fn limit_open_files(&self, limit: usize) {
        let mut running = self.running();
        running.open_files = Some(limit);
        self.fit_places(&running);
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.connections.len()
    }

    /// How many bytes of [`Limits::buffer_budget`](crate::Limits::buffer_budget) are spent.
    pub fn buffered_bytes(&self) -> usize {
        self.current.load().budget.held()
    }

    /// Makes the number of connections fit to the open files that ports and backend clusters leave.
    fn fit_places(&self, running: &Running) {
        if let Some(limit) = running.open_files {
            let backends = self.snapshot().backends.len();
            self.places.set_files(limit, running.acceptors.len(), backends);
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what runs fit to the snapshot that is in force.
    fn run(&self, running: &mut Running, bound: Vec<(SocketAddr, TcpListener)>) {
        if running.stopped {
            return;
        }
        let current = self.current.load_full();
        let snapshot = &current.snapshot;
        if let Err(error) = current.busy_poll.set_window(snapshot.limits.busy_poll) {
            tracing::warn!("sockets are not polled busily: the operating system refused a pipe: {error}");
        }
        let wanted = sockets(snapshot);
        running.acceptors.retain(|address, acceptor| {
            let stays = wanted.contains_key(address);
            if !stays {
                acceptor.end();
            }
            stays
        });
        for (address, socket) in bound {
            let (current, connections) = (Arc::clone(&self.current), self.connections.clone());
            let acceptor = Acceptor::spawn(socket, address, current, connections, Arc::clone(&self.places));
            running.acceptors.insert(address, acceptor);
        }
        self.fit_places(running);
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

impl Running {
    fn stop(&mut self) {
        self.stopped = true;
        for acceptor in std::mem::take(&mut self.acceptors).values() {
            acceptor.end();
        }
        for (_, task) in self.refreshers.drain(..) {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What was there and is not any more.
fn gone<'a, T>(old: &'a [Arc<T>], new: &'a [Arc<T>]) -> impl Iterator<Item = &'a Arc<T>> {
    old.iter().filter(|old| !new.iter().any(|new| Arc::ptr_eq(new, old)))
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
