//! The data plane of a Kafka gateway as a library.

#![warn(missing_docs)]

mod backend;
mod budget;
mod connection;
mod current;
mod drain;
mod error;
mod exchange;
mod gateway;
mod incoming;
mod limits;
mod link;
mod listener;
mod metrics;
mod relay;
mod slots;
mod snapshot;
mod stream;
mod virtual_cluster;

pub use backend::{Backend, BackendSettings, ConnectError, HostPort};
pub use error::{Over, Unanswered};
pub use gateway::{BindError, Change, Gateway};
pub use limits::{Limits, LimitsError};
pub use snapshot::{Destination, Listener, ListenerTls, Snapshot};
pub use virtual_cluster::VirtualCluster;
