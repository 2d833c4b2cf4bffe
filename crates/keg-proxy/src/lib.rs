//! The data plane of a Kafka gateway as a library.

#![warn(missing_docs)]

mod backend;
mod connection;
mod drain;
mod error;
mod exchange;
mod gateway;
mod limits;
mod link;
mod listener;
mod metrics;
mod snapshot;
mod stream;
mod virtual_cluster;

pub use backend::{Backend, BackendSettings, ConnectError, HostPort};
pub use error::Over;
pub use gateway::{BindError, Change, Gateway};
pub use limits::Limits;
pub use snapshot::{Destination, Listener, ListenerTls, Snapshot};
pub use virtual_cluster::VirtualCluster;
