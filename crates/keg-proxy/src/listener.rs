//! Accepting connections.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::certified::Terminating;
use crate::connection::{Accepted, serve};
use crate::current::{Current, Watch};
use crate::drain::{Drain, Draining};
use crate::metrics::ListenerMetrics;
use crate::open_files::Places;
use crate::slots::{Slot, Slots};

/// How many connections wait in the kernel to be accepted.
const BACKLOG: u32 = 1024;

/// How long until something is accepted again after the system had no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// An address and port that is listened on.
#[derive(Debug)]
pub(crate) struct Acceptor {
    task: JoinHandle<()>,
    drain: Drain,
    socket: Arc<Socket>,
}

/// A listening socket that can be closed while it is waited on.
#[derive(Debug)]
struct Socket(Mutex<Option<TcpListener>>);

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
        // Connections inherit it: a client that is gone without a word is noticed in the end.
        socket.set_keepalive(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    }

    /// Accepts connections, and serves them with the snapshot of their time.
    pub(crate) fn spawn(
        socket: TcpListener,
        address: SocketAddr,
        current: Arc<ArcSwap<Current>>,
        connections: TaskTracker,
        places: Arc<Places>,
    ) -> Self {
        let drain = Drain::default();
        let socket = Arc::new(Socket(Mutex::new(Some(socket))));
        let accepting = Accepting {
            socket: Arc::clone(&socket),
            address,
            current,
            connections,
            places,
            draining: drain.listen(),
            metrics: None,
            is_full: false,
        };
        Self {
            task: tokio::spawn(accepting.run()),
            drain,
            socket,
        }
    }

    /// Accepts no more, and asks the connections to end. The port is free when this returns.
    pub(crate) fn end(&self) {
        drop(self.socket.lock().take());
        self.task.abort();
        self.drain.begin();
    }
}

impl Socket {
    fn lock(&self) -> MutexGuard<'_, Option<TcpListener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        match &*self.lock() {
            Some(listener) => listener.poll_accept(context),
            // The task is about to be aborted.
            None => Poll::Pending,
        }
    }
}

struct Accepting {
    socket: Arc<Socket>,
    address: SocketAddr,
    current: Arc<ArcSwap<Current>>,
    connections: TaskTracker,
    places: Arc<Places>,
    draining: Draining,
    metrics: Option<(Arc<str>, Arc<ListenerMetrics>)>,
    /// Whether the listener was full when a connection was accepted last.
    is_full: bool,
}

impl Accepting {
    async fn run(mut self) {
        loop {
            let (stream, peer) = self.accept().await;
            let current = self.current.load_full();
            let Some(listener) = current.listener(self.address) else {
                return;
            };
            let slot = self.slot(&listener.name, current.slots(&listener.name)).await;
            let place = self.places.take().await;
            // Configuration may have changed while the connection waited for its place.
            let current = self.current.load_full();
            let Some(listener) = current.listener(self.address) else {
                return;
            };
            let _ = stream.set_nodelay(true);
            let accepted = Accepted {
                stream,
                peer,
                local: self.address,
                listener: Arc::clone(listener),
                snapshot: Arc::clone(&current.snapshot),
                budget: current.budget.clone(),
                busy_poll: current.busy_poll.clone(),
                metrics: self.metrics(&listener.name),
                draining: self.draining.clone(),
                terminating: listener.tls.clone().map(|tls| {
                    let listener = Watch::new(Arc::clone(&self.current), self.address, &current);
                    Box::new(Terminating { tls, listener })
                }),
            };
            self.connections.spawn(async move {
                serve(accepted).await;
                drop((slot, place));
            });
        }
    }

    async fn accept(&self) -> (TcpStream, SocketAddr) {
        let mut failing = false;
        loop {
            match std::future::poll_fn(|context| self.socket.poll_accept(context)).await {
                Ok(accepted) => return accepted,
                // The client has gone already.
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    if !failing {
                        tracing::error!(address = %self.address, "no connection can be accepted: {error}; raise the limit of open files (`ulimit -n`) if that is it");
                    }
                    failing = true;
                    // Others have to end first.
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// A place for a connection that was accepted. More than this one wait in the kernel's queue.
    async fn slot(&mut self, listener: &str, slots: Option<&Arc<Slots>>) -> Option<Slot> {
        let slots = slots?;
        let slot = slots.try_take();
        let was_full = std::mem::replace(&mut self.is_full, slot.is_none());
        if slot.is_some() {
            return slot;
        }
        if !was_full {
            tracing::warn!(
                listener,
                limit = slots.limit(),
                "the listener has as many connections as it may have, and more wait: raise `runtime.max_connections`"
            );
        }
        Some(slots.take().await)
    }

    fn metrics(&mut self, listener: &Arc<str>) -> Arc<ListenerMetrics> {
        match &self.metrics {
            Some((name, metrics)) if name == listener => Arc::clone(metrics),
            _ => {
                let metrics = Arc::new(ListenerMetrics::new(listener));
                self.metrics = Some((Arc::clone(listener), Arc::clone(&metrics)));
                metrics
            }
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
