//! Polling sockets for a while after the last traffic, before the processor may sleep.
//!
//! A processor that sleeps until the next packet takes tens of microseconds to wake, a virtual one more. While busy
//! polling, the runtime never waits for its sockets: a pipe of its own is always ready beside them. What is woken by the
//! pipe is no task but a waker that rings it again, so that the runtime stays in its loop around `epoll_wait`. A task that
//! yields would do for that with a runtime of one thread. In one of several, each of its turns would wake another thread to
//! share the work, and it could turn on a thread that isn't the one that waits for the sockets.

mod bell;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use bell::Bell;

/// Nothing is polled, whatever moves.
const OFF: u8 = 0;
/// Nothing has moved for so long that the runtime waits.
const ASLEEP: u8 = 1;
/// Sockets are polled, and nothing has moved since the last turn.
const QUIET: u8 = 2;
/// Something has moved.
const TOUCHED: u8 = 3;

/// What connections tell that they have moved something, shared by all of them.
#[derive(Clone)]
pub(crate) struct BusyPoll(Arc<Shared>);

struct Shared {
    state: AtomicU8,
    turning: Mutex<Option<Turning>>,
}

/// What is there while busy polling is on.
struct Turning {
    bell: Bell,
    /// How long to poll after the last traffic.
    window: Duration,
    /// When something was seen to have moved last.
    moved: Instant,
    #[cfg(test)]
    turns: u64,
}

/// What the bell wakes. It doesn't keep what it turns.
struct Turn(Weak<Shared>);

impl BusyPoll {
    /// Off.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            state: AtomicU8::new(OFF),
            turning: Mutex::default(),
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
    ///
    /// # Errors
    /// When the operating system gives no pipe; it is off then.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O enabled, as tokio does, unless it is turned off.
    pub(crate) fn set_window(&self, window: Duration) -> io::Result<()> {
        let shared = &self.0;
        let mut turning = shared.turning();
        if window.is_zero() {
            shared.state.store(OFF, Ordering::Relaxed);
            *turning = None;
            return Ok(());
        }
        if let Some(turning) = &mut *turning {
            turning.window = window;
            return Ok(());
        }
        let mut bell = Bell::new()?;
        bell.listen(&Waker::from(Arc::new(Turn(Arc::downgrade(shared)))));
        *turning = Some(Turning {
            bell,
            window,
            moved: Instant::now(),
            #[cfg(test)]
            turns: 0,
        });
        shared.state.store(ASLEEP, Ordering::Relaxed);
        Ok(())
    }
}

impl Shared {
    fn turning(&self) -> MutexGuard<'_, Option<Turning>> {
        self.turning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that something has moved, and wakes the runtime if it may be waiting.
    #[cold]
    fn touch(&self) {
        let noted = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            matches!(state, ASLEEP | QUIET).then_some(TOUCHED)
        });
        // Only one of those who touch finds it asleep.
        if noted == Ok(ASLEEP)
            && let Some(turning) = &mut *self.turning()
        {
            turning.moved = Instant::now();
            turning.bell.ring();
        }
    }

    /// Whether to poll once more.
    fn goes_on(&self, turning: &mut Turning) -> bool {
        let becomes = |from, to| {
            let changed = self
                .state
                .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
            changed.is_ok()
        };
        let now = Instant::now();
        if becomes(TOUCHED, QUIET) {
            turning.moved = now;
            return true;
        }
        if self.state.load(Ordering::Relaxed) == ASLEEP {
            return false;
        }
        let goes_on = now.duration_since(turning.moved) < turning.window || !becomes(QUIET, ASLEEP);
        if goes_on {
            // Whoever waits for this processor has something to do, which may be what the next traffic comes of.
            std::thread::yield_now();
        }
        goes_on
    }
}

impl Wake for Turn {
    /// Called by the thread that has polled the sockets, between that and what it runs of what they woke.
    fn wake(self: Arc<Self>) {
        let Some(shared) = self.0.upgrade() else { return };
        let mut turning = shared.turning();
        let Some(turning) = &mut *turning else { return };
        // It listens before it is rung, and while it is not, so that whoever rings it next is heard.
        if turning.bell.listen(&Waker::from(self)) && shared.goes_on(turning) {
            #[cfg(test)]
            {
                turning.turns += 1;
            }
            turning.bell.ring();
        }
    }
}

impl fmt::Debug for BusyPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusyPoll").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
