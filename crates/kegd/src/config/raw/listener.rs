//! Where clients connect.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::decode::{At, List, NonEmpty, entity, tagged};
use super::super::model::PortRange;
use super::super::value::{Description, Name};
use super::{ForwardToBackendCluster, ForwardToVirtualCluster, Policy, TlsServer};

entity! {
    /// Addresses and ports, and where connections go from there.
    Listener {
        /// Its name, for logs and metrics.
        name: At<Name>,
        /// What it means, for people.
        description: Option<Description>,
        /// Labels, for people.
        labels: Option<BTreeMap<String, Description>>,
        /// The IP addresses to listen on.
        addresses: NonEmpty<At<IpAddr>>,
        /// The ports to listen on: numbers, or ranges such as 9092-9094.
        ports: NonEmpty<At<PortRange>>,
        /// TLS, and where connections go: the first forward policy that matches a connection is used.
        policies: List<ListenerPolicy> = [],
    }
}

tagged! {
    /// TLS towards clients, or where connections go.
    ListenerPolicy {
        "tls_server" => TlsServer(Policy<TlsServer>),
        "forward_to_virtual_cluster" => ForwardToVirtualCluster(Policy<ForwardToVirtualCluster>),
        "forward_to_backend_cluster" => ForwardToBackendCluster(Policy<ForwardToBackendCluster>),
    }
}
