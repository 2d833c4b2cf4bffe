//! Whether brokers take the gateway's credentials.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::metrics::BackendMetrics;

/// How often the operator is told at most: clients come back many times a second.
const EVERY: Duration = Duration::from_secs(60);

/// How the nodes of a cluster decided last.
#[derive(Debug, Default)]
pub(super) struct Acceptance {
    refused: AtomicBool,
    /// Whether the cluster is not ready while it is so.
    required: AtomicBool,
    told: Mutex<Told>,
    refusal: Notify,
}

#[derive(Debug, Default)]
struct Told {
    /// When the operator was told of a refusal.
    at: Option<Instant>,
    /// Refusals that nobody was told of.
    untold: u64,
    /// Whether the last that was told is a refusal.
    refused: bool,
}

impl Acceptance {
    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Waits for a refusal, or tells of one since this was asked last.
    pub(super) async fn turns_refused(&self) {
        self.refusal.notified().await;
    }

    pub(super) fn require(&self, required: bool) {
        self.required.store(required, Ordering::Relaxed);
    }

    pub(super) fn is_required(&self) -> bool {
        self.required.load(Ordering::Relaxed)
    }

    pub(super) fn accepted(&self, backend: &str, metrics: &BackendMetrics) {
        metrics.authenticated(true);
        if !self.refused.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut told.refused) {
            tracing::info!(
                backend_cluster = backend,
                "brokers take the credentials of the gateway again"
            );
        }
    }

    /// Notes a refusal; `mend` is what the operator is told to see to.
    pub(super) fn refused(&self, backend: &str, mechanism: &str, reason: &str, mend: &str, metrics: &BackendMetrics) {
        metrics.authenticated(false);
        self.refused.store(true, Ordering::Relaxed);
        self.refusal.notify_one();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.at.is_some_and(|at| at.elapsed() < EVERY) {
            told.untold += 1;
            return;
        }
        let before = told.untold;
        *told = Told {
            at: Some(Instant::now()),
            untold: 0,
            refused: true,
        };
        drop(told);
        tracing::error!(
            backend_cluster = backend,
            mechanism,
            refusals_since_the_last_line = before,
            "brokers do not take the credentials of the gateway: {reason}; {mend}"
        );
    }
}
