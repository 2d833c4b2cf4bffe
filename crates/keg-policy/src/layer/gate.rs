//! What holds back the requests behind one that waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Closed as long as a request waits until a question of a policy's is answered.
#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: bool,
    waiting: Option<Waker>,
}

impl Gate {
    /// Closes a new gate, until the hold is dropped.
    pub(super) fn close() -> (Arc<Self>, Hold) {
        let gate = Arc::new(Self::default());
        (Arc::clone(&gate), Hold(gate))
    }

    pub(super) fn poll_open(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.open {
            return Poll::Ready(());
        }
        state.waiting = Some(context.waker().clone());
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a gate closed.
#[derive(Debug)]
pub(super) struct Hold(Arc<Gate>);

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open = true;
        if let Some(waker) = state.waiting.take() {
            waker.wake();
        }
    }
}
