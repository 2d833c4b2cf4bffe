//! Accepting connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::connection::{Accepted, serve};
use crate::drain::{Drain, Draining};
use crate::metrics::ListenerMetrics;
use crate::snapshot::{Listener, Snapshot};

/// How many connections wait in the kernel to be accepted.
const BACKLOG: u32 = 1024;

/// An address and port that is listened on.
#[derive(Debug)]
pub(crate) struct Acceptor {
    task: JoinHandle<()>,
    drain: Drain,
}

impl Acceptor {
    /// Binds, without accepting yet.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A restart must not wait for the old process's closed connections.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    }

    /// Accepts connections, and serves them with the snapshot of their time.
    pub(crate) fn spawn(
        socket: TcpListener,
        address: SocketAddr,
        snapshot: Arc<ArcSwap<Snapshot>>,
        connections: TaskTracker,
    ) -> Self {
        let drain = Drain::default();
        let accepting = Accepting {
            socket,
            address,
            snapshot,
            connections,
            draining: drain.listen(),
            permits: Arc::new(Semaphore::new(0)),
            capacity: 0,
        };
        Self {
            task: tokio::spawn(accepting.run()),
            drain,
        }
    }

    /// Accepts no more, and asks the connections to end.
    pub(crate) fn end(&self) {
        self.task.abort();
        self.drain.begin();
    }
}

struct Accepting {
    socket: TcpListener,
    address: SocketAddr,
    snapshot: Arc<ArcSwap<Snapshot>>,
    connections: TaskTracker,
    draining: Draining,
    permits: Arc<Semaphore>,
    /// How many permits there are, used ones included.
    capacity: usize,
}

impl Accepting {
    async fn run(mut self) {
        let Some(mut listener) = self.listener(&self.snapshot.load()) else {
            return;
        };
        let mut metrics = Arc::new(ListenerMetrics::new(&listener.name));
        loop {
            self.resize(listener.max_connections);
            // While there are as many as there may be, clients wait in the kernel's queue.
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                return;
            };
            let (stream, peer) = match self.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(listener = &*listener.name, address = %self.address, "a connection could not be accepted: {error}");
                    metrics.error("accept");
                    // Out of file descriptors, most likely: others have to end first.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let snapshot = self.snapshot.load_full();
            let Some(current) = self.listener(&snapshot) else {
                return;
            };
            if current.name != listener.name {
                metrics = Arc::new(ListenerMetrics::new(&current.name));
            }
            listener = current;
            let accepted = Accepted {
                stream,
                peer,
                local_port: self.address.port(),
                listener: Arc::clone(&listener),
                snapshot,
                metrics: Arc::clone(&metrics),
                draining: self.draining.clone(),
            };
            self.connections.spawn(async move {
                serve(accepted).await;
                drop(permit);
            });
        }
    }

    /// The listener that has this address and port now.
    fn listener(&self, snapshot: &Snapshot) -> Option<Arc<Listener>> {
        snapshot
            .listeners
            .iter()
            .find(|listener| listener.sockets().any(|it| it == self.address))
            .cloned()
    }

    fn resize(&mut self, wanted: usize) {
        let wanted = wanted.min(Semaphore::MAX_PERMITS);
        if wanted > self.capacity {
            self.permits.add_permits(wanted - self.capacity);
            self.capacity = wanted;
        } else {
            // Those in use are taken away as they come back.
            self.capacity -= self.permits.forget_permits(self.capacity - wanted);
        }
    }
}
