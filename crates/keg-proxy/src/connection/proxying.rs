//! The state that a connection spends its life in.

use std::sync::Arc;

use keg_policy::PolicyLayer;
use keg_router::Endpoint;
use tokio::time::{sleep, timeout};

use super::{Accepted, Authenticated, Ended, Routed, hello, renewing};
use crate::backend::{Backend, ConnectError, Connected};
use crate::certified::{Certificate, Certified};
use crate::drain::either;
use crate::error::Over;
use crate::exchange::{Exchange, Peer};
use crate::guard::Guard;
use crate::incoming::{Incoming, Passes};
use crate::limits::Limits;
use crate::link::{Link, LinkService};
use crate::relay::Relay;
use crate::stream::Stream;
use crate::virtual_cluster::LiveChain;

/// How much is read of a client that has no broker yet.
const MAX_AHEAD: usize = 64 * 1024;

impl From<Over> for Ended {
    fn from(over: Over) -> Self {
        if matches!(over, Over::BackendAuthentication { .. }) {
            Self::told(over.kind(), over)
        } else if over.is_ordinary() {
            Self::ordinarily(over.kind(), over)
        } else {
            Self::because(over.kind(), over)
        }
    }
}

/// Moves requests and responses, from the client's first request on.
pub(super) async fn proxy(authenticated: Box<Authenticated>) -> Result<(), Ended> {
    let Authenticated {
        routed,
        session,
        shown,
        mut incoming,
        connection,
        broker,
    } = unboxed(authenticated);
    let Routed {
        mut stream,
        peer,
        cluster,
        endpoint,
        limits,
        budget,
        busy_poll,
        mut draining,
        ..
    } = routed;
    let mut cluster_draining = cluster.draining();
    let Connected { stream: backend, lease } = tokio::select! {
        biased;
        () = either(&mut draining, &mut cluster_draining) => return Ok(()),
        // Boxed, as what is needed only for a moment would be part of the connection for good.
        opened = Box::pin(open(&mut stream, &mut incoming, broker, cluster.backend(), endpoint, &limits)) => match opened {
            Ok(Some(backend)) => backend,
            Ok(None) => return Ok(()),
            Err(ended) => return Err(ended.at(format_args!("virtual cluster {:?}", cluster.name()))),
        },
    };
    tracing::debug!(virtual_cluster = &**cluster.name(), %peer, ?endpoint, principal = %session.principal(), "connected");

    let link = Arc::new(Link::new(Arc::clone(cluster.metrics())));
    let connection = Arc::new(connection);
    let layer = PolicyLayer::new(LiveChain::of(Arc::clone(&cluster)), Arc::clone(&connection));
    let service = tower_layer::Layer::layer(&layer, LinkService(Arc::clone(&link)));
    let certificate = shown.map(|shown| Box::new(Certificate::new(*shown, &session)));
    let service = Guard::new(
        service,
        Arc::clone(&link),
        Arc::clone(&cluster),
        session,
        connection,
        &limits,
    );
    let service = Certified::new(service, certificate);
    let drain_duration = limits.drain_duration;
    let backend = Peer::new(
        backend,
        Incoming::new(usize::MAX, budget.responses).passing_on(Passes::Responses),
    );
    let client = Peer::new(stream, incoming.passing_on(Passes::Requests));
    let mut renewing = renewing::renew(
        lease,
        Arc::clone(&link),
        Arc::clone(cluster.backend()),
        limits.max_response_wait,
    );
    let node = Arc::clone(cluster.backend());
    let mut exchange = Exchange::new(client, backend, link, service, cluster, limits, busy_poll);
    let outcome = tokio::select! {
        // First, so that what it asks is written at once.
        biased;
        ended = &mut renewing => match ended {
            Some(over) => Err(over.into()),
            None => {
                exchange.stop_reading();
                let _ = timeout(drain_duration, &mut exchange).await;
                Ok(())
            }
        },
        outcome = &mut exchange => match outcome {
            Ok(()) => Ok(()),
            // A broker that closes the connection may have said why.
            Err(over) => Err(renewing::ended(&mut renewing).unwrap_or_else(|| told_by(&node, over)).into()),
        },
        () = either(&mut draining, &mut cluster_draining) => {
            exchange.stop_reading();
            // Whatever is not answered by then, the client asks again elsewhere.
            let _ = timeout(drain_duration, &mut exchange).await;
            Ok(())
        }
    };
    Box::pin(exchange.shut_down()).await;
    outcome
}

/// What the end of a broker's connection means: with TLS 1.3, that is where it refuses the gateway's certificate.
fn told_by(backend: &Backend, over: Over) -> Over {
    match &over {
        Over::BackendIo { error, .. } => match keg_tls::certificate_refused(error) {
            Some(alert) => Over::BackendAuthentication {
                reason: backend.note_refused_certificate(alert),
            },
            None => over,
        },
        _ => over,
    }
}

/// Frees the box, which would stay for as long as its variable otherwise.
#[expect(clippy::boxed_local, reason = "the box is what is to go")]
fn unboxed<T>(boxed: Box<T>) -> T {
    *boxed
}

/// Connects to the backend when the client has sent something, unless it is connected already. `None` if the client has
/// gone without a word.
///
/// A port scan or a health check is no reason to bother the backend.
async fn open(
    client: &mut Stream,
    incoming: &mut Incoming,
    broker: Option<Stream>,
    backend: &Backend,
    endpoint: Endpoint,
    limits: &Limits,
) -> Result<Option<Connected>, Ended> {
    if let Some(stream) = broker {
        return Ok(Some(Connected { stream, lease: None }));
    }
    let waited = limits.stall_timeout;
    while incoming.pending() == 0 && !incoming.is_closed() {
        match timeout(waited, incoming.read(client)).await {
            Ok(read) => read.map_err(Over::ClientIo)?,
            Err(_) => return Err(Over::Idle { waited }.into()),
        }
    }
    if incoming.pending() == 0 {
        return Ok(None);
    }
    tokio::select! {
        // Boxed, as clients may take their time before this.
        connected = Box::pin(backend.connect(endpoint)) => connected.map(Some).map_err(|error| unconnected(backend, endpoint, &error)),
        over = client_leaves(client, incoming, limits) => Err(over.into()),
    }
}

/// Waits until a client has gone that waits for a broker.
async fn client_leaves(client: &mut Stream, incoming: &mut Incoming, limits: &Limits) -> Over {
    while !incoming.is_closed() && incoming.pending() < MAX_AHEAD {
        if let Err(error) = incoming.read(client).await {
            return Over::ClientIo(error);
        }
    }
    if incoming.is_closed() {
        sleep(limits.drain_duration).await;
        return Over::ClientGone;
    }
    std::future::pending().await
}

/// Why a client has no broker. That brokers don't take what the gateway shows them is told once for all connections.
pub(super) fn unconnected(backend: &Backend, endpoint: Endpoint, error: &ConnectError) -> Ended {
    let ended = unreachable(backend, endpoint, error);
    match error.is_refusal() {
        true => Ended::told("backend_authentication", ended.reason),
        false => ended,
    }
}

fn unreachable(backend: &Backend, endpoint: Endpoint, error: impl std::fmt::Display) -> Ended {
    let node = match endpoint {
        Endpoint::Bootstrap => "any node".to_owned(),
        Endpoint::Node(id) => format!("node {id}"),
    };
    let name = backend.name();
    Ended::because(
        "backend",
        format!("no connection to {node} of backend cluster {name:?}: {error}"),
    )
}

/// Moves bytes as they are.
pub(super) async fn passthrough(
    accepted: Accepted,
    first: hello::First,
    backend: &Backend,
    endpoint: Endpoint,
) -> Result<(), Ended> {
    let Accepted {
        stream: client,
        mut draining,
        snapshot,
        busy_poll,
        ..
    } = accepted;
    let drain_duration = snapshot.limits.drain_duration;
    // An old configuration is not to be kept for as long as its last connection.
    drop(snapshot);
    let mut backend_draining = backend.draining();
    let node = tokio::select! {
        biased;
        () = either(&mut draining, &mut backend_draining) => return Ok(()),
        connected = Box::pin(backend.connect_raw(endpoint)) => connected.map_err(|error| unreachable(backend, endpoint, error))?,
    };
    let mut relay = Relay::new(client, &first.bytes(), node, drain_duration, busy_poll);
    let moved = tokio::select! {
        moved = &mut relay => moved,
        () = either(&mut draining, &mut backend_draining) => relay.drain(drain_duration).await,
    };
    moved.map_err(|error| Ended::ordinarily("passthrough", error))
}
