//! The tokens by which the gateway authenticates to brokers, fetched in the background.

mod fetcher;
mod grant;

use std::collections::BTreeMap;
use std::sync::Arc;

use keg_proxy::Tokens;

use crate::config::model::{BackendAuthentication, Config};
use fetcher::Fetcher;

/// One fetcher for each backend cluster that takes tokens.
#[derive(Debug, Default)]
pub(super) struct TokenFetchers(BTreeMap<String, Arc<Fetcher>>);

impl TokenFetchers {
    /// Those that a configuration needs. What runs before is taken over where it is the same; its token also where the
    /// same token would be asked for in another way.
    pub(super) fn of(config: &Config, before: Option<&Self>) -> Result<Self, (String, String)> {
        let fetchers = config.backend_clusters.iter().filter_map(|backend| {
            let BackendAuthentication::OAuthBearer(wanted) = &backend.authentication else {
                return None;
            };
            let name = &backend.name;
            let running = before.and_then(|before| before.0.get(name));
            let fetcher = match running {
                Some(running) if running.wanted() == &**wanted => Ok(Arc::clone(running)),
                running => Fetcher::new(name, (**wanted).clone(), running.map(Arc::as_ref)).map(Arc::new),
            };
            Some(
                fetcher
                    .map(|fetcher| (name.clone(), fetcher))
                    .map_err(|error| (name.clone(), error)),
            )
        });
        fetchers.collect::<Result<_, _>>().map(Self)
    }

    /// The tokens for a backend cluster.
    pub(super) fn tokens(&self, backend: &str) -> Option<Tokens> {
        self.0.get(backend).map(|fetcher| fetcher.tokens())
    }

    /// Begins to fetch.
    pub(super) fn run(&self) {
        self.0.values().for_each(|fetcher| fetcher.run());
    }
}
