//! What fetches the keys of one endpoint.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keg_auth::jwt::{KeySource, KeyStore, Keys, Renewal};
use metrics::{Counter, counter};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::config::model::Jwks;
use crate::https::{Endpoint, HttpsClient};

/// How long after an attempt the next one comes, whoever asks for it: tokens with made-up key ids must not become
/// requests.
const BETWEEN: Duration = Duration::from_secs(10);

/// The same while there are no keys at all, without which nobody can authenticate.
const BETWEEN_FIRST: Duration = Duration::from_secs(1);

/// Fetches the keys of one endpoint. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Fetcher {
    keys: KeyStore,
    settings: watch::Sender<Settings>,
    work: Mutex<Option<Work>>,
    running: Mutex<Option<AbortHandle>>,
}

/// How keys are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    endpoint: Endpoint,
    timeout: Duration,
    cache_expiration: Duration,
}

/// What the task has.
#[derive(Debug)]
struct Work {
    client: HttpsClient,
    keys: KeyStore,
    settings: watch::Receiver<Settings>,
    asked: watch::Receiver<u64>,
    answered: watch::Sender<u64>,
}

#[derive(Debug)]
struct Source {
    keys: KeyStore,
    asked: watch::Sender<u64>,
    /// The last of `asked` that an attempt began after.
    answered: watch::Receiver<u64>,
}

impl Settings {
    /// What suits all users of an endpoint: the shortest expiration, and the longest timeout.
    pub(super) fn of(users: &[&Jwks]) -> Option<Self> {
        let first = users.first()?;
        Some(Self {
            endpoint: first.endpoint.clone(),
            timeout: users.iter().map(|it| it.timeout).max()?,
            cache_expiration: users.iter().map(|it| it.cache_expiration).min()?,
        })
    }
}

impl Fetcher {
    /// One that trusts these authorities, as PEM, or Mozilla's.
    pub(super) fn new(settings: Settings, ca_bundle: Option<&str>) -> Result<Self, String> {
        let client = HttpsClient::trusting(ca_bundle, settings.timeout).map_err(|error| format!("jwks: {error}"))?;
        let bare = KeyStore::default();
        let (asked, asks) = watch::channel(0);
        let (answers, answered) = watch::channel(0);
        let (settings, changes) = watch::channel(settings);
        let source = Source {
            keys: bare.clone(),
            asked,
            answered,
        };
        let work = Work {
            client,
            keys: bare.clone(),
            settings: changes,
            asked: asks,
            answered: answers,
        };
        Ok(Self {
            keys: bare.with_source(Arc::new(source)),
            settings,
            work: Mutex::new(Some(work)),
            running: Mutex::default(),
        })
    }

    pub(super) fn keys(&self) -> KeyStore {
        self.keys.clone()
    }

    /// Begins, if it hasn't, and goes on with these settings.
    pub(super) fn run(&self, settings: Settings) {
        self.settings.send_if_modified(|running| {
            let changed = *running != settings;
            *running = settings;
            changed
        });
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work {
            let handle = tokio::spawn(work.run()).abort_handle();
            *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        }
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            running.abort();
        }
    }
}

impl KeySource for Source {
    /// Waits for an attempt that begins from now on; while there are no keys at all, for one that succeeds.
    fn renew(&self) -> Renewal {
        let mut mine = 0;
        self.asked.send_modify(|asked| {
            *asked = asked.wrapping_add(1);
            mine = *asked;
        });
        let (keys, mut answered) = (self.keys.clone(), self.answered.clone());
        Box::pin(async move {
            // It fails when nobody fetches any more: then nothing new comes.
            let _ = answered
                .wait_for(|answered| *answered >= mine && !keys.keys().is_empty())
                .await;
        })
    }
}

impl Work {
    async fn run(mut self) {
        let mut failing = false;
        loop {
            let settings = self.settings.borrow_and_update().clone();
            let demand = *self.asked.borrow_and_update();
            let began = Instant::now();
            let outcome = self.fetch(&settings).await;
            fetches(&settings.endpoint, outcome.is_ok()).increment(1);
            let has_keys = !self.keys.keys().is_empty();
            match outcome {
                Ok(keys) => {
                    if failing || !has_keys {
                        tracing::info!(endpoint = %settings.endpoint, keys = keys.len(), "keys of tokens were fetched");
                    }
                    for unusable in keys.unusable() {
                        tracing::debug!(endpoint = %settings.endpoint, "a key is of no use: {unusable}");
                    }
                    self.keys.replace(keys);
                    failing = false;
                }
                Err(error) => {
                    if !failing {
                        let stale = match has_keys {
                            true => "those that were fetched before stay in use",
                            false => "nobody can authenticate by them",
                        };
                        tracing::warn!("keys of tokens can't be fetched, {stale}: {error}");
                    }
                    failing = true;
                }
            }
            self.answered.send_replace(demand);
            let empty = self.keys.keys().is_empty();
            let soonest = began + if empty { BETWEEN_FIRST } else { BETWEEN };
            let latest = match failing {
                true => soonest,
                false => began + settings.cache_expiration.max(BETWEEN_FIRST),
            };
            // A demand, or other settings, bring the next attempt forward, but not before its time.
            let _ = timeout_at(latest, async {
                tokio::select! {
                    asked = self.asked.changed() => asked.is_ok(),
                    changed = self.settings.changed() => changed.is_ok(),
                }
            })
            .await;
            sleep_until(soonest.min(latest)).await;
        }
    }

    async fn fetch(&self, settings: &Settings) -> Result<Keys, String> {
        let client = self.client.clone().with_timeout(settings.timeout);
        let body = client.get(&settings.endpoint).await;
        let body = body.map_err(|error| error.to_string())?;
        Keys::from_jwks(&body).map_err(|error| format!("{}: {error}", settings.endpoint))
    }
}

fn fetches(endpoint: &Endpoint, succeeded: bool) -> Counter {
    let result = if succeeded { "ok" } else { "error" };
    counter!("keg_jwks_fetches_total", "endpoint" => endpoint.to_string(), "result" => result)
}
