//! From a connection's port and TLS server name to a virtual cluster and node, and back: from a node to the host and
//! port that clients are told. Both directions are one [`Table`], and inverse: a client that connects to an
//! advertised address gets to the node it was advertised for. std only; no I/O.
//!
//! A Kafka client bootstraps with any address, asks for metadata, and then connects to each node at the address that
//! the metadata gives. A proxy therefore has to give every node of every cluster it fronts an address of its own, and
//! has to know from a connection alone which one it was for.
//!
//! # Embedding it in a proxy
//! ```
//! use keg_router::{Endpoint, Kind, PortMapping, Sni, Table};
//!
//! // The destination is the proxy's own type: whatever it knows its clusters by.
//! #[derive(Clone, Debug, PartialEq, Eq)]
//! enum Cluster { Orders, Billing }
//!
//! let mut builder = Table::builder();
//! // One TLS port serves all nodes of both clusters by server name ...
//! builder.listener("tls", "9443".parse()?).forward(
//!     Sni::new(".kafka.example.com").destination(Cluster::Orders, "orders").destination(Cluster::Billing, "billing"),
//! );
//! // ... and the first cluster is also there without TLS, with a port for each node.
//! builder.listener("plain", "19092-19095".parse()?).forward(PortMapping::new(Cluster::Orders, "localhost"));
//! let table = builder.build()?;
//!
//! // A connection is accepted on port 9443, and its TLS hello names a host.
//! assert!(table.needs_server_name(9443));
//! let route = table.route(9443, Some("broker-2.billing.kafka.example.com"))?;
//! assert_eq!(route.destination, Cluster::Billing);
//! assert_eq!((route.endpoint, route.kind), (Endpoint::Node(2), Kind::Terminated));
//!
//! // Its client asks for metadata: the answer must name the proxy's addresses, not the backend's.
//! let advertised = route.addresses.node(0)?;
//! assert_eq!(advertised.to_string(), "broker-0.billing.kafka.example.com:9443");
//!
//! // Without TLS the port decides.
//! let route = table.route(19094, None)?;
//! assert_eq!((route.destination, route.endpoint), (Cluster::Orders, Endpoint::Node(1)));
//! assert_eq!(route.addresses.node(1)?.to_string(), "localhost:19094");
//!
//! // What to print for users.
//! for rule in table.rules() {
//!     for (cluster, addresses) in rule.destinations() {
//!         println!("{cluster:?}: {}", addresses.bootstrap());
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Rules
//! Each listener has rules; the first that matches a connection decides.
//!
//! | rule | tells nodes apart by | TLS |
//! |---|---|---|
//! | [`PortMapping`] | port | optional |
//! | [`Sni`] | server name, below a suffix | terminated by the proxy |
//! | [`SniPassthrough`] | server name, from a template | goes on to the backend |
//!
//! An SNI rule before a port mapping takes the connections whose server name it knows, and leaves the others. A table
//! in which two rules could claim one connection, or a rule could never be reached, is not built: [`Builder::build`]
//! gives all [`Problems`] at once, each with the parties it is between.

#![warn(missing_docs)]

mod advertise;
mod local;
mod name;
mod port_mapping;
mod ports;
mod problem;
mod route;
mod rule;
mod sni;
mod sni_passthrough;
mod table;

pub use advertise::{Addresses, AdvertiseError, Advertised};
pub use local::Local;
pub use name::NameError;
pub use port_mapping::{BootstrapPort, Misfit, PortMapping};
pub use ports::{PortRange, Ports, PortsError};
pub use problem::{Problem, Problems};
pub use route::{Endpoint, Kind, Route, RouteError};
pub use rule::{Mode, Party, Rule, RuleId, RuleName};
pub use sni::{BrokerHostFormat, Sni};
pub use sni_passthrough::SniPassthrough;
pub use table::{Builder, ListenerBuilder, Table, TableRule};

/// The examples of the README are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
