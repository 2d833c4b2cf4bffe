//! Real handshakes against keg-tls.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod client;
mod live;
mod peek;
mod server;
mod support;
