//! The data plane of a Kafka gateway as a library: Kafka clients connect to it as if it were their cluster, and it moves
//! their requests to a real one, through policies.
//!
//! # Embedding
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use keg_auth::{Authentication, Method};
//! use keg_codec::ApiKey;
//! use keg_policy::{BlockApis, BrokerAddresses, Chain};
//! use keg_proxy::{
//!     Backend, BackendSettings, Change, Destination, Gateway, HostPort, Limits, Listener, Snapshot, VirtualCluster,
//! };
//! use keg_router::{PortMapping, Table};
//!
//! # fn free_ports() -> u16 {
//! #     let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
//! #     (12_000..32_000).step_by(4).find(|first| (*first..first + 4).all(free)).unwrap()
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let kafka = keg_devbroker::DevBroker::builder().nodes(3).start().await?;
//! # let bootstrap_servers: Vec<HostPort> =
//! #     kafka.addresses().iter().map(|it| HostPort { host: it.ip().to_string(), port: it.port() }).collect();
//! // A real cluster, found at `bootstrap_servers`.
//! let backend = Arc::new(Backend::new(BackendSettings {
//!     name: "main".into(),
//!     bootstrap_servers,
//!     tls: None,
//!     credentials: None.into(),
//!     node_addresses: Default::default(),
//!     connect_timeout: Duration::from_secs(10),
//!     refresh_interval: Arc::new(Duration::from_secs(60)).into(),
//! }));
//! // What clients see of it. `BrokerAddresses` is what keeps them coming through the gateway.
//! let cluster = Arc::new(VirtualCluster::new(
//!     "team-a",
//!     Arc::clone(&backend),
//!     Authentication::new(vec![Method::Anonymous]),
//!     Arc::new(Chain::new(vec![Arc::new(BrokerAddresses)])),
//! ));
//! // Where they find it: a bootstrap port, and a port for each of the nodes 0, 1 and 2.
//! # let (first, last) = (free_ports(), 3);
//! # let ports: keg_router::Ports = format!("{first}-{}", first + last).parse()?;
//! # /*
//! let ports: Ports = "19092-19095".parse()?;
//! # */
//! let snapshot = || -> Result<Snapshot, Box<dyn std::error::Error>> {
//!     let mut table = Table::builder();
//!     table
//!         .listener("local", ports.clone())
//!         .forward(PortMapping::new(Destination::VirtualCluster(Arc::clone(&cluster)), "localhost"));
//!     Ok(Snapshot {
//!         table: table.build()?,
//!         listeners: vec![Arc::new(Listener {
//!             name: "local".into(),
//!             addresses: vec!["127.0.0.1".parse()?],
//!             ports: ports.clone(),
//!             tls: None,
//!             max_connections: 10_000,
//!         })],
//!         virtual_clusters: vec![Arc::clone(&cluster)],
//!         backends: vec![Arc::clone(&backend)],
//!         limits: Limits::default(),
//!     })
//! };
//! let gateway = Gateway::start(snapshot()?)?;
//! println!("kcat -b localhost:{} -L", ports.first());
//!
//! // Other policies, on the connections that are open, from their next request on.
//! let read_only = BlockApis::new("read-only", vec![ApiKey::PRODUCE]);
//! let chain = Arc::new(Chain::new(vec![Arc::new(read_only), Arc::new(BrokerAddresses)]));
//! gateway.change(Change {
//!     snapshot: snapshot()?,
//!     chains: vec![(Arc::clone(&cluster), chain)],
//! })?;
//!
//! // What is in flight is answered, and then connections are closed.
//! let left = gateway.shut_down(Duration::from_secs(10)).await;
//! assert_eq!(left, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # A connection
//! It goes through states that are types; each holds what is known in it:
//! `accept -> Hello {server name} -> Routed {virtual cluster, node} -> Authenticated {session} -> Proxying`. Routes that
//! pass TLS through skip the last two: their bytes are moved as they are.
//!
//! One connection of a client has one connection to the node that it was routed to, which is opened with its first
//! request. Requests go to the broker in the order in which they came, under correlation ids of the gateway's own, and
//! replies to the client in that order, whoever gave them. A reply goes through the policies that saw its request, in
//! reverse, whatever was put in force in between.
//!
//! | what goes wrong | what happens |
//! |---|---|
//! | the client sends what is not Kafka | what it asked before is answered, the connection closed, and one line logged that says what to do |
//! | the broker hangs up, or answers in the wrong order | what it answered before is passed on, and the connection closed: no client ever gets a wrong answer |
//! | a node can't be reached | the cluster is asked where it is now, once for all who want to know; if that doesn't help, the connection is closed |
//! | a bootstrap server does not answer | the next is tried, and the one that answers is tried first from then on |
//!
//! # Change
//! A [`Snapshot`] is all that is configured, and immutable. [`Gateway::change`] puts another one in force, whole or not at
//! all. What both hold (the same [`Arc`](std::sync::Arc)) goes on: sockets, connections, what is known of nodes. What only
//! the old one holds drains: no more requests are read, what is in flight is answered for
//! [`Limits::drain_duration`], and the connections are closed.
//!
//! # Backpressure
//! Nothing is read of a client whose window is full ([`Limits::max_in_flight`]), of one for whose broker too much is
//! waiting, or of one that doesn't take its replies; nor of a broker whose client doesn't ([`Limits::max_queued`]). So TCP
//! holds back who sends too fast. Large frames are read only when they have their place in
//! [`Limits::buffer_budget`], first come, first served; small frames go on meanwhile. [`Limits`] says what memory that
//! adds up to.
//!
//! # Cancel safety
//! Connections are tasks of their own: dropping a future of this crate loses no request. Dropping the [`Gateway`] closes
//! its ports and lets its connections drain.
//!
//! # Panics
//! [`Gateway::start`] and [`Gateway::change`] panic outside of a tokio runtime with I/O and time enabled. Nothing that a
//! peer sends makes this crate panic; a policy of yours that does ends the connection that it panicked on.
//!
//! # Logs and metrics
//! Logs go to [`tracing`]: one line at `WARN` for a connection that ended because something is wrong, and at `DEBUG` for
//! one that ended as connections do. Metrics go to the recorder of [`metrics`](::metrics), under the names of Kong Event
//! Gateway. Neither ever shows a secret, or what clients send.

#![warn(missing_docs)]

mod admission;
mod backend;
mod budget;
mod busy_poll;
mod certificate;
mod certified;
mod connection;
mod current;
mod decided;
mod drain;
mod error;
mod exchange;
mod gateway;
mod guard;
mod incoming;
mod limits;
mod link;
mod listener;
mod metrics;
mod open_files;
mod relay;
mod room;
mod sasl;
mod slots;
mod snapshot;
mod splice;
mod stream;
#[cfg(test)]
mod testing;
mod virtual_cluster;

pub use backend::{Backend, BackendSettings, ConnectError, Credentials, HostPort, TokenFeed, Tokens};
pub use certificate::{CertificateMapping, CertificateName};
pub use error::{Over, Unanswered};
pub use gateway::{BindError, Change, Gateway};
pub use limits::{Limits, LimitsError};
pub use snapshot::{Destination, Listener, ListenerTls, Snapshot};
pub use virtual_cluster::VirtualCluster;

/// The examples of the README are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
