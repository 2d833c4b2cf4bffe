//! Asking connections to end.

use std::future::Future;
use std::pin::pin;
use std::task::{Poll, Waker};

use tokio::sync::watch;
use tokio::task::coop;

/// Asks everything that listens to it to finish what it is at, and to begin nothing new.
#[derive(Debug)]
pub(crate) struct Drain(watch::Sender<bool>);

/// Hears of a [`Drain`].
#[derive(Debug, Clone)]
pub(crate) struct Draining(watch::Receiver<bool>);

impl Default for Drain {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Drain {
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn listen(&self) -> Draining {
        Draining(self.0.subscribe())
    }
}

impl Draining {
    /// Waits until the drain begins. A [`Drain`] that is gone has begun.
    pub(crate) async fn begun(&mut self) {
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}

/// Waits until one of two drains begins.
///
/// It is asked each time that a connection moves something, and answers soon: who is being woken already isn't put on the list
/// again while nothing has changed.
pub(crate) async fn either(one: &mut Draining, other: &mut Draining) {
    let watched = [one.0.clone(), other.0.clone()];
    // A drain that is gone is a change, too.
    let is_same = || watched.iter().all(|it| it.has_changed().is_ok_and(|changed| !changed));
    let mut listening: Option<Waker> = None;
    let (mut one, mut other) = (pin!(one.begun()), pin!(other.begun()));
    std::future::poll_fn(|context| {
        let listens = listening.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if listens && is_same() {
            return Poll::Pending;
        }
        // Without budget they are pending, and listen to nothing; the runtime wakes the task then.
        let can_listen = coop::has_budget_remaining();
        if one.as_mut().poll(context).is_ready() || other.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        listening = can_listen.then(|| context.waker().clone());
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Wake};

    use super::*;

    #[tokio::test]
    async fn a_drain_is_heard_by_those_who_listen_later_too() {
        let (drain, other) = (Drain::default(), Drain::default());
        drain.begin();
        either(&mut other.listen(), &mut drain.listen()).await;
        either(&mut drain.listen(), &mut other.listen()).await;
    }

    #[tokio::test]
    async fn a_drain_is_heard_though_nothing_was_left_of_the_turn_in_which_it_was_asked_for_first() {
        let (drain, other) = (Drain::default(), Drain::default());
        let (mut one, mut two) = (other.listen(), drain.listen());
        let mut waiting = pin!(either(&mut one, &mut two));
        let woken = Arc::<Woken>::default();
        let waker = Arc::clone(&woken).into();
        let mut poll = || waiting.as_mut().poll(&mut Context::from_waker(&waker));
        std::future::poll_fn(|context| {
            while let Poll::Ready(proceeding) = coop::poll_proceed(context) {
                proceeding.made_progress();
            }
            assert!(poll().is_pending());
            Poll::Ready(())
        })
        .await;
        tokio::task::yield_now().await;
        woken.0.store(false, Ordering::Relaxed);
        assert!(poll().is_pending());
        drain.begin();
        assert!(woken.0.load(Ordering::Relaxed));
        assert!(poll().is_ready());
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_drain_is_heard_however_often_it_was_asked_for_before_and_by_whom() {
        for is_dropped in [false, true] {
            let (drain, other) = (Drain::default(), Drain::default());
            let (mut one, mut two) = (other.listen(), drain.listen());
            let mut waiting = pin!(either(&mut one, &mut two));
            let mut poll = |woken: &Arc<Woken>| {
                let waker = Arc::clone(woken).into();
                waiting.as_mut().poll(&mut Context::from_waker(&waker))
            };
            let (first, second) = (Arc::<Woken>::default(), Arc::<Woken>::default());
            // Who asks last is woken, however often that was.
            for asking in [&first, &first, &second, &second] {
                assert!(poll(asking).is_pending());
            }
            match is_dropped {
                true => drop(drain),
                false => drain.begin(),
            }
            assert!(second.0.load(Ordering::Relaxed) && poll(&second).is_ready());
        }
    }
}
