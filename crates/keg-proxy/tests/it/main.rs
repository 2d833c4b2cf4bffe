//! Gateways in front of brokers in this process: keg-devbroker, and brokers that misbehave byte by byte.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml allows them in tests, but knows helpers of integration tests not as such"
)]

mod authentication;
mod backend_certificates;
mod backends;
mod busy_polling;
mod changes;
mod claims;
mod client_certificate;
mod crowd;
mod drains;
mod fetching;
mod hostile_brokers;
mod hostile_clients;
mod memory;
mod passthrough;
mod pipelining;
mod port_mapping;
mod producing;
mod questions;
mod renewals;
mod reviews;
mod support;
mod tls;
