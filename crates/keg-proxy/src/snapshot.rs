//! Everything that is configured, at one time.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use keg_router::{Ports, Table};
use keg_tls::{Live, ServerTls};

use crate::backend::Backend;
use crate::certificate::CertificateMapping;
use crate::limits::Limits;
use crate::virtual_cluster::VirtualCluster;

/// Everything that is configured, at one time. Immutable; a change is another snapshot.
#[derive(Debug)]
pub struct Snapshot {
    /// Where connections go.
    pub table: Table<Destination>,
    /// The listeners. Their names and ports are those of the table's, and so are their addresses where two listeners
    /// have the same port.
    pub listeners: Vec<Arc<Listener>>,
    /// The virtual clusters.
    pub virtual_clusters: Vec<Arc<VirtualCluster>>,
    /// The backend clusters.
    pub backends: Vec<Arc<Backend>>,
    /// Bounds and times of connections.
    pub limits: Limits,
}

/// Addresses and ports, and what is done on them before anything is routed.
#[derive(Debug)]
pub struct Listener {
    /// Its name.
    pub name: Arc<str>,
    /// The addresses to listen on.
    pub addresses: Vec<IpAddr>,
    /// The ports to listen on.
    pub ports: Ports,
    /// TLS towards clients; none for plaintext.
    pub tls: Option<ListenerTls>,
    /// How many connections it serves at a time, over all its addresses and ports; more wait to be accepted.
    pub max_connections: usize,
}

/// TLS towards clients.
///
/// Where another snapshot has other settings than these for a listener, connections end with their next request of which
/// the client could not come in any more with the certificate that it has shown, or would be somebody else by it.
#[derive(Debug, Clone)]
pub struct ListenerTls {
    /// Certificates and versions; can be replaced live.
    pub config: Arc<Live<ServerTls>>,
    /// Whether clients may also connect without TLS.
    pub allow_plaintext: bool,
    /// Who clients are by their certificates.
    pub mapping: Arc<CertificateMapping>,
}

/// Where a connection goes.
#[derive(Clone)]
pub enum Destination {
    /// To a virtual cluster.
    VirtualCluster(Arc<VirtualCluster>),
    /// To a backend cluster as it is.
    Backend(Arc<Backend>),
}

impl Listener {
    /// Every address with every port.
    pub fn sockets(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.addresses
            .iter()
            .flat_map(|address| self.ports.iter().map(|port| SocketAddr::new(*address, port)))
    }
}

impl PartialEq for Destination {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::VirtualCluster(one), Self::VirtualCluster(other)) => Arc::ptr_eq(one, other),
            (Self::Backend(one), Self::Backend(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Destination {}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VirtualCluster(cluster) => write!(f, "virtual cluster {:?}", cluster.name()),
            Self::Backend(backend) => write!(f, "backend cluster {:?}", backend.name()),
        }
    }
}
