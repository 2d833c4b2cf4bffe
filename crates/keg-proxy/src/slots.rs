//! How many connections a listener may have.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The places for connections of a listener, shared by all its addresses and ports.
#[derive(Debug)]
pub(crate) struct Slots {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limit: usize,
    taken: usize,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Slots>);

impl Slots {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State { limit, taken: 0 }),
            freed: Notify::new(),
        }
    }

    /// Allows more or fewer from now on. Connections that are there stay.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.state().limit = limit;
        self.freed.notify_waiters();
    }

    pub(crate) fn limit(&self) -> usize {
        self.state().limit
    }

    pub(crate) fn try_take(self: &Arc<Self>) -> Option<Slot> {
        let mut state = self.state();
        if state.taken >= state.limit {
            return None;
        }
        state.taken += 1;
        Some(Slot(Arc::clone(self)))
    }

    pub(crate) async fn take(self: &Arc<Self>) -> Slot {
        loop {
            let freed = self.freed.notified();
            let mut freed = std::pin::pin!(freed);
            // From here on no change is missed.
            freed.as_mut().enable();
            if let Some(slot) = self.try_take() {
                return slot;
            }
            freed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.state().taken -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn a_place_is_taken_when_one_is_free_or_one_more_is_allowed() {
        let slots = Arc::new(Slots::new(1));
        let first = slots.take().await;
        assert!(slots.try_take().is_none());
        let waiting = |slots: &Arc<Slots>| {
            let slots = Arc::clone(slots);
            tokio::spawn(async move { slots.take().await })
        };
        let (one, other) = (waiting(&slots), waiting(&slots));
        yield_now().await;
        assert!(!one.is_finished() && !other.is_finished());
        drop(first);
        let second = one.await.unwrap();
        slots.set_limit(2);
        drop((second, other.await.unwrap()));
        slots.set_limit(0);
        assert!(slots.try_take().is_none());
    }
}
