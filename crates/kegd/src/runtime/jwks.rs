//! The keys that tokens are signed with, fetched in the background.

mod fetcher;

use std::collections::BTreeMap;
use std::sync::Arc;

use keg_auth::jwt::KeyStore;

use crate::config::model::{Config, Jwks, TokenKeys, VirtualClusterAuthentication};
use fetcher::{Fetcher, Settings};

/// One fetcher for each endpoint and whom is trusted for it, whoever uses it.
#[derive(Debug, Default)]
pub(super) struct Fetchers(BTreeMap<(String, Option<String>), Arc<Fetcher>>);

impl Fetchers {
    /// Those that a configuration needs. What runs before is taken over, with its keys.
    pub(super) fn of(config: &Config, before: Option<&Self>) -> Result<Self, String> {
        let mut wanted: BTreeMap<_, Vec<&Jwks>> = BTreeMap::new();
        let methods = config.virtual_clusters.iter().flat_map(|it| &it.authentication);
        for method in methods {
            if let VirtualClusterAuthentication::OAuthBearer(bearer) = method
                && let TokenKeys::Endpoint(jwks) = &bearer.keys
            {
                wanted.entry(key(jwks)).or_default().push(jwks);
            }
        }
        let fetchers = wanted.into_iter().filter_map(|(key, users)| {
            let settings = Settings::of(&users)?;
            let running = before.and_then(|before| before.0.get(&key));
            Some(match running {
                Some(running) => settings.check().map(|()| (key, Arc::clone(running))),
                None => Fetcher::new(settings).map(|fetcher| (key, Arc::new(fetcher))),
            })
        });
        fetchers.collect::<Result<_, _>>().map(Self)
    }

    /// Where the keys of an endpoint are.
    pub(super) fn keys(&self, jwks: &Jwks) -> Option<KeyStore> {
        self.0.get(&key(jwks)).map(|fetcher| fetcher.keys())
    }

    /// Begins to fetch, and goes on as the configuration says.
    pub(super) fn run(&self, config: &Config) {
        for (wanted, fetcher) in &self.0 {
            let methods = config.virtual_clusters.iter().flat_map(|it| &it.authentication);
            let users = methods.filter_map(|method| match method {
                VirtualClusterAuthentication::OAuthBearer(bearer) => match &bearer.keys {
                    TokenKeys::Endpoint(jwks) if key(jwks) == *wanted => Some(jwks),
                    _ => None,
                },
                _ => None,
            });
            if let Some(settings) = Settings::of(&users.collect::<Vec<_>>()) {
                fetcher.run(settings);
            }
        }
    }
}

fn key(jwks: &Jwks) -> (String, Option<String>) {
    (jwks.endpoint.url(), jwks.ca_bundle.clone())
}
