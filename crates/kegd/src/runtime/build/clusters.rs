//! Virtual clusters: how clients authenticate, and what policies they meet. Those that stay get both anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use keg_auth::{Authentication, ServerSecret};
use keg_policy::Chain;
use keg_proxy::{Backend, VirtualCluster};

use super::chain::chain;
use super::known::Known;
use super::{Building, authentication, stays};
use crate::config::{self, model};
use crate::runtime::jwks::Fetchers;

/// How clients of a virtual cluster that stays authenticate from now on.
#[derive(Debug)]
pub(in crate::runtime) struct AuthenticationUpdate {
    cluster: Arc<VirtualCluster>,
    authentication: Authentication,
}

impl AuthenticationUpdate {
    pub(in crate::runtime) fn apply(self) {
        self.cluster.replace_authentication(self.authentication);
    }
}

/// What salts of users are made with.
#[derive(Debug)]
pub(super) struct Salting {
    pub(super) secret: ServerSecret,
    /// Whether it is that of before.
    is_same: bool,
}

/// All of them, and what changes for those that stay.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    pub(super) built: BTreeMap<String, Arc<VirtualCluster>>,
    pub(super) known: BTreeMap<String, Known>,
    pub(super) chains: Vec<(Arc<VirtualCluster>, Arc<Chain>)>,
    pub(super) authentications: Vec<AuthenticationUpdate>,
}

impl Building<'_> {
    pub(super) fn salting(&self) -> Result<Salting, String> {
        let running = self
            .previous
            .filter(|it| it.config.runtime.scram_secret == self.config.runtime.scram_secret);
        Ok(match running {
            Some(running) => Salting {
                secret: running.secret.clone(),
                is_same: true,
            },
            None => Salting {
                secret: authentication::secret(&self.config.runtime).map_err(|error| error.to_string())?,
                is_same: false,
            },
        })
    }

    pub(super) fn clusters(
        &mut self,
        backends: &BTreeMap<String, Arc<Backend>>,
        salting: &Salting,
        fetchers: &Fetchers,
    ) -> Clusters {
        let mut clusters = Clusters::default();
        for cluster in &self.config.virtual_clusters {
            let backend = backends.get(&cluster.backend.name);
            if let Err(error) = self.cluster(cluster, backend, salting, fetchers, &mut clusters) {
                self.note(format!("virtual_clusters {:?}", cluster.name), error);
            }
        }
        clusters
    }

    fn cluster(
        &self,
        cluster: &model::VirtualCluster,
        backend: Option<&Arc<Backend>>,
        salting: &Salting,
        fetchers: &Fetchers,
        clusters: &mut Clusters,
    ) -> Result<(), String> {
        let change = self.changes.virtual_clusters.get(&cluster.name);
        let taken_over = self.previous.filter(|_| stays(change));
        let known = Known::of(cluster, taken_over.and_then(|it| it.known.get(&cluster.name)));
        let chain = Arc::new(chain(cluster, &known)?);
        let Some(backend) = backend else {
            // It can't be built, and that was told.
            return Ok(());
        };
        let new_authentication = || authentication::of_clients(cluster, &salting.secret, fetchers);
        let built = match taken_over.and_then(|it| it.running(cluster)) {
            None => {
                let name = cluster.name.as_str();
                let cluster = VirtualCluster::new(name, Arc::clone(backend), new_authentication()?, chain);
                Arc::new(cluster)
            }
            Some((running, before)) => {
                // Passwords would be hashed again.
                let authentication = match salting.is_same && before.authentication == cluster.authentication {
                    true => (before.session_lifetime != cluster.session_lifetime).then(|| {
                        let authentication = Authentication::clone(&running.authentication());
                        authentication.with_session_lifetime(cluster.session_lifetime)
                    }),
                    false => Some(new_authentication()?),
                };
                clusters
                    .authentications
                    .extend(authentication.map(|authentication| AuthenticationUpdate {
                        cluster: Arc::clone(running),
                        authentication,
                    }));
                if change == Some(&config::Change::Live) {
                    clusters.chains.push((Arc::clone(running), chain));
                }
                Arc::clone(running)
            }
        };
        clusters.known.insert(cluster.name.clone(), known);
        clusters.built.insert(cluster.name.clone(), built);
        Ok(())
    }
}
