//! A port for each node.

use crate::Ports;

mod layout;
mod misfit;

pub(crate) use layout::Layout;
pub use misfit::Misfit;

/// Gives each node of one destination a port of its own.
///
/// Ports and nodes belong together as follows:
/// - With [`BootstrapPort::AtStart`] the first port is the bootstrap, for any node.
/// - The other ports of the *first range* belong to `min_broker_id`, `min_broker_id + 1`, ... in this order.
/// - The ports of *later ranges* map directly: the node is the distance from the first port. So with the ports
///   `9000, 9092-9094, 9100` the nodes 92, 93, 94 and 100 have the ports 9092, 9093, 9094 and 9100, whatever
///   `min_broker_id` is, and node 1 has none. This serves clusters whose node ids have gaps.
///
/// That is how Kong Event Gateway documents its `port_mapping`. Ranges that continue each other are one range, and
/// ranges must ascend. A port that would belong to no node, or to a node that has a port already, is a
/// [`Problem`](crate::Problem).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMapping<D> {
    pub(crate) destination: D,
    pub(crate) advertised_host: String,
    pub(crate) ports: Option<Ports>,
    pub(crate) bootstrap_port: BootstrapPort,
    pub(crate) min_broker_id: i32,
}

/// Whether a port mapping has a port that is always there, whatever the node ids are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BootstrapPort {
    /// All ports belong to nodes; clients bootstrap with any of them.
    None,
    /// The first port is the bootstrap, and nodes have the ports after it.
    #[default]
    AtStart,
}

impl<D> PortMapping<D> {
    /// All ports of the listener, with the first as bootstrap and nodes from id 0, at a host that clients can reach.
    #[must_use]
    pub fn new(destination: D, advertised_host: impl Into<String>) -> Self {
        Self {
            destination,
            advertised_host: advertised_host.into(),
            ports: None,
            bootstrap_port: BootstrapPort::default(),
            min_broker_id: 0,
        }
    }

    /// Uses only these ports of the listener, so that other rules can have the others.
    #[must_use]
    pub fn ports(mut self, ports: Ports) -> Self {
        self.ports = Some(ports);
        self
    }

    /// Whether the first port is the bootstrap.
    #[must_use]
    pub const fn bootstrap_port(mut self, bootstrap_port: BootstrapPort) -> Self {
        self.bootstrap_port = bootstrap_port;
        self
    }

    /// The lowest node id of the cluster.
    #[must_use]
    pub const fn min_broker_id(mut self, min_broker_id: i32) -> Self {
        self.min_broker_id = min_broker_id;
        self
    }
}
