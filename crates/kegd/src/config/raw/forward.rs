//! Where connections go.

use super::super::decode::{At, Bounded, NonEmpty, choice, entity, tagged};
use super::super::model::{BootstrapPort, PortRange};
use super::super::value::{BrokerHost, HostName, SniSuffix};
use super::Reference;

tagged! {
    /// How connections find their virtual cluster and node.
    ForwardToVirtualCluster {
        "sni" => Sni(Sni),
        "port_mapping" => PortMapping(PortMapping),
    }
}

entity! {
    /// By the host name in the TLS handshake; every virtual cluster has a label in it. Needs a tls_server policy.
    Sni {
        /// What follows the label in host names, as in .keg.example.com.
        sni_suffix: Option<At<SniSuffix>>,
        /// The port that clients are told; without it, the first port of the listener.
        advertised_port: Option<Bounded<1, 65_535>>,
        /// How node ids and labels make host names.
        broker_host_format: HostFormat = { "type": "per_cluster_suffix" },
    }
}

tagged! {
    /// How node ids and labels make host names.
    HostFormat {
        "per_cluster_suffix" => PerClusterSuffix(PerClusterSuffix),
        "shared_suffix" => SharedSuffix(SharedSuffix),
    }
}

entity! {
    /// As in broker-1.team-a.keg.example.com: one wildcard certificate for each virtual cluster.
    PerClusterSuffix {}
}

entity! {
    /// As in broker-1-team-a.keg.example.com: one wildcard certificate for all virtual clusters.
    SharedSuffix {}
}

entity! {
    /// By port; every node has its own.
    PortMapping {
        /// The virtual cluster that connections go to.
        destination: Reference,
        /// The host that clients are told.
        advertised_host: HostName,
        /// Which of the listener's ports this rule uses; without it, all.
        ports: Option<NonEmpty<At<PortRange>>>,
        /// Whether the first port is set aside for clients that know no node yet.
        bootstrap_port: BootstrapPort = "at_start",
        /// The node id of the first port that isn't the bootstrap port.
        min_broker_id: Bounded<0, 2_147_483_647> = 0,
    }
}

choice! {
    BootstrapPort {
        "none" => None,
        "at_start" => AtStart,
    }
}

tagged! {
    /// How connections find their backend cluster and node.
    ForwardToBackendCluster {
        "sni_passthrough" => SniPassthrough(SniPassthrough),
    }
}

entity! {
    /// By the host name in the TLS handshake, which the backend's node terminates itself.
    SniPassthrough {
        /// The backend cluster that connections go to.
        destination: Reference,
        /// The host name of clients that know no node yet.
        bootstrap_host: HostName,
        /// The host name of a node, as in broker-{node_id}.kafka.example.com.
        broker_host: BrokerHost,
    }
}
