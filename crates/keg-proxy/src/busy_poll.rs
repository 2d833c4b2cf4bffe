//! Polling sockets for a while after the last traffic, before the processor may sleep.
//!
//! A processor that sleeps until the next packet takes tens of microseconds to wake, a virtual one more. While busy
//! polling, the thread that serves connections never waits for its sockets: a future on it yields again and again, and
//! between that and its next turn the runtime asks the kernel what there is, without waiting.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Nothing is polled, whatever moves.
const OFF: u8 = 0;
/// Nothing has moved for so long that the runtime waits.
const ASLEEP: u8 = 1;
/// Sockets are polled, and nothing has moved since the last turn.
const QUIET: u8 = 2;
/// Something has moved.
const TOUCHED: u8 = 3;

/// What the connections of a worker tell that they have moved something, shared by all of them.
#[derive(Clone)]
pub(crate) struct BusyPoll(Arc<Shared>);

struct Shared {
    state: AtomicU8,
    /// How long to poll after the last traffic, in nanoseconds.
    window: AtomicU64,
    /// Something has moved while it was asleep.
    woken: Notify,
    #[cfg(test)]
    turns: AtomicU64,
}

impl BusyPoll {
    /// Off.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            state: AtomicU8::new(OFF),
            window: AtomicU64::new(0),
            woken: Notify::new(),
            #[cfg(test)]
            turns: AtomicU64::new(0),
        }))
    }

    /// Something has moved, so that more is likely to.
    ///
    /// Costs the load of a byte where busy polling is off, and where something else has moved since the last turn.
    pub(crate) fn touch(&self) {
        if let ASLEEP | QUIET = self.0.state.load(Ordering::Relaxed) {
            self.0.touch();
        }
    }

    /// Polls for that long after the last traffic from now on; zero turns it off.
    pub(crate) fn set_window(&self, window: Duration) {
        let shared = &self.0;
        let nanoseconds = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        shared.window.store(nanoseconds, Ordering::Relaxed);
        if window.is_zero() {
            shared.state.store(OFF, Ordering::Relaxed);
        } else {
            shared.becomes(OFF, ASLEEP);
        }
    }

    /// Polls the sockets of the runtime that this runs on, each time that it was touched. It never ends.
    pub(crate) async fn run(&self) {
        loop {
            self.0.woken.notified().await;
            let mut moved = Instant::now();
            while self.0.goes_on(&mut moved) {
                tokio::task::yield_now().await;
            }
        }
    }
}

impl Shared {
    /// Notes that something has moved, and wakes whoever polls if that is asleep.
    #[cold]
    fn touch(&self) {
        let noted = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            matches!(state, ASLEEP | QUIET).then_some(TOUCHED)
        });
        // Only one of those who touch finds it asleep.
        if noted == Ok(ASLEEP) {
            self.woken.notify_one();
        }
    }

    fn becomes(&self, from: u8, to: u8) -> bool {
        let changed = self
            .state
            .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
        changed.is_ok()
    }

    /// Whether to poll once more.
    fn goes_on(&self, moved: &mut Instant) -> bool {
        // It was turned off, or off and on again.
        if let OFF | ASLEEP = self.state.load(Ordering::Relaxed) {
            return false;
        }
        #[cfg(test)]
        self.turns.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        if self.becomes(TOUCHED, QUIET) {
            *moved = now;
            return true;
        }
        let window = Duration::from_nanos(self.window.load(Ordering::Relaxed));
        let goes_on = now.duration_since(*moved) < window || !self.becomes(QUIET, ASLEEP);
        if goes_on {
            // Whoever waits for this processor has something to do, which may be what the next traffic comes of.
            std::thread::yield_now();
        }
        goes_on
    }
}

impl fmt::Debug for BusyPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusyPoll").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
