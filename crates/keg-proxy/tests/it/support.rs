//! What the tests are made of: brokers, gateways, clients, and what was logged.

pub(crate) mod authority;
pub(crate) mod client;
pub(crate) mod forwarder;
pub(crate) mod gateway;
pub(crate) mod issuer;
pub(crate) mod logs;
pub(crate) mod samples;
pub(crate) mod sasl;
pub(crate) mod scripted;

use std::time::Duration;

/// Nothing takes so long: a test that would hang fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
