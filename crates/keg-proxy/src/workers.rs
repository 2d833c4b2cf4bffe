//! Threads that serve connections, each those that were put on it.
//!
//! A connection stays where it was put: its two sockets and all that it shares with its neighbours belong to one thread.
//! tokio's runtime of several threads, which moves what is to be done to whichever is free, pays for that with each
//! wake-up.

mod worker;

use std::iter::once;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use tokio::runtime::Handle;

pub(crate) use worker::Seat;
use worker::Worker;

/// What serves the connections of a [`Gateway`](crate::Gateway): threads, or the runtime that it was started in.
///
/// The next connection goes to the thread that has the fewest open ones. Threads end when the gateway is gone and their
/// last connection has ended.
pub struct Workers {
    first: Arc<Worker>,
    others: Vec<Arc<Worker>>,
    /// How many of them are threads of their own.
    threads: usize,
    /// Whose turn it is among those that have equally few.
    turn: Mutex<usize>,
}

impl Workers {
    /// Starts so many threads, `keg-worker-0` and so on, each with a tokio runtime of its own. Where nothing else has to
    /// be done, there are best as many as [`available_parallelism`](std::thread::available_parallelism) says.
    ///
    /// # Errors
    /// When the operating system refuses a thread, or what its runtime needs.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let start = |number| Worker::start(number, count);
        let (first, others) = (start(0)?, (1..count.get()).map(start));
        Ok(Self {
            others: others.collect::<io::Result<_>>()?,
            ..Self::of(first, count.get())
        })
    }

    /// None but the runtime that this is called in: connections are tasks of it. For programs that have their threads in
    /// hand themselves. [`Limits::busy_poll`](crate::Limits::busy_poll) is for a runtime of one thread; one of several
    /// spends more than a core on it.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as tokio does.
    pub fn current() -> Self {
        let (worker, keeping) = Worker::new(Handle::current());
        tokio::spawn(keeping.run());
        Self::of(worker, 0)
    }

    fn of(first: Arc<Worker>, threads: usize) -> Self {
        Self {
            first,
            others: Vec::new(),
            threads,
            turn: Mutex::default(),
        }
    }

    /// A seat on the worker that has the fewest taken.
    pub(crate) fn seat(&self) -> Seat {
        // Held while they are compared, so that connections that come at once are spread evenly, too.
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let count = 1 + self.others.len();
        let in_turn = self.all().enumerate().cycle().skip(*turn).take(count);
        // The first of those that have equally few.
        let fewest = in_turn.min_by_key(|(_, worker)| worker.taken());
        let (number, worker) = fewest.unwrap_or((0, &self.first));
        *turn = (number + 1) % count;
        Seat::on(worker)
    }

    /// How long each of them polls its sockets after the last traffic from now on.
    pub(crate) fn set_busy_poll(&self, window: Duration) {
        self.all().for_each(|worker| worker.busy_poll().set_window(window));
    }

    /// How many threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Worker>> + Clone {
        once(&self.first).chain(&self.others)
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken: Vec<usize> = self.all().map(|worker| worker.taken()).collect();
        f.debug_struct("Workers")
            .field("threads", &self.threads)
            .field("connections", &taken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
