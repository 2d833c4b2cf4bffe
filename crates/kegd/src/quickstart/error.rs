//! Why a quickstart did not start, or did not end well.

use std::io;
use std::net::SocketAddr;

use keg_devbroker::StartError;

use super::client::ClientError;
use super::directory::DirectoryError;
use super::plan::TOPIC;
use super::ports::{Ports, PortsError, Purpose};
use crate::runtime::RunError;

/// Why a quickstart did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuickstartError {
    /// The ports don't go together.
    #[error(transparent)]
    Ports(#[from] PortsError),
    /// A port can't be listened on.
    #[error("{}; change it with `{} PORT`", listen(*.purpose, *.address, .error), .purpose.flag())]
    Listen {
        /// What for.
        purpose: Purpose,
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The embedded broker did not start.
    #[error("the embedded broker did not start: {0}")]
    Broker(StartError),
    /// No address of the backend answers.
    #[error("the backend does not answer:\n{}\nIs it up, and without TLS and SASL there?", .0.iter().map(|it| format!("  {it}")).collect::<Vec<_>>().join("\n"))]
    Backend(Vec<ClientError>),
    /// The backend has no nodes.
    #[error("the backend at {0} names no nodes")]
    NoNodes(keg_proxy::HostPort),
    /// A topic can't be created.
    #[error(
        "the topic `{TOPIC}` can't be created in {virtual_cluster}: {error}; if the gateway has logged a warning, it says why"
    )]
    Topic {
        /// Where.
        virtual_cluster: &'static str,
        /// Why.
        error: ClientError,
    },
    /// A file can't be written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The certificates can't be made.
    #[error("the certificates can't be made: {0}")]
    Certificates(String),
    /// The gateway did not start.
    #[error(transparent)]
    Run(RunError),
    /// Nobody reads what is printed.
    #[error("standard output can't be written: {0}")]
    Print(io::Error),
}

impl QuickstartError {
    /// An error of the gateway, with the flag that helps if there is one.
    pub(super) fn gateway(error: RunError, ports: &Ports) -> Self {
        match error {
            RunError::Bind(error) => match ports.purpose(error.address.port()) {
                Some(purpose) => Self::Listen {
                    purpose,
                    address: error.address,
                    error: error.error,
                },
                None => Self::Run(error.into()),
            },
            RunError::Admin { address, error } => Self::Listen {
                purpose: Purpose::Health,
                address,
                error,
            },
            error => Self::Run(error),
        }
    }
}

impl From<StartError> for QuickstartError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Listen { address, source, .. } => Self::Listen {
                purpose: Purpose::Broker,
                address,
                error: source,
            },
            error => Self::Broker(error),
        }
    }
}

fn listen(purpose: Purpose, address: SocketAddr, error: &io::Error) -> String {
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => format!("port {port}, for {purpose}, is taken on {}", address.ip()),
        _ => format!(
            "port {port}, for {purpose}, can't be listened on at {}: {error}",
            address.ip()
        ),
    }
}
