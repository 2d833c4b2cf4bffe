//! Asking connections to end.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use tokio::sync::watch;

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
pub(crate) async fn either(one: &mut Draining, other: &mut Draining) {
    let (mut one, mut other) = (pin!(one.begun()), pin!(other.begun()));
    std::future::poll_fn(|context| {
        if one.as_mut().poll(context).is_ready() || other.as_mut().poll(context).is_ready() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_is_heard_by_those_who_listen_later_too() {
        let (drain, other) = (Drain::default(), Drain::default());
        drain.begin();
        either(&mut other.listen(), &mut drain.listen()).await;
        either(&mut drain.listen(), &mut other.listen()).await;
    }
}
