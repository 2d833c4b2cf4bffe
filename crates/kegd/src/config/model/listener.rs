//! Where clients connect.

use std::net::IpAddr;
use std::sync::Arc;

use super::{BackendCluster, BootstrapPort, BrokerHostFormat, PortRange, TlsServer, VirtualCluster};

/// Addresses, ports, and where connections go from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name, for logs and metrics.
    pub name: String,
    /// The addresses to listen on; at least one.
    pub addresses: Vec<IpAddr>,
    /// The ports to listen on, in the order given and without overlaps; at least one range.
    pub ports: Vec<PortRange>,
    /// TLS towards clients; none for plaintext.
    pub tls: Option<TlsServer>,
    /// The enabled rules; the first that matches a connection is used.
    pub forwards: Vec<Forward>,
}

/// Where a listener's connections go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forward {
    /// To the virtual cluster and node that the client's SNI names.
    Sni(Sni),
    /// To one virtual cluster; the port tells the node.
    PortMapping(PortMapping),
    /// To a backend cluster as they are: nothing is terminated.
    SniPassthrough(SniPassthrough),
}

/// Routing by SNI: every virtual cluster has a label in the host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sni {
    /// What follows the label in host names, as in `.keg.example.com`; may be empty.
    pub suffix: String,
    /// The port that clients are told. Unless it is configured, the first port of the listener.
    pub advertised_port: u16,
    /// How node ids and labels are written.
    pub broker_host_format: BrokerHostFormat,
}

/// Routing by port: every node has a port of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortMapping {
    /// Where connections go.
    pub virtual_cluster: Arc<VirtualCluster>,
    /// The host that clients are told.
    pub advertised_host: String,
    /// The ports of the listener that this rule uses, in order.
    pub ports: Vec<PortRange>,
    /// Whether a port is set aside for clients that know no node yet.
    pub bootstrap_port: BootstrapPort,
    /// The node id of the first port that isn't the bootstrap port.
    pub min_broker_id: i32,
}

/// Routing by SNI to a backend cluster, without terminating TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SniPassthrough {
    /// Where connections go.
    pub backend: Arc<BackendCluster>,
    /// The host name of clients that know no node yet.
    pub bootstrap_host: String,
    /// The host name of a node; holds `{node_id}` once.
    pub broker_host: String,
}
