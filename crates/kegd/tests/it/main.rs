//! The gateway under unmodified Kafka clients, on a real Kafka.
//!
//! `cargo xtask test` fetches what these tests need; without it they are skipped, and fail where `CI=true`. With
//! `KEG_TEST_DIRECT=1` the clients talk to Kafka itself: what fails then is wrong in the test, not in the gateway.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it expects"
)]

mod acls;
mod additional;
mod admin;
mod aliases;
mod architecture;
mod ask;
mod authentication;
mod backend;
mod backend_certificates;
mod bearers;
mod busy_polling;
mod certificates;
mod certs;
mod client_ids;
mod codecs;
mod connect;
mod decisions;
mod docs;
mod errors;
mod fetching;
mod filters;
mod frames;
mod gateway;
mod groups;
mod hosts;
mod issuer;
mod java;
mod kcat;
mod librdkafka;
mod load;
mod native_authentication;
mod newer_clients;
mod older_kafka;
mod open_files;
mod oracle;
mod ports;
mod prober;
mod process;
mod quickstart;
mod rebootstraps;
mod refusals;
mod regular_expressions;
mod reload;
mod renewals;
mod repository;
mod restarts;
mod runs;
mod salts;
mod sasl;
mod scenario;
mod sending;
mod sessions;
mod setup;
mod share_groups;
mod signers;
mod streams;
mod telemetry;
mod tls;
mod token_requests;
mod tokens;
mod transactions;
mod watching;
