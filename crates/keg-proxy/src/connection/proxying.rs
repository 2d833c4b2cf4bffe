//! The state that a connection spends its life in.

use std::pin::Pin;
use std::sync::Arc;

use keg_policy::{Connection, PolicyLayer};
use keg_router::Endpoint;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::time::timeout;

use super::addresses::RouteAddresses;
use super::{Accepted, Authenticated, Ended, Routed, hello};
use crate::backend::Backend;
use crate::error::Over;
use crate::exchange::{Exchange, Incoming};
use crate::link::{Link, LinkService};
use crate::virtual_cluster::LiveChain;

impl From<Over> for Ended {
    fn from(over: Over) -> Self {
        if over.is_ordinary() {
            Self::ordinarily(over.kind(), over)
        } else {
            Self::because(over.kind(), over)
        }
    }
}

/// Moves requests and responses, from the client's first request on.
pub(super) async fn proxy(authenticated: Authenticated) -> Result<(), Ended> {
    let Authenticated { routed, session } = authenticated;
    let Routed {
        mut stream,
        peer,
        cluster,
        endpoint,
        addresses,
        snapshot,
        mut draining,
    } = routed;
    let limits = snapshot.limits.clone();
    let mut incoming = Incoming::new(limits.max_frame_size);
    let mut cluster_draining = cluster.draining();
    // A port scan or a health check is no reason to bother the backend.
    tokio::select! {
        first = incoming.read(&mut stream) => first.map_err(Over::ClientIo)?,
        () = draining.begun() => return Ok(()),
        () = cluster_draining.begun() => return Ok(()),
    }
    if incoming.is_closed() {
        return Ok(());
    }
    let backend = cluster.backend().connect(endpoint).await.map_err(|error| {
        Ended::because(
            "backend",
            format!(
                "virtual cluster {:?} has no connection to {endpoint:?} of its backend cluster: {error}",
                cluster.name()
            ),
        )
    })?;
    tracing::debug!(virtual_cluster = &**cluster.name(), %peer, ?endpoint, principal = %session.principal(), "connected");

    let book = RouteAddresses {
        addresses,
        backend: Arc::clone(cluster.backend()),
    };
    let connection = Arc::new(Connection::new(
        Arc::clone(cluster.name()),
        session.principal().to_string(),
        Arc::new(book),
    ));
    let link = Arc::new(Link::new(Arc::clone(cluster.metrics())));
    let layer = PolicyLayer::new(LiveChain::of(Arc::clone(&cluster)), connection);
    let service = tower_layer::Layer::layer(&layer, LinkService(Arc::clone(&link)));
    let drain_duration = limits.drain_duration;
    let mut exchange = Exchange::new((stream, incoming), backend, link, service, cluster, limits);
    let outcome = tokio::select! {
        outcome = Pin::new(&mut exchange) => Some(outcome),
        () = draining.begun() => None,
        () = cluster_draining.begun() => None,
    };
    let outcome = match outcome {
        Some(outcome) => outcome.map_err(Ended::from),
        None => {
            exchange.stop_reading();
            // Whatever is not answered by then, the client asks again elsewhere.
            let _ = timeout(drain_duration, Pin::new(&mut exchange)).await;
            Ok(())
        }
    };
    exchange.shut_down().await;
    outcome
}

/// Moves bytes as they are.
pub(super) async fn passthrough(
    accepted: Accepted,
    first: hello::First,
    backend: &Backend,
    endpoint: Endpoint,
) -> Result<(), Ended> {
    let Accepted {
        stream: mut client,
        mut draining,
        ..
    } = accepted;
    let failed = |error: &dyn std::fmt::Display| {
        Ended::because(
            "backend",
            format!(
                "no connection to {endpoint:?} of backend cluster {:?}: {error}",
                backend.name()
            ),
        )
    };
    let mut node = backend.connect_raw(endpoint).await.map_err(|error| failed(&error))?;
    node.write_all(&first.bytes()).await.map_err(|error| failed(&error))?;
    tokio::select! {
        moved = copy_bidirectional(&mut client, &mut node) => moved.map(drop).map_err(|error| Ended::ordinarily("passthrough", error)),
        () = draining.begun() => Ok(()),
    }
}
