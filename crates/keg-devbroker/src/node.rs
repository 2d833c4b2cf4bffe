//! One node: its port, and the connections to it.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use crate::cluster::Cluster;
use crate::connection;

/// How long a node that can't accept (too many open files, usually) waits before it tries again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until the broker is dropped; returns when all of them have ended.
pub(crate) async fn run(cluster: Arc<Cluster>, id: i32, listener: TcpListener, watched: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    until_stopped(watched, async {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        connections.spawn(connection::run(Arc::clone(&cluster), id, stream, peer));
                    }
                    Err(error) => {
                        warn!(node = id, %error, "can't accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_ended) = connections.join_next() => {}
            }
        }
    })
    .await;
    drop(listener);
    connections.shutdown().await;
}

/// Runs a task that never ends until the broker is dropped.
pub(crate) async fn until_stopped(mut watched: watch::Receiver<()>, task: impl Future<Output = ()>) {
    tokio::select! {
        // Nothing is ever sent: this returns when the sender is gone.
        _dropped = watched.changed() => {}
        () = task => {}
    }
}
