//! What holds back the requests behind one that waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Closed as long as a request waits until a question of a policy's is answered. Clones are the same gate.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// How many keep it closed.
    holds: usize,
    waiting: Vec<Waker>,
}

impl Gate {
    /// Closes the gate, until the hold is dropped.
    pub(super) fn close(&self) -> Hold {
        self.state().holds += 1;
        Hold(self.clone())
    }

    pub(super) fn poll_open(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.holds == 0 {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a gate closed.
#[derive(Debug)]
pub(super) struct Hold(Gate);

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.holds -= 1;
        if state.holds > 0 {
            return;
        }
        let waiting = std::mem::take(&mut state.waiting);
        // Whoever is woken may look at once.
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}
