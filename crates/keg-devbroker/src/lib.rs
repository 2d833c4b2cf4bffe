//! A small Kafka broker that lives in memory: for quick starts, examples and tests, **not for
//! production**. Nothing is written to disk, nothing is replicated, everybody is welcome.
//!
//! Several nodes run in one process, each on a port of its own; partitions are led by, and groups
//! coordinated by, one of them, as in a real cluster: a client that asks the wrong node is told so.
//!
//! ```
//! use keg_devbroker::{ApiKey, DevBroker, Fault};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = DevBroker::builder().nodes(3).topic("orders", 6).start().await?;
//!
//! // Kafka clients connect here, kcat for one: kcat -b 127.0.0.1:40001,127.0.0.1:40002 -t orders -P
//! println!("{}", broker.bootstrap());
//!
//! // The next Fetch request, at whichever node, ends its connection instead of being answered.
//! broker.faults().on(ApiKey::Fetch).inject(Fault::DisconnectBeforeReply);
//!
//! broker.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it serves
//!
//! Produce and Fetch (with long polls, idempotent producers and topic ids), ListOffsets, metadata,
//! the classic group protocol with static members, offset commits, and the administration of
//! topics, groups and topic configuration. [`supported_versions`] lists the APIs and versions, and
//! so does ApiVersions. Everything else is answered with `UNSUPPORTED_VERSION`: transactions,
//! KIP-848 groups, share groups, ACLs, quotas, SASL and TLS.
//!
//! # What differs from Kafka
//!
//! - A partition's log is bounded by [`Builder::retention_bytes`]; older batches are dropped.
//! - Only `max.message.bytes` and `retention.bytes` change what a topic does. Other known keys are
//!   kept and shown; nothing is compacted.
//! - Record batches are stored as they were sent. An offset that is looked up by timestamp is that
//!   of the batch, not of the record.
//! - Leaders never move: the leader epoch is 0.
//! - Fetch sessions (KIP-227) are never established; clients then send full requests.

#![warn(missing_docs)]

mod broker;
mod builder;
mod cluster;
mod connection;
mod faults;
mod groups;
mod handlers;
mod log;
mod node;
mod random;
mod topics;
mod versions;
mod wire;

pub use broker::{CreateTopicError, DevBroker};
pub use builder::{Builder, StartError};
pub use faults::{Fault, Faults, Injection};
pub use kafka_protocol::messages::ApiKey;
pub use versions::{SupportedVersions, supported_versions};

/// The example of the README is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
