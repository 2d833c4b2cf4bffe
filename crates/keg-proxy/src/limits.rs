//! Bounds and times of connections.

use std::time::Duration;

/// Bounds and times of connections. They hold for connections that are accepted after they were set, but for
/// [`busy_poll`](Self::busy_poll), which holds for all of them at once.
///
/// # Memory
/// Frames above 64 KiB count against [`buffer_budget`](Self::buffer_budget) from their first 64 KiB until the last of
/// their bytes is written to the other peer, but for messages that are passed on while they arrive, of which at most 256 KiB are
/// held, and 33 KiB more where names are put between records. What comes on top, for each connection, is at most what the kernel gives
/// in one read of each peer (64 KiB, and 256 KiB where a message was passed on before), and [`max_queued`](Self::max_queued) of smaller frames in each direction. An idle
/// connection holds no buffers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest request frame of an authenticated client, in bytes.
    pub max_frame_size: usize,
    /// How many bytes of large frames all connections of the gateway may buffer together: one half is for requests,
    /// the other for responses, so that neither can keep the other from going on. When a half is spent, the next large
    /// frame waits its turn, and its peer is not read from until then.
    pub buffer_budget: usize,
    /// How many requests of one client may be in flight; a full window stops reading from the client.
    pub max_in_flight: usize,
    /// How many bytes may wait to be written to either peer before no more is read from the other.
    pub max_queued: usize,
    /// How long the TLS hello and handshake of a client may take.
    pub handshake_timeout: Duration,
    /// How long a client may take to say who it is, where it has to.
    pub authentication_timeout: Duration,
    /// How long a client waits for the answer that it isn't who it says, so that guessing takes its time.
    pub authentication_failure_delay: Duration,
    /// How soon after it has begun to authenticate again a client may begin once more: a second with Kafka's brokers.
    pub authentication_interval: Duration,
    /// How long a client may take to begin its first request, and how long a frame that has begun may go without
    /// another byte. While others wait for the budget, also how long a large frame may take to arrive, and a client to
    /// take another byte of a response.
    pub stall_timeout: Duration,
    /// How long the oldest request of a connection may wait for its response, and a response for its client to take
    /// another byte. An ordered connection can't skip one, so that it ends then. JoinGroup waits for a whole rebalance,
    /// five minutes by default.
    pub max_response_wait: Duration,
    /// How long connections that drain may finish what is in flight.
    pub drain_duration: Duration,
    /// How long after the last request or response the runtime goes on polling its sockets before it lets the processor
    /// sleep; zero for not at all. It takes a core as long as there is traffic, and spares requests that come one at a time
    /// two wake-ups of a sleeping processor.
    pub busy_poll: Duration,
}

/// Limits with which a gateway can't do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// The largest frame would wait for ever.
    #[error(
        "requests have half of the buffer budget of {buffer_budget} bytes, which a frame of {max_frame_size} bytes does not fit: raise `runtime.buffer_budget` to {} or more, or lower `runtime.max_frame_size`",
        max_frame_size.saturating_mul(2)
    )]
    FrameAboveBudget {
        /// The longest request frame.
        max_frame_size: usize,
        /// The budget.
        buffer_budget: usize,
    },
    /// Nothing would ever be read.
    #[error("{limit} is 0: expected 1 or more")]
    Zero {
        /// The name of the limit.
        limit: &'static str,
    },
}

impl Limits {
    /// Whether a gateway can do its work with these limits.
    ///
    /// A gateway takes any; what is wrong here shows itself as frames that are refused.
    ///
    /// # Errors
    /// What is wrong, and what to change.
    pub fn check(&self) -> Result<(), LimitsError> {
        for (limit, value) in [
            ("max_frame_size", self.max_frame_size),
            ("max_in_flight", self.max_in_flight),
            ("max_queued", self.max_queued),
        ] {
            if value == 0 {
                return Err(LimitsError::Zero { limit });
            }
        }
        if self.max_frame_size > self.buffer_budget / 2 {
            return Err(LimitsError::FrameAboveBudget {
                max_frame_size: self.max_frame_size,
                buffer_budget: self.buffer_budget,
            });
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_size: 100 * 1024 * 1024,
            buffer_budget: 256 * 1024 * 1024,
            max_in_flight: 256,
            max_queued: 256 * 1024,
            handshake_timeout: Duration::from_secs(10),
            authentication_timeout: Duration::from_secs(30),
            authentication_failure_delay: Duration::from_millis(100),
            authentication_interval: Duration::from_secs(1),
            stall_timeout: Duration::from_secs(60),
            max_response_wait: Duration::from_secs(15 * 60),
            drain_duration: Duration::from_secs(5),
            busy_poll: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_would_stop_a_gateway_are_found_before_it_starts() {
        assert_eq!(Limits::default().check(), Ok(()));
        let check = |limits: Limits, message: &str| assert_eq!(limits.check().unwrap_err().to_string(), message);
        check(
            Limits {
                max_frame_size: 1000,
                buffer_budget: 1999,
                ..Limits::default()
            },
            "requests have half of the buffer budget of 1999 bytes, which a frame of 1000 bytes does not fit: raise `runtime.buffer_budget` to 2000 or more, or lower `runtime.max_frame_size`",
        );
        check(
            Limits {
                max_in_flight: 0,
                ..Limits::default()
            },
            "max_in_flight is 0: expected 1 or more",
        );
    }
}
