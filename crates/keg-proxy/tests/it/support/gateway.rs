//! Gateways on ports that are free.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use keg_auth::{Authentication, Method};
use keg_devbroker::{Builder, DevBroker};
use keg_policy::{BrokerAddresses, Chain, Policy};
use keg_proxy::{
    Backend, BackendSettings, Destination, Gateway, HostPort, Limits, Listener, ListenerTls, Snapshot, VirtualCluster,
};
use keg_router::{PortMapping, PortRange, Ports, Rule, Table};
use keg_tls::{ClientTls, Live};

use super::client::Client;
use super::until;

/// Below the ports that the system gives to clients.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// How many ports are tried at once.
const BLOCK: u16 = 10;

/// Starts a gateway whose ports begin where `build` is told, wherever that is free.
pub(crate) fn start_anywhere(build: impl Fn(u16) -> Snapshot) -> (Gateway, u16) {
    loop {
        let first = next_block();
        match Gateway::start(build(first)) {
            Ok(gateway) => return (gateway, first),
            Err(error) => assert_eq!(error.error.kind(), std::io::ErrorKind::AddrInUse, "{error}"),
        }
    }
}

/// Processes begin at different places, and threads share a counter.
pub(crate) fn next_block() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let blocks = (PORTS.end - PORTS.start) / BLOCK;
    let offset = (std::process::id() % u32::from(blocks)) as u16;
    let block = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(offset) % blocks;
    PORTS.start + block * BLOCK
}

pub(crate) fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

pub(crate) fn ports(first: u16, last: u16) -> Ports {
    Ports::new([PortRange::new(first, last).unwrap()]).unwrap()
}

pub(crate) fn host_port(address: SocketAddr) -> HostPort {
    HostPort {
        host: address.ip().to_string(),
        port: address.port(),
    }
}

/// Settings that tests change as they need.
pub(crate) fn settings(bootstrap_servers: &[SocketAddr], tls: Option<Live<ClientTls>>) -> BackendSettings {
    BackendSettings {
        name: "main".into(),
        bootstrap_servers: bootstrap_servers.iter().copied().map(host_port).collect(),
        tls,
        credentials: None.into(),
        node_addresses: BTreeMap::new(),
        connect_timeout: Duration::from_secs(5),
        refresh_interval: Arc::new(Duration::from_secs(60)).into(),
    }
}

pub(crate) fn backend(bootstrap_servers: &[SocketAddr]) -> Arc<Backend> {
    Arc::new(Backend::new(settings(bootstrap_servers, None)))
}

pub(crate) fn cluster(name: &str, backend: &Arc<Backend>, policies: Vec<Arc<dyn Policy>>) -> Arc<VirtualCluster> {
    let authentication = Authentication::new(vec![Method::Anonymous]);
    let backend = Arc::clone(backend);
    Arc::new(VirtualCluster::new(name, backend, authentication, chain(policies)))
}

/// Policies with the one that every virtual cluster needs.
pub(crate) fn chain(mut policies: Vec<Arc<dyn Policy>>) -> Arc<Chain> {
    policies.push(Arc::new(BrokerAddresses));
    Arc::new(Chain::new(policies))
}

/// A listener and the rules of its table.
pub(crate) struct Listening {
    pub(crate) listener: Listener,
    pub(crate) rules: Vec<Rule<Destination>>,
}

impl Listening {
    pub(crate) fn new(name: &str, ports: Ports, rule: impl Into<Rule<Destination>>) -> Self {
        Self {
            listener: Listener {
                name: name.into(),
                addresses: vec![Ipv4Addr::LOCALHOST.into()],
                ports,
                tls: None,
                max_connections: 1_000,
            },
            rules: vec![rule.into()],
        }
    }

    /// A listener with a bootstrap port and a port for each of the nodes 0, 1, ...
    pub(crate) fn port_mapping(first: u16, nodes: u16, cluster: &Arc<VirtualCluster>) -> Self {
        let destination = Destination::VirtualCluster(Arc::clone(cluster));
        let rule = PortMapping::new(destination, "127.0.0.1");
        Self::new(cluster.name(), ports(first, first + nodes), rule)
    }

    pub(crate) fn on(mut self, address: IpAddr) -> Self {
        self.listener.addresses = vec![address];
        self
    }

    pub(crate) fn tls(mut self, tls: ListenerTls) -> Self {
        self.listener.tls = Some(tls);
        self
    }
}

/// A snapshot of these listeners, and of all that their rules lead to.
pub(crate) fn snapshot(listening: Vec<Listening>, clusters: &[&Arc<VirtualCluster>], limits: Limits) -> Snapshot {
    let mut builder = Table::builder();
    let mut listeners = Vec::new();
    for Listening { listener, rules } in listening {
        let mut forwards = builder.listener(&listener.name, listener.ports.clone());
        forwards.addresses(listener.addresses.iter().copied());
        for rule in rules {
            forwards.forward(rule);
        }
        listeners.push(Arc::new(listener));
    }
    let mut backends: Vec<Arc<Backend>> = Vec::new();
    for cluster in clusters {
        if !backends.iter().any(|it| Arc::ptr_eq(it, cluster.backend())) {
            backends.push(Arc::clone(cluster.backend()));
        }
    }
    Snapshot {
        table: builder.build().unwrap(),
        listeners,
        virtual_clusters: clusters.iter().copied().cloned().collect(),
        backends,
        limits,
    }
}

/// A gateway with one virtual cluster, by port mapping.
pub(crate) struct Team {
    pub(crate) gateway: Gateway,
    pub(crate) cluster: Arc<VirtualCluster>,
    pub(crate) first_port: u16,
}

impl Team {
    pub(crate) fn new(cluster: &Arc<VirtualCluster>, limits: &Limits) -> Self {
        let (gateway, first_port) = start_anywhere(|first| {
            let listening = Listening::port_mapping(first, 4, cluster);
            snapshot(vec![listening], &[cluster], limits.clone())
        });
        Self {
            gateway,
            cluster: Arc::clone(cluster),
            first_port,
        }
    }

    /// In front of these addresses, with default limits and no policies of its own.
    pub(crate) fn before(addresses: &[SocketAddr]) -> Self {
        Self::with(addresses, &Limits::default())
    }

    pub(crate) fn with(addresses: &[SocketAddr], limits: &Limits) -> Self {
        Self::new(&cluster("team", &backend(addresses), Vec::new()), limits)
    }

    pub(crate) fn bootstrap(&self) -> SocketAddr {
        local(self.first_port)
    }

    pub(crate) fn node(&self, id: i32) -> SocketAddr {
        local(self.first_port + 1 + u16::try_from(id).unwrap())
    }

    /// A client of any node.
    pub(crate) async fn client(&self) -> Client {
        Client::plain(self.bootstrap()).await
    }

    /// A client of the node that leads a partition of `orders`.
    pub(crate) async fn leader(&self, broker: &DevBroker, partition: i32) -> Client {
        Client::plain(self.node(broker.leader("orders", partition).unwrap())).await
    }

    /// Waits until all connections have ended.
    pub(crate) async fn is_empty(&self) {
        until("all connections end", || self.gateway.open_connections() == 0).await;
    }
}

/// Three nodes and a topic `orders` of three partitions.
pub(crate) fn broker() -> Builder {
    DevBroker::builder()
        .topic("orders", 3)
        .max_message_bytes(64 << 20)
        .retention_bytes(256 << 20)
}
