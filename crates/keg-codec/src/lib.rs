//! Kafka's wire protocol for proxies.

#![warn(missing_docs)]

mod api_key;
pub mod frame;
pub mod header;
pub mod ledger;
pub mod queue;
pub mod rope;
pub mod schema;
pub mod walk;
mod wire;

pub use api_key::ApiKey;
pub use header::{RequestFrame, ResponseFrame};
pub use queue::WriteQueue;
pub use rope::Rope;
pub use schema::{Api, Direction, Entity};
