//! The keys that tokens are signed with, fetched in the background.

mod fetcher;

use std::collections::BTreeMap;
use std::sync::Arc;

use keg_auth::jwt::KeyStore;

use crate::config::model::{Config, Jwks, TokenKeys, Tokens, VirtualClusterAuthentication};
use fetcher::{Fetcher, Settings};

/// An endpoint, and whom is trusted for it.
type Key = (String, Option<String>);

/// One fetcher for each endpoint and whom is trusted for it, whoever uses it.
#[derive(Debug, Default)]
pub(super) struct Fetchers(BTreeMap<Key, Arc<Fetcher>>);

impl Fetchers {
    /// Those that a configuration needs. What runs before is taken over, with its keys.
    pub(super) fn of(config: &Config, before: Option<&Self>) -> Result<Self, String> {
        let fetchers = users(config).into_iter().filter_map(|(key, users)| {
            let running = before.and_then(|before| before.0.get(&key));
            let fetcher = match running {
                Some(running) => Ok(Arc::clone(running)),
                None => Fetcher::new(Settings::of(&users)?, key.1.as_deref()).map(Arc::new),
            };
            Some(fetcher.map(|fetcher| (key, fetcher)))
        });
        fetchers.collect::<Result<_, _>>().map(Self)
    }

    /// Where the keys of an endpoint are.
    pub(super) fn keys(&self, jwks: &Jwks) -> Option<KeyStore> {
        self.0.get(&key(jwks)).map(|fetcher| fetcher.keys())
    }

    /// Begins to fetch, and goes on as the configuration says.
    pub(super) fn run(&self, config: &Config) {
        let users = users(config);
        for (wanted, fetcher) in &self.0 {
            if let Some(settings) = users.get(wanted).and_then(|users| Settings::of(users)) {
                fetcher.run(settings);
            }
        }
    }
}

/// Who needs the keys of each endpoint.
fn users(config: &Config) -> BTreeMap<Key, Vec<&Jwks>> {
    let mut users: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for method in config.virtual_clusters.iter().flat_map(|it| &it.authentication) {
        if let VirtualClusterAuthentication::OAuthBearer(Tokens::Checked(bearer)) = method
            && let TokenKeys::Endpoint(jwks) = &bearer.keys
        {
            users.entry(key(jwks)).or_default().push(jwks);
        }
    }
    users
}

fn key(jwks: &Jwks) -> Key {
    (jwks.endpoint.url(), jwks.ca_bundle.clone())
}
