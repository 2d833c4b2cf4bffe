//! Connections to nodes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keg_tls::{ClientConfig, HandshakeError, ServerName};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::HostPort;
use super::credentials::Lease;
use crate::stream::Stream;

/// Why a backend cluster could not be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name has no address.
    #[error("{address} can't be resolved: {error}")]
    Resolve {
        /// What was to be resolved.
        address: HostPort,
        /// What the resolver says.
        error: io::Error,
    },
    /// The connection was refused, or broke.
    #[error("{address} can't be connected to: {error}")]
    Connect {
        /// Where.
        address: HostPort,
        /// Why.
        error: io::Error,
    },
    /// It took too long.
    #[error("{address} did not answer within {timeout:?}")]
    Timeout {
        /// Where.
        address: HostPort,
        /// How long it was given.
        timeout: Duration,
    },
    /// The host can't be a server name of TLS.
    #[error("{address} can't be used with TLS: its host is neither a DNS name nor an IP address")]
    ServerName {
        /// Where.
        address: HostPort,
    },
    /// The TLS handshake failed.
    #[error("the TLS handshake with {address} failed: {error}")]
    Tls {
        /// Where.
        address: HostPort,
        /// Why.
        error: HandshakeError,
    },
    /// The node doesn't take the credentials, or is not who it should be.
    #[error("{address} does not authenticate the gateway: {reason}; see `authentication` of the backend cluster")]
    Authentication {
        /// Where.
        address: HostPort,
        /// Why.
        reason: String,
        /// Whether that was the node's decision: otherwise it gave none.
        refused: bool,
    },
    /// The node doesn't take the gateway's certificate.
    #[error("{address} does not take the certificate of the gateway: {reason}; see `tls.client_identity`")]
    Certificate {
        /// Where.
        address: HostPort,
        /// What is known of the certificate, and the alert.
        reason: String,
    },
    /// There is no token to authenticate by.
    #[error("{reason}; see `authentication` of the backend cluster")]
    Token {
        /// Why.
        reason: String,
    },
    /// The cluster has no such node.
    #[error("the backend cluster has no node {node}; it has {known:?}")]
    UnknownNode {
        /// The node.
        node: i32,
        /// The nodes that it has.
        known: Vec<i32>,
    },
    /// The answer to a request of the gateway's own is not what Kafka gives.
    #[error("{address} gave a malformed answer: {reason}")]
    Malformed {
        /// Where.
        address: HostPort,
        /// What is wrong with it.
        reason: String,
    },
    /// The cluster could not be asked for its nodes, as somebody else found out.
    #[error("{0}")]
    Refresh(Arc<Self>),
    /// There is no address to try.
    #[error("no address is configured")]
    NoAddress,
}

impl ConnectError {
    /// Whether a node does not take the gateway's credentials: it can be reached, and an operator has to act.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Authentication { refused, .. } => *refused,
            Self::Certificate { .. } => true,
            Self::Refresh(error) => error.is_refusal(),
            _ => false,
        }
    }

    /// Where the error comes from, for metrics: `io`, `peer` or `local`.
    pub fn origin(&self) -> &'static str {
        match self {
            Self::Resolve { .. } | Self::Connect { .. } | Self::Timeout { .. } => "io",
            Self::Tls { .. } | Self::Malformed { .. } | Self::Authentication { .. } | Self::Certificate { .. } => {
                "peer"
            }
            Self::Token { .. } | Self::ServerName { .. } | Self::UnknownNode { .. } | Self::NoAddress => "local",
            Self::Refresh(error) => error.origin(),
        }
    }
}

/// Which of several addresses to try first: the one that answered last.
#[derive(Debug, Default)]
pub(super) struct Preferred(AtomicUsize);

impl Preferred {
    /// The addresses in the order in which to try them, each with its place.
    pub(super) fn order<'a>(&self, addresses: &'a [HostPort]) -> impl Iterator<Item = (usize, &'a HostPort)> + 'a {
        let first = self.0.load(Ordering::Relaxed) % addresses.len().max(1);
        let (before, from) = addresses.split_at(first);
        let places = (first..).zip(from);
        places.chain((0..).zip(before))
    }

    /// Notes that the address at this place answered.
    pub(super) fn answered(&self, place: usize) {
        self.0.store(place, Ordering::Relaxed);
    }
}

/// A connection to a node.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    /// Until when the node takes the gateway for who it is; none for as long as it is open.
    pub(crate) lease: Option<Lease>,
}

/// Connects to one address, by the end of the time that there is. Who the gateway is there is not said yet.
pub(super) async fn connect(
    address: &HostPort,
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
    deadline: Instant,
) -> Result<Stream, ConnectError> {
    let late = |_| ConnectError::Timeout {
        address: address.clone(),
        timeout,
    };
    let tcp = timeout_at(deadline, tcp(address, deadline)).await.map_err(late)??;
    let Some(config) = tls else {
        return Ok(Stream::Plain(tcp));
    };
    let name = ServerName::try_from(address.host.clone()).map_err(|_| ConnectError::ServerName {
        address: address.clone(),
    })?;
    let failed = |error| ConnectError::Tls {
        address: address.clone(),
        error,
    };
    keg_tls::connect(tcp, config, name, deadline)
        .await
        .map(|stream| Stream::Client(Box::new(stream)))
        .map_err(failed)
}

/// The first of a name's addresses that can be connected to. One that doesn't answer leaves time for the others.
async fn tcp(address: &HostPort, deadline: Instant) -> Result<TcpStream, ConnectError> {
    let resolve = |error| ConnectError::Resolve {
        address: address.clone(),
        error,
    };
    let found: Vec<SocketAddr> = lookup_host((address.host.as_str(), address.port))
        .await
        .map_err(resolve)?
        .collect();
    let mut last = resolve(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for (left, socket) in (1..=found.len() as u32).rev().zip(found) {
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        let error = match timeout(share, open(socket)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        };
        last = ConnectError::Connect {
            address: address.clone(),
            error,
        };
    }
    Err(last)
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A node that is gone without a word is noticed in the end, and small requests don't wait for acknowledgements.
    let _ = (socket.set_keepalive(true), socket.set_nodelay(true));
    socket.connect(address).await
}
