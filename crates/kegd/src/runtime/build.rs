//! From a configuration to what runs. What hasn't changed is taken over.

mod acls;
mod authentication;
mod backends;
mod chain;
mod clusters;
mod conditions;
mod conflicts;
mod known;
mod listeners;
mod problem;
mod routes;

use std::collections::BTreeMap;
use std::sync::Arc;

use keg_auth::ServerSecret;
use keg_proxy::{Backend, Change, Limits, Listener, Snapshot, VirtualCluster};

pub(crate) use acls::decide;
pub(super) use backends::BackendUpdate;
pub(super) use clusters::AuthenticationUpdate;
pub use problem::BuildProblem;

use super::jwks::Fetchers;
use super::tokens::TokenFetchers;
use crate::config::{self, Config, model};
use clusters::Clusters;
use known::Known;

/// What was built, for the next configuration to take over from.
#[derive(Debug)]
pub(super) struct Built {
    config: Config,
    backends: BTreeMap<String, Arc<Backend>>,
    clusters: BTreeMap<String, Arc<VirtualCluster>>,
    listeners: BTreeMap<String, Arc<Listener>>,
    /// What salts of users are made with.
    secret: ServerSecret,
    /// By virtual cluster: what is known of its topics, which a change of policies doesn't end.
    known: BTreeMap<String, Known>,
    fetchers: Fetchers,
    token_fetchers: TokenFetchers,
}

/// What puts a configuration in force.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) change: Change,
    /// To be applied after the change.
    pub(super) backends: Vec<BackendUpdate>,
    /// The same.
    pub(super) authentications: Vec<AuthenticationUpdate>,
}

impl Built {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Begins to fetch what tokens are checked with, and the gateway's own ones.
    pub(super) fn fetch(&self) {
        self.fetchers.run(&self.config);
        self.token_fetchers.run();
    }

    /// The virtual cluster of the same name that runs, and its configuration.
    fn running(&self, cluster: &model::VirtualCluster) -> Option<(&Arc<VirtualCluster>, &model::VirtualCluster)> {
        let mut configured = self.config.virtual_clusters.iter();
        let before = configured.find(|before| before.name == cluster.name)?;
        Some((self.clusters.get(&cluster.name)?, before))
    }
}

/// A configuration that is being built beside what runs.
struct Building<'a> {
    config: &'a Config,
    previous: Option<&'a Built>,
    changes: config::Changes,
    problems: Vec<BuildProblem>,
}

impl<'a> Building<'a> {
    fn new(config: &'a Config, previous: Option<&'a Built>) -> Self {
        Self {
            config,
            previous,
            changes: previous.map_or_else(config::Changes::default, |it| config::changes(&it.config, config)),
            problems: Vec::new(),
        }
    }

    fn note(&mut self, place: String, message: String) {
        self.problems.push(BuildProblem { place, message });
    }

    fn token_fetchers(&mut self) -> TokenFetchers {
        let previous = self.previous.map(|it| &it.token_fetchers);
        TokenFetchers::of(self.config, previous).unwrap_or_else(|(backend, error)| {
            self.note(
                format!("backend_clusters {backend:?}"),
                format!("authentication: oauth_bearer: {error}"),
            );
            TokenFetchers::default()
        })
    }

    fn fetchers(&mut self) -> Fetchers {
        let previous = self.previous.map(|it| &it.fetchers);
        Fetchers::of(self.config, previous).unwrap_or_else(|error| {
            self.note(
                "virtual_clusters".to_owned(),
                format!("authentication: oauth_bearer: {error}"),
            );
            Fetchers::default()
        })
    }

    fn limits(&mut self) -> Limits {
        let limits = limits(&self.config.runtime);
        if let Err(error) = limits.check() {
            self.note("runtime".to_owned(), error.to_string());
        }
        limits
    }
}

/// Whether it goes on, perhaps with other settings.
fn stays(change: Option<&config::Change>) -> bool {
    matches!(change, Some(config::Change::Unchanged | config::Change::Live))
}

/// Builds a configuration beside what runs.
pub(super) fn build(config: Config, previous: Option<&Built>) -> Result<(Built, Step), Vec<BuildProblem>> {
    let mut building = Building::new(&config, previous);
    let salting = building.salting().map_err(|message| {
        let place = "process".to_owned();
        vec![BuildProblem { place, message }]
    })?;
    let token_fetchers = building.token_fetchers();
    let (backends, updates) = building.backends(&token_fetchers);
    let fetchers = building.fetchers();
    let Clusters {
        built: clusters,
        known,
        chains,
        authentications,
    } = building.clusters(&backends, &salting, &fetchers);
    let listeners = building.listeners();
    let limits = building.limits();
    if !building.problems.is_empty() {
        return Err(building.problems);
    }
    let snapshot = Snapshot {
        table: routes::table(&config, &clusters, &backends)?,
        listeners: listeners.values().cloned().collect(),
        virtual_clusters: clusters.values().cloned().collect(),
        backends: backends.values().cloned().collect(),
        limits,
    };
    let built = Built {
        config,
        backends,
        clusters,
        listeners,
        secret: salting.secret,
        known,
        fetchers,
        token_fetchers,
    };
    let step = Step {
        change: Change { snapshot, chains },
        backends: updates,
        authentications,
    };
    Ok((built, step))
}

fn limits(runtime: &model::Runtime) -> Limits {
    Limits {
        max_frame_size: runtime.max_frame_size,
        buffer_budget: runtime.buffer_budget,
        drain_duration: runtime.drain_duration,
        busy_poll: runtime.busy_poll,
        ..Limits::default()
    }
}
