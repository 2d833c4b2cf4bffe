//! Connections to nodes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use keg_tls::{ClientConfig, HandshakeError, ServerName};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::HostPort;
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
    /// There is no address to try.
    #[error("no address is configured")]
    NoAddress,
}

impl ConnectError {
    /// Where the error comes from, for metrics: `io`, `peer` or `local`.
    pub fn origin(&self) -> &'static str {
        match self {
            Self::Resolve { .. } | Self::Connect { .. } | Self::Timeout { .. } => "io",
            Self::Tls { .. } | Self::Malformed { .. } => "peer",
            Self::ServerName { .. } | Self::UnknownNode { .. } | Self::NoAddress => "local",
        }
    }
}

/// The first of the addresses that can be connected to.
pub(super) async fn first_of(
    addresses: &[HostPort],
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
) -> Result<Stream, ConnectError> {
    let mut last = ConnectError::NoAddress;
    for address in addresses {
        match connect(address, tls.clone(), timeout).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect(
    address: &HostPort,
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
) -> Result<Stream, ConnectError> {
    let deadline = Instant::now() + timeout;
    let late = |_| ConnectError::Timeout {
        address: address.clone(),
        timeout,
    };
    let tcp = timeout_at(deadline, tcp(address)).await.map_err(late)??;
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

/// The first of a name's addresses that can be connected to.
async fn tcp(address: &HostPort) -> Result<TcpStream, ConnectError> {
    let resolve = |error| ConnectError::Resolve {
        address: address.clone(),
        error,
    };
    let found = lookup_host((address.host.as_str(), address.port))
        .await
        .map_err(resolve)?;
    let mut last = resolve(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for socket in found {
        match TcpStream::connect(socket).await {
            Ok(stream) => {
                // Small requests are not to wait for the acknowledgement of the ones before.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => {
                last = ConnectError::Connect {
                    address: address.clone(),
                    error,
                }
            }
        }
    }
    Err(last)
}
