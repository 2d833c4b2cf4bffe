//! What concerns the process as a whole.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::secret::Secret;

/// Bounds and times of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// Where health, metrics and administration are served. The port may be 0.
    pub health_listeners: Vec<SocketAddr>,
    /// How long connections that drain may finish what is in flight.
    pub drain_duration: Duration,
    /// How long the process takes to end at most.
    pub shutdown_timeout: Duration,
    /// The longest request frame of an authenticated client, in bytes.
    pub max_frame_size: usize,
    /// The bytes that all connections together may hold.
    pub buffer_budget: usize,
    /// The connections that one listener accepts at a time.
    pub max_connections: usize,
    /// How long sockets are polled after the last traffic; zero for not at all.
    pub busy_poll: Duration,
    /// What salts are made with; none for something that only this process knows.
    pub scram_secret: Option<Secret>,
}

/// What the process tells about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observability {
    /// Which logs are written: `info`, or `info,keg=debug`.
    pub log_flags: String,
    /// How a line of log looks.
    pub log_format: LogFormat,
}

/// How a line of log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object.
    Json,
}
