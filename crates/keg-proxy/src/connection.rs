//! A client's connection, from its first byte to its last. Each state holds what is known in it.

mod addresses;
mod authenticating;
mod hello;
pub(crate) mod identity;
mod peer;
mod proxying;
mod renewing;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use keg_auth::{Principal, Session, Step};
use keg_codec::frame::MAX_UNAUTHENTICATED_FRAME;
use keg_policy::{Connection, Origin};
use keg_router::{Addresses, Endpoint, Kind, RouteError};
use tokio::net::TcpStream;

use addresses::RouteAddresses;

use crate::budget::Budget;
use crate::busy_poll::BusyPoll;
use crate::certified::{Shown, Terminating};
use crate::drain::{Draining, either};
use crate::incoming::Incoming;
use crate::limits::Limits;
use crate::metrics::ListenerMetrics;
use crate::snapshot::{Destination, Listener, Snapshot};
use crate::stream::Stream;
use crate::virtual_cluster::VirtualCluster;

/// What a connection is served with.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    /// The address that was listened on, and the port.
    pub(crate) local: SocketAddr,
    pub(crate) listener: Arc<Listener>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) budget: Budget,
    pub(crate) busy_poll: BusyPoll,
    pub(crate) metrics: Arc<ListenerMetrics>,
    /// The listener, or the whole gateway, is to end.
    pub(crate) draining: Draining,
    /// What the listener asks of its clients, if it has TLS.
    pub(crate) terminating: Option<Box<Terminating>>,
}

/// What the client's first bytes said, before anything is terminated.
struct Hello {
    accepted: Accepted,
    first: hello::First,
}

/// A client that is where it wanted to go.
struct Routed {
    stream: Stream,
    peer: SocketAddr,
    /// The name of the listener.
    listener: Arc<str>,
    /// What the listener asks of it.
    terminating: Option<Box<Terminating>>,
    cluster: Arc<VirtualCluster>,
    endpoint: Endpoint,
    addresses: Addresses,
    limits: Limits,
    budget: Budget,
    busy_poll: BusyPoll,
    draining: Draining,
}

/// A client that is known. Only here a [`Session`] exists.
struct Authenticated {
    routed: Routed,
    session: Session,
    /// The certificate that it has shown.
    shown: Option<Box<Shown>>,
    /// What it has sent that was not read yet.
    incoming: Incoming,
    connection: Connection,
    /// The connection to the broker that has said who the client is, if one has.
    broker: Option<Stream>,
}

/// Serves a connection until it ends. What went wrong is logged, once.
pub(crate) async fn serve(accepted: Accepted) {
    let _open = accepted.metrics.open();
    let (listener, metrics, peer) = (
        Arc::clone(&accepted.listener),
        Arc::clone(&accepted.metrics),
        accepted.peer,
    );
    let outcome = begin(accepted).await;
    match outcome {
        Ok(()) => {}
        Err(Ended {
            kind,
            reason,
            grade: Grade::Ordinary,
        }) => {
            tracing::debug!(listener = &*listener.name, %peer, kind, "a connection ended: {reason}");
        }
        Err(Ended {
            kind,
            reason,
            grade: Grade::Told,
        }) => {
            metrics.error(kind);
            tracing::debug!(listener = &*listener.name, %peer, kind, "a connection was closed: {reason}");
        }
        Err(Ended {
            kind,
            reason,
            grade: Grade::Noteworthy,
        }) => {
            metrics.error(kind);
            tracing::warn!(listener = &*listener.name, %peer, kind, "a connection was closed: {reason}");
        }
    }
}

async fn begin(accepted: Accepted) -> Result<(), Ended> {
    let mut draining = accepted.draining.clone();
    let hello = tokio::select! {
        biased;
        () = draining.begun() => return Ok(()),
        hello = Box::pin(hello::read(accepted)) => hello?,
    };
    route(hello).await
}

/// Why a connection ended, when it wasn't because both sides were done.
#[derive(Debug)]
struct Ended {
    kind: &'static str,
    reason: String,
    grade: Grade,
}

#[derive(Debug, Clone, Copy)]
enum Grade {
    Ordinary,
    /// The operator is told of it once for all connections.
    Told,
    Noteworthy,
}

impl Ended {
    fn because(kind: &'static str, reason: impl ToString) -> Self {
        Self {
            kind,
            reason: reason.to_string(),
            grade: Grade::Noteworthy,
        }
    }

    fn told(kind: &'static str, reason: impl ToString) -> Self {
        Self {
            grade: Grade::Told,
            ..Self::because(kind, reason)
        }
    }

    fn ordinarily(kind: &'static str, reason: impl ToString) -> Self {
        Self {
            kind,
            reason: reason.to_string(),
            grade: Grade::Ordinary,
        }
    }

    /// Says where it was.
    fn at(mut self, place: impl fmt::Display) -> Self {
        self.reason = format!("{place}: {}", self.reason);
        self
    }
}

async fn route(hello: Hello) -> Result<(), Ended> {
    let Hello { mut accepted, first } = hello;
    let route = accepted.snapshot.table.route(accepted.local, first.server_name());
    let route = match route {
        Ok(route) => route,
        Err(error) => {
            first.refuse(accepted.stream).await;
            return Err(Ended::because(error.label(), format!("{error}{}", advice(&error))));
        }
    };
    match (route.kind, route.destination) {
        (Kind::Passthrough, Destination::Backend(backend)) => {
            Box::pin(proxying::passthrough(accepted, first, &backend, route.endpoint)).await
        }
        (Kind::Terminated, Destination::VirtualCluster(cluster)) => {
            let (peer, budget, busy_poll) = (accepted.peer, accepted.budget.clone(), accepted.busy_poll.clone());
            let limits = accepted.snapshot.limits.clone();
            let mut draining = accepted.draining.clone();
            let (endpoint, addresses) = (route.endpoint, route.addresses);
            let listener = Arc::clone(&accepted.listener.name);
            let terminating = accepted.terminating.take();
            let stream = tokio::select! {
                biased;
                () = draining.begun() => return Ok(()),
                stream = Box::pin(first.terminate(accepted)) => stream?,
            };
            let routed = Routed {
                stream,
                peer,
                listener,
                terminating,
                cluster,
                endpoint,
                addresses,
                limits,
                budget,
                busy_poll,
                draining,
            };
            // Boxed, as what is large only for a moment would be part of the connection for good.
            match Box::pin(authenticate(routed)).await? {
                Some(authenticated) => proxying::proxy(authenticated).await,
                None => Ok(()),
            }
        }
        (_, destination) => Err(Ended::because(
            "route",
            format!("the route to {destination:?} is of the wrong kind"),
        )),
    }
}

/// What to do about a connection that goes nowhere.
fn advice(error: &RouteError) -> &'static str {
    match error {
        RouteError::UnknownName { .. } => {
            ": correct the client's bootstrap server, or give a virtual cluster the dns_label that is in it"
        }
        RouteError::NoRule { .. } => ": add a policy to the listener that forwards the port to a virtual cluster",
        _ => "",
    }
}

/// Lets a client say who it is, if it has to. `None` when it has gone, or is to go.
async fn authenticate(mut routed: Routed) -> Result<Option<Box<Authenticated>>, Ended> {
    let book = RouteAddresses {
        addresses: routed.addresses.clone(),
        backend: Arc::clone(routed.cluster.backend()),
    };
    let name = Arc::clone(routed.cluster.name());
    let origin = Origin {
        listener: Arc::clone(&routed.listener),
        // A socket for both families has addresses of IPv4 as those of IPv6.
        address: Some(routed.peer.ip().to_canonical()),
    };
    let mut connection = Connection::new(name, Principal::anonymous().to_string(), Arc::new(book)).with_origin(origin);
    let mut incoming = Incoming::new(MAX_UNAUTHENTICATED_FRAME, Arc::clone(&routed.budget.strangers));
    let authentication = routed.cluster.authentication();
    let known = peer::of(&routed.stream, routed.terminating.take())?;
    connection.certificate_subject = known.subject;
    let (session, broker) = match authentication.begin(&known.peer) {
        Step::Authenticated(session) => (session, None),
        Step::Handshake(handshake) => {
            let (mut draining, mut cluster_draining) = (routed.draining.clone(), routed.cluster.draining());
            let outcome = tokio::select! {
                biased;
                () = either(&mut draining, &mut cluster_draining) => return Ok(None),
                outcome = authenticating::authenticate(&mut routed, &mut incoming, &connection, handshake) => outcome,
            };
            match outcome.map_err(|ended| ended.at(format_args!("virtual cluster {:?}", routed.cluster.name())))? {
                authenticating::Outcome::Authenticated(session, broker) => (session, broker),
                authenticating::Outcome::Gone => return Ok(None),
            }
        }
    };
    incoming.charge_to(Arc::clone(&routed.budget.requests), routed.limits.max_frame_size);
    connection.principal = session.principal().to_string().into();
    connection.identify(identity::of(&session));
    Ok(Some(Box::new(Authenticated {
        routed,
        session,
        shown: known.shown,
        incoming,
        connection,
        broker,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size<A, F>(_: impl Fn(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_is_as_small_as_what_it_spends_its_life_in() {
        assert!(size(serve) < 5 * 1024, "{} bytes", size(serve));
    }

    #[test]
    fn a_client_that_says_who_it_is_takes_less_than_one_that_has() {
        assert!(size(authenticate) < size(serve), "{} bytes", size(authenticate));
    }
}
