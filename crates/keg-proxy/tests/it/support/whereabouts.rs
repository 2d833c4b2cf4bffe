//! A policy that notes on which threads requests are served.

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use keg_codec::Api;
use keg_policy::{Connection, Decision, Interest, Note, Policy, Request};

/// Sees all requests.
#[derive(Debug, Default)]
pub(crate) struct Whereabouts {
    seen: Mutex<Vec<Thread>>,
    /// Each thread that was seen has a share of it until it ends.
    running: Arc<()>,
}

/// A thread that has served a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) name: Option<String>,
    /// Its directory below `/proc`.
    directory: PathBuf,
}

impl Whereabouts {
    /// Where requests were served, in their order.
    pub(crate) fn seen(&self) -> Vec<Thread> {
        self.seen.lock().unwrap().clone()
    }

    /// Where the last request was served.
    pub(crate) fn last(&self) -> Thread {
        self.seen().pop().unwrap()
    }

    /// How many of the threads that were seen have not ended.
    pub(crate) fn running(&self) -> usize {
        Arc::strong_count(&self.running) - 1
    }
}

impl Policy for Whereabouts {
    fn name(&self) -> &str {
        "whereabouts"
    }

    fn interest(&self, _: &Api, _: i16) -> Interest {
        Interest::of(true, false)
    }

    fn request(&self, _: &Connection, _: &mut Request) -> Decision {
        thread_local!(static RUNNING: OnceCell<Arc<()>> = const { OnceCell::new() });
        RUNNING.with(|running| {
            let _ = running.set(Arc::clone(&self.running));
        });
        self.seen.lock().unwrap().push(Thread {
            name: thread::current().name().map(str::to_owned),
            directory: PathBuf::from("/proc").join(fs::read_link("/proc/thread-self").unwrap()),
        });
        Decision::Forward(Note::default())
    }
}

impl Thread {
    /// The time that it has had a processor for.
    pub(crate) fn cpu(&self) -> Duration {
        let text = fs::read_to_string(self.directory.join("schedstat")).unwrap();
        Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
    }
}
