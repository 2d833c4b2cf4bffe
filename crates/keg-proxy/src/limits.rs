//! Bounds and times of connections.

use std::time::Duration;

/// Bounds and times of connections. They hold for connections that are accepted after they were set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest request frame of an authenticated client, in bytes.
    pub max_frame_size: usize,
    /// How many requests of one client may be in flight; a full window stops reading from the client.
    pub max_in_flight: usize,
    /// How many bytes may wait to be written to either peer before no more is read from the other.
    pub max_queued: usize,
    /// How long the TLS hello and handshake of a client may take.
    pub handshake_timeout: Duration,
    /// How long a frame that has begun may go without another byte.
    pub stall_timeout: Duration,
    /// How long the oldest request of a connection may wait for its response. An ordered connection can't skip one, so
    /// that it ends then. JoinGroup waits for a whole rebalance, five minutes by default.
    pub max_response_wait: Duration,
    /// How long connections that drain may finish what is in flight.
    pub drain_duration: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_size: 100 * 1024 * 1024,
            max_in_flight: 256,
            max_queued: 1024 * 1024,
            handshake_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            max_response_wait: Duration::from_secs(15 * 60),
            drain_duration: Duration::from_secs(5),
        }
    }
}
