//! What fetches the tokens for one backend cluster.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keg_proxy::{TokenFeed, Tokens};
use metrics::{Counter, counter};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::grant::{Grant, grant};
use crate::config::model::ClientCredentials;
use crate::https::HttpsClient;

/// The least time between two fetches, and how long the first pause after a failure is. Each one after it is twice as
/// long.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest pause after a failure.
const LONGEST: Duration = Duration::from_secs(30);

/// Fetches the tokens for one backend cluster. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Fetcher {
    work: Work,
    running: Mutex<Option<AbortHandle>>,
}

#[derive(Debug, Clone)]
struct Work {
    backend: String,
    wanted: ClientCredentials,
    client: HttpsClient,
    feed: Arc<TokenFeed>,
}

impl Fetcher {
    /// One that has the token of the one that runs, if it is the same that it would ask for.
    pub(super) fn new(backend: &str, wanted: ClientCredentials, running: Option<&Self>) -> Result<Self, String> {
        let feed = match running {
            Some(running) if is_same_token(running.wanted(), &wanted) => TokenFeed::continuing(&running.work.feed),
            _ => TokenFeed::default(),
        };
        let client = HttpsClient::trusting(wanted.ca_bundle.as_deref(), wanted.timeout)?;
        let (backend, feed) = (backend.to_owned(), Arc::new(feed));
        let work = Work {
            backend,
            wanted,
            client,
            feed,
        };
        let running = Mutex::default();
        Ok(Self { work, running })
    }

    pub(super) fn wanted(&self) -> &ClientCredentials {
        &self.work.wanted
    }

    pub(super) fn tokens(&self) -> Tokens {
        self.work.feed.tokens()
    }

    /// Begins, if it hasn't.
    pub(super) fn run(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get_or_insert_with(|| tokio::spawn(self.work.clone().run()).abort_handle());
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            running.abort();
        }
    }
}

fn is_same_token(one: &ClientCredentials, other: &ClientCredentials) -> bool {
    let what = |it: &ClientCredentials| (it.token_endpoint.url(), it.client_id.clone(), it.scope.clone());
    what(one) == what(other) && one.client_secret == other.client_secret
}

impl Work {
    async fn run(self) {
        let (mut failing, mut pause) = (false, SHORTEST);
        let backend_cluster = &*self.backend;
        loop {
            // A token's time is counted from when it was asked for, so that it is never thought good when it is over.
            let began = Instant::now();
            let outcome = grant(&self.client, &self.wanted).await;
            fetches(backend_cluster, outcome.is_ok()).increment(1);
            match outcome {
                Ok(Grant { token, lifetime }) => {
                    self.feed.give(token, began + lifetime);
                    if failing {
                        tracing::info!(backend_cluster, "a token for the brokers was fetched again");
                    }
                    (failing, pause) = (false, SHORTEST);
                    sleep(TokenFeed::renew_after(lifetime).max(SHORTEST)).await;
                }
                Err(error) => {
                    let stays = self.feed.fail(&error);
                    if !failing {
                        let stale = match stays {
                            true => "the last one stays in use while it is good",
                            false => "the gateway can't authenticate to them",
                        };
                        tracing::warn!(
                            backend_cluster,
                            "a token for the brokers can't be fetched, {stale}: {error}"
                        );
                    }
                    failing = true;
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
    }
}

fn fetches(backend_cluster: &str, succeeded: bool) -> Counter {
    let result = if succeeded { "ok" } else { "error" };
    counter!("keg_token_fetches_total", "backend_cluster" => backend_cluster.to_owned(), "result" => result)
}
