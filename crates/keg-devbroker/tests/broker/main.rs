//! The broker, over TCP, with kafka-protocol's types as its client.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml allows them in tests, but knows helpers of integration tests not as such"
)]

mod admin;
mod client;
mod every_version;
mod faults;
mod groups;
mod hostile;
mod lifecycle;
mod offsets;
mod records;
mod samples;
mod versions;
