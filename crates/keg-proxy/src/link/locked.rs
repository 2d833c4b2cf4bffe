//! What a link tells of itself without being locked.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::State;

/// What the [`State`] was when it was let go last.
#[derive(Debug, Default)]
pub(super) struct Told {
    queued: AtomicUsize,
    unwritten: AtomicBool,
    answers: AtomicBool,
}

/// The state, as long as nobody else has it.
pub(crate) struct Locked<'a> {
    state: MutexGuard<'a, State>,
    told: &'a Told,
}

impl Told {
    /// How many bytes wait to be written.
    pub(super) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Whether some of them wait for nothing else.
    pub(super) fn has_unwritten(&self) -> bool {
        self.unwritten.load(Ordering::Relaxed)
    }

    /// Whether a request may find its response, or that there is none.
    pub(super) fn has_answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }
}

impl<'a> Locked<'a> {
    pub(super) fn new(state: MutexGuard<'a, State>, told: &'a Told) -> Self {
        Self { state, told }
    }
}

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let State {
            answered, ended, out, ..
        } = &*self.state;
        self.told
            .answers
            .store(!answered.is_empty() || *ended, Ordering::Relaxed);
        self.told.unwritten.store(!out.is_empty(), Ordering::Relaxed);
        self.told.queued.store(self.state.queued(), Ordering::Relaxed);
    }
}
