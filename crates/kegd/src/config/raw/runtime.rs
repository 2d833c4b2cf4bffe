//! What concerns the process.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::decode::{At, Bounded, NotYet, OneOrMany, choice, entity};
use super::super::model::LogFormat;
use super::super::value::{BusyPoll, FrameSize, LogFlags, LongSecret, Size};

entity! {
    /// Bounds and times of the process.
    Runtime {
        /// Where health, metrics and administration are served.
        health_listener_address_port: OneOrMany<At<SocketAddr>> = ["127.0.0.1:8080"],
        /// How long drained connections may finish what is in flight.
        drain_duration: Duration = "5s",
        /// How long the process takes to end at most.
        shutdown_timeout: Duration = "10s",
        /// The longest request frame of an authenticated client.
        max_frame_size: FrameSize = "100MiB",
        /// All bytes that all connections together may hold.
        buffer_budget: Size = "256MiB",
        /// The connections that one listener accepts at a time.
        max_connections: Bounded<1, 1_000_000> = 10000,
        /// How long sockets are polled after the last traffic before the processor may sleep, at most 1s: 10ms, say. A shorter latency
        /// for requests that come one at a time, and a core as long as there is traffic.
        busy_poll: BusyPoll = "0s",
        /// What salts of SCRAM are made with that aren't written in hashes, those for users who don't exist among them. Give all
        /// gateways that the same clients may reach the same one; without it, each process has its own.
        scram_secret: Option<LongSecret>,
    }
}

entity! {
    /// Logs and traces.
    Observability {
        /// Which logs are written: a level, and levels of targets, as in info,keg=debug.
        log_flags: LogFlags = "info",
        /// How a line of log looks.
        log_format: LogFormat = "logfmt",
        /// Not supported yet.
        otel: NotYet,
    }
}

choice! {
    LogFormat {
        "logfmt" => Logfmt,
        "json" => Json,
    }
}
