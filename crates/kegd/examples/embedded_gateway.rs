//! A gateway inside of another program: two virtual clusters, and a policy of the program's own.
//!
//! `cargo run -p kegd --example embedded_gateway -- kafka1:9092`

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use keg_auth::{Authentication, Method};
use keg_codec::{Api, ApiKey, ErrorCode};
use keg_policy::{BrokerAddresses, Chain, Connection, Decision, Interest, Mode, Namespace, Note, Policy};
use keg_policy::{Request, Response};
use keg_proxy::{Backend, BackendSettings, Destination, Gateway, HostPort, Limits, Listener, Snapshot, VirtualCluster};
use keg_router::{PortMapping, Ports, Table};

/// No topic is deleted while the books are being closed.
#[derive(Debug)]
struct ClosedBooks;

impl Policy for ClosedBooks {
    fn name(&self) -> &str {
        "closed_books"
    }

    // Everything else passes by, undecoded.
    fn interest(&self, api: &Api, _version: i16) -> Interest {
        Interest::of(api.key == ApiKey::DELETE_TOPICS, false)
    }

    fn request(&self, connection: &Connection, request: &mut Request) -> Decision {
        if &*connection.virtual_cluster != "finance" {
            return Decision::Forward(Note::default());
        }
        // Every topic that was asked for gets this error, in the version that the client speaks.
        let (api, version, body) = (request.api, request.version, request.body_bytes());
        let message = Some("the books are being closed");
        match Response::error(api, version, &body, ErrorCode::POLICY_VIOLATION, message) {
            Ok(response) => Decision::Answer(response),
            Err(error) => Decision::Close(error.to_string()),
        }
    }
}

/// A virtual cluster whose names begin with its own in the backend.
fn virtual_cluster(name: &str, backend: &Arc<Backend>) -> Arc<VirtualCluster> {
    // The client's side first.
    let policies: Vec<Arc<dyn Policy>> = vec![
        Arc::new(ClosedBooks),
        Arc::new(Namespace::new(Mode::HidePrefix, &format!("{name}-"))),
        Arc::new(BrokerAddresses),
    ];
    Arc::new(VirtualCluster::new(
        name,
        Arc::clone(backend),
        Authentication::new(vec![Method::Anonymous]),
        Arc::new(Chain::new(policies)),
    ))
}

/// Each virtual cluster at a range of ports: its bootstrap port, and one for each node from `first_node` on.
pub(crate) fn start(
    bootstrap_servers: Vec<HostPort>,
    first_node: i32,
    ports: &BTreeMap<&str, Ports>,
) -> Result<Gateway, Box<dyn Error>> {
    let backend = Arc::new(Backend::new(BackendSettings {
        name: "main".into(),
        bootstrap_servers,
        tls: None,
        credentials: None.into(),
        node_addresses: BTreeMap::new(),
        connect_timeout: Duration::from_secs(10),
        refresh_interval: Arc::new(Duration::from_secs(60)).into(),
    }));
    let (mut table, mut listeners, mut virtual_clusters) = (Table::builder(), Vec::new(), Vec::new());
    for (name, ports) in ports {
        let cluster = virtual_cluster(name, &backend);
        let destination = Destination::VirtualCluster(Arc::clone(&cluster));
        let rule = PortMapping::new(destination, "localhost").min_broker_id(first_node);
        table.listener(name, ports.clone()).forward(rule);
        listeners.push(Arc::new(Listener {
            name: (*name).into(),
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            ports: ports.clone(),
            tls: None,
            max_connections: 1000,
        }));
        virtual_clusters.push(cluster);
    }
    // Sockets are opened and connections served from here on, on tasks of the tokio runtime.
    Ok(Gateway::start(Snapshot {
        table: table.build()?,
        listeners,
        virtual_clusters,
        backends: vec![backend],
        limits: Limits::default(),
    })?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("usage: embedded_gateway HOST:PORT")?;
    let (host, port) = server.rsplit_once(':').ok_or("expected HOST:PORT")?;
    let server = HostPort {
        host: host.to_owned(),
        port: port.parse()?,
    };
    let ports = BTreeMap::from([
        ("finance", "19092-19095".parse()?),
        ("marketing", "19192-19195".parse()?),
    ]);
    let gateway = start(vec![server], 1, &ports)?;
    tokio::signal::ctrl_c().await?;
    gateway.shut_down(Duration::from_secs(10)).await;
    Ok(())
}
