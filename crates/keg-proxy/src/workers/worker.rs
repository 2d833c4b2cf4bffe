//! One of them.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::busy_poll::BusyPoll;

/// How many threads workers together have for what would hold up connections: salted hashes, names that are resolved.
/// tokio has as many for a runtime.
const ASIDE: usize = 512;

/// Each of many workers has more than its part of them: a few names that take long to resolve must not hold up everybody's
/// hashes.
const ASIDE_EACH: usize = 32;

/// How long such a thread waits for more to do. Crowds of clients come at once, and then not for long.
const KEPT: Duration = Duration::from_secs(2);

/// What connections are tasks of. It is kept by whoever puts connections on it, and by those that are there.
#[derive(Debug)]
pub(super) struct Worker {
    runtime: Handle,
    taken: AtomicUsize,
    busy_poll: BusyPoll,
    /// Dropped when nobody keeps it any more.
    _kept: oneshot::Sender<Infallible>,
}

/// What is done beside connections, for as long as the worker is kept.
#[derive(Debug)]
pub(super) struct Keeping {
    kept: oneshot::Receiver<Infallible>,
    busy_poll: BusyPoll,
}

/// A connection's place on a worker, for as long as it is open.
#[derive(Debug)]
pub(crate) struct Seat(Arc<Worker>);

impl Worker {
    /// One that serves by a runtime, which has to run the other.
    pub(super) fn new(runtime: Handle) -> (Arc<Self>, Keeping) {
        let (sender, kept) = oneshot::channel();
        let busy_poll = BusyPoll::new();
        let worker = Arc::new(Self {
            runtime,
            taken: AtomicUsize::new(0),
            busy_poll: busy_poll.clone(),
            _kept: sender,
        });
        (worker, Keeping { kept, busy_poll })
    }

    /// Starts one of so many threads.
    pub(super) fn start(number: usize, count: NonZeroUsize) -> io::Result<Arc<Self>> {
        let aside = (ASIDE / count).max(ASIDE_EACH);
        let (tell, told) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name(format!("keg-worker-{number}"));
        // The runtime is made on its thread: who starts it may be in another one, where none may be dropped.
        thread.spawn(move || {
            let mut runtime = Builder::new_current_thread();
            runtime.enable_io().enable_time().max_blocking_threads(aside);
            runtime.thread_keep_alive(KEPT).thread_name("keg-aside");
            match runtime.build() {
                Ok(runtime) => {
                    let (worker, keeping) = Self::new(runtime.handle().clone());
                    let _ = tell.send(Ok(worker));
                    runtime.block_on(keeping.run());
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        })?;
        told.recv().map_err(io::Error::other)?
    }

    /// How many connections it has.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn busy_poll(&self) -> &BusyPoll {
        &self.busy_poll
    }
}

impl Keeping {
    pub(super) async fn run(self) {
        tokio::select! {
            biased;
            _ = self.kept => {}
            () = self.busy_poll.run() => {}
        }
    }
}

impl Seat {
    pub(super) fn on(worker: &Arc<Worker>) -> Self {
        worker.taken.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(worker))
    }

    /// The runtime whose task the connection is to be.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    pub(crate) fn busy_poll(&self) -> &BusyPoll {
        &self.0.busy_poll
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
