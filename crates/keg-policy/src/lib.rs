//! Policies for Kafka proxies, as tower layers.

#![warn(missing_docs)]

mod addresses;
mod block_apis;
mod chain;
mod connection;
pub mod layer;
mod message;
mod namespace;
mod policy;

pub use addresses::{AddressBook, BrokerAddresses};
pub use block_apis::BlockApis;
pub use chain::{Chain, Pending, Served};
pub use connection::Connection;
pub use layer::PolicyLayer;
pub use message::{Reply, Request, Response};
pub use namespace::{Mode, Namespace, TopicIds};
pub use policy::{Answer, Decision, Interest, Note, Outcome, Policy, Withheld};
