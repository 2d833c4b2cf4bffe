//! What a quickstart will be: names, ports, nodes.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::ops::RangeInclusive;

use keg_proxy::HostPort;

use super::options::Options;
use super::ports::{Ports, PortsError, Purpose};

/// What clients of the port mapping connect to. Not `localhost`, which may mean ::1 first.
pub(super) const HOST: &str = "127.0.0.1";

/// What the host names for TLS end with.
pub(super) const SUFFIX: &str = ".localhost";

/// The virtual clusters; their prefixes are their names and a hyphen.
pub(super) const VIRTUAL_CLUSTERS: [(&str, Purpose); 2] = [("team-a", Purpose::TeamA), ("team-b", Purpose::TeamB)];

/// The topic that each virtual cluster has.
pub(super) const TOPIC: &str = "orders";

/// Everything that is known before something is written or started.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) backend: Vec<HostPort>,
    pub(super) is_embedded: bool,
    pub(super) nodes: RangeInclusive<i32>,
    pub(super) ports: Ports,
    pub(super) has_ipv6: bool,
    pub(super) log_flags: &'static str,
}

impl Plan {
    /// A plan for a backend with these node ids.
    pub(super) fn new(
        options: &Options,
        backend: Vec<HostPort>,
        nodes: RangeInclusive<i32>,
    ) -> Result<Self, PortsError> {
        let is_embedded = options.backend.is_empty();
        let node_ids = nodes.end().abs_diff(*nodes.start()).saturating_add(1);
        let embedded = if is_embedded { node_ids } else { 0 };
        Ok(Self {
            backend,
            is_embedded,
            ports: Ports::new(&options.ports, node_ids, embedded)?,
            nodes,
            // Resolvers that know `*.localhost` give both addresses.
            has_ipv6: TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok(),
            log_flags: if options.verbose { "info" } else { "warn" },
        })
    }

    /// Where clients of a virtual cluster connect without TLS.
    pub(super) fn bootstrap(&self, purpose: Purpose) -> Option<HostPort> {
        self.ports.of(purpose).map(|ports| HostPort {
            host: HOST.to_owned(),
            port: *ports.start(),
        })
    }

    /// Where clients of a virtual cluster connect with TLS.
    pub(super) fn tls_bootstrap(&self, virtual_cluster: &str) -> HostPort {
        HostPort {
            host: format!("bootstrap.{virtual_cluster}{SUFFIX}"),
            port: self.ports.first().tls_port,
        }
    }

    /// The host names that clients of both virtual clusters use with TLS.
    pub(super) fn tls_names(&self) -> Vec<String> {
        let labels = ["bootstrap".to_owned()]
            .into_iter()
            .chain(self.nodes.clone().map(|id| format!("broker-{id}")));
        let labels: Vec<String> = labels.collect();
        VIRTUAL_CLUSTERS
            .iter()
            .flat_map(|(name, _)| labels.iter().map(move |label| format!("{label}.{name}{SUFFIX}")))
            .collect()
    }

    /// The names of the gateway's certificate.
    pub(super) fn certificate_names() -> Vec<String> {
        VIRTUAL_CLUSTERS
            .iter()
            .map(|(name, _)| format!("*.{name}{SUFFIX}"))
            .collect()
    }

    /// The addresses that the TLS listener has.
    pub(super) fn tls_addresses(&self) -> Vec<String> {
        let mut addresses = vec![Ipv4Addr::LOCALHOST.to_string()];
        if self.has_ipv6 {
            addresses.push(Ipv6Addr::LOCALHOST.to_string());
        }
        addresses
    }
}
