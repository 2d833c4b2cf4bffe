//! Keeping a broker convinced of who the gateway is, for as long as a connection lasts (KIP-368).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep_until, timeout};

use crate::backend::{Backend, Lease};
use crate::error::Over;
use crate::link::Link;

/// Boxed, since few connections need it. Ends with what ends the connection; with nothing where the connection can't go
/// on as who it is, since the credentials are another user's now, but has time to finish.
pub(super) type Renewing = Pin<Box<dyn Future<Output = Option<Over>> + Send>>;

pub(super) fn renew(lease: Option<Lease>, link: Arc<Link>, backend: Arc<Backend>, patience: Duration) -> Renewing {
    match lease {
        // No place is taken for nothing.
        None => Box::pin(std::future::pending()),
        Some(lease) => Box::pin(keep(lease, link, backend, patience)),
    }
}

async fn keep(mut lease: Lease, link: Arc<Link>, backend: Arc<Backend>, patience: Duration) -> Option<Over> {
    loop {
        sleep_until(lease.due).await;
        let now = backend.settings().credentials.load_full();
        let credentials = now.filter(|now| now.continue_from(&lease.credentials))?;
        // Without a token, what follows says why.
        let _ = timeout(patience, credentials.ready()).await;
        let outcome = match link.renew(&backend, Lease { credentials, ..lease }) {
            Ok(outcome) => outcome,
            Err(over) => return Some(over),
        };
        match timeout(patience, outcome).await {
            Ok(Ok(Some(next))) => lease = next,
            // It is good for ever now, or over: the exchange says why.
            Ok(Ok(None) | Err(_)) => return std::future::pending().await,
            Err(_) => return Some(Over::Unanswered { waited: patience }),
        }
    }
}
