//! Kafka's wire protocol for proxies.

#![warn(missing_docs)]

mod api_key;
mod error_code;
mod error_reply;
pub mod frame;
pub mod header;
pub mod ledger;
pub mod message;
mod produce;
pub mod queue;
pub mod rope;
pub mod schema;
pub mod walk;
mod wire;

pub use api_key::ApiKey;
pub use error_code::ErrorCode;
pub use error_reply::error_reply;
pub use header::{RequestFrame, ResponseFrame};
pub use produce::is_silent;
pub use queue::WriteQueue;
pub use rope::Rope;
pub use schema::{Api, Direction, Entity};
