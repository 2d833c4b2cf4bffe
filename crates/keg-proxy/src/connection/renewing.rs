//! Keeping a broker convinced of who the gateway is, for as long as a connection lasts (KIP-368).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use crate::backend::{Backend, Credentials, Lease, ProofError, prove};
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

/// What it ends with, if that is known by now.
pub(super) fn ended(renewing: &mut Renewing) -> Option<Over> {
    let mut context = Context::from_waker(Waker::noop());
    match renewing.as_mut().poll(&mut context) {
        Poll::Ready(ended) => ended,
        Poll::Pending => None,
    }
}

async fn keep(mut lease: Lease, link: Arc<Link>, backend: Arc<Backend>, patience: Duration) -> Option<Over> {
    loop {
        sleep_until(lease.due).await;
        let now = backend.settings().credentials.load_full();
        let credentials = now.filter(|now| now.continue_from(&lease.credentials))?;
        // Without a token, what follows says why.
        let _ = timeout(patience, credentials.ready()).await;
        let began = Instant::now();
        let Ok(proved) = timeout(patience, renewed(&credentials, &link)).await else {
            return Some(Over::Unanswered { waited: patience });
        };
        backend.note_proof(&credentials, began, true, &proved);
        match proved {
            Ok(Some(next)) => lease = next,
            // It is good for ever now, or over: the exchange says why.
            Ok(None) | Err(ProofError::Gone) => return std::future::pending().await,
            Err(error) => {
                return Some(Over::BackendAuthentication {
                    reason: error.to_string(),
                });
            }
        }
    }
}

async fn renewed(credentials: &Arc<Credentials>, link: &Arc<Link>) -> Result<Option<Lease>, ProofError> {
    let mut questions = link.authenticate(credentials.mechanism())?;
    let lease = prove(credentials, &mut questions).await?;
    questions.finish()?;
    Ok(lease)
}
