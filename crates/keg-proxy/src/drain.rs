//! Asking connections to end.

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
