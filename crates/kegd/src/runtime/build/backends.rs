//! Backend clusters, and the settings of those that stay.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use keg_proxy::{Backend, BackendSettings, Credentials};
use keg_tls::{ClientTls, Live};

use super::{Building, authentication, stays};
use crate::config::{Config, model};
use crate::runtime::tls;
use crate::runtime::tokens::TokenFetchers;

/// How long a connection to a node may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of a backend cluster that stays.
#[derive(Debug)]
pub(in crate::runtime) struct BackendUpdate {
    backend: Arc<Backend>,
    tls: Option<ClientTls>,
    credentials: Option<Arc<Credentials>>,
    refresh_interval: Duration,
    readiness_requires_authentication: bool,
    clients_authenticate: bool,
}

impl BackendUpdate {
    pub(in crate::runtime) fn apply(self) {
        let settings = self.backend.settings();
        settings.refresh_interval.store(Arc::new(self.refresh_interval));
        settings.credentials.store(self.credentials);
        self.backend
            .require_authentication(self.readiness_requires_authentication);
        self.backend.let_clients_authenticate(self.clients_authenticate);
        if let (Some(live), Some(tls)) = (&settings.tls, self.tls)
            && let Err(error) = live.replace(tls)
        {
            // It was built once already, to find this out in time.
            tracing::error!(
                backend_cluster = &**self.backend.name(),
                "the TLS settings could not be replaced: {error}"
            );
        }
    }
}

impl Building<'_> {
    /// All of them, and what those that stay become.
    pub(super) fn backends(
        &mut self,
        fetchers: &TokenFetchers,
    ) -> (BTreeMap<String, Arc<Backend>>, Vec<BackendUpdate>) {
        let (mut backends, mut updates) = (BTreeMap::new(), Vec::new());
        for backend in &self.config.backend_clusters {
            match self.backend(backend, fetchers) {
                Ok((built, update)) => {
                    updates.extend(update);
                    backends.insert(backend.name.clone(), built);
                }
                Err(error) => self.note(format!("backend_clusters {:?}: tls", backend.name), error),
            }
        }
        (backends, updates)
    }

    fn backend(
        &self,
        backend: &model::BackendCluster,
        fetchers: &TokenFetchers,
    ) -> Result<(Arc<Backend>, Option<BackendUpdate>), String> {
        let tls = backend.tls.as_ref().map(tls::client).transpose()?;
        let clients_authenticate = clients_authenticate(self.config, backend);
        let running = self
            .previous
            .filter(|_| stays(self.changes.backend_clusters.get(&backend.name)))
            .and_then(|it| it.backends.get(&backend.name));
        let Some(running) = running else {
            let built = new_backend(backend, tls, fetchers)?;
            built.let_clients_authenticate(clients_authenticate);
            return Ok((Arc::new(built), None));
        };
        let update = BackendUpdate {
            backend: Arc::clone(running),
            tls,
            credentials: authentication::of_gateway(backend, fetchers),
            refresh_interval: backend.metadata_update_interval,
            readiness_requires_authentication: backend.readiness_requires_authentication,
            clients_authenticate,
        };
        Ok((Arc::clone(running), Some(update)))
    }
}

/// Whether clients of some virtual cluster say to the nodes who they are.
fn clients_authenticate(config: &Config, backend: &model::BackendCluster) -> bool {
    let mut clusters = config.virtual_clusters.iter();
    clusters.any(|cluster| {
        let mut methods = cluster.authentication.iter();
        cluster.backend.name == backend.name && methods.any(model::VirtualClusterAuthentication::reaches_brokers)
    })
}

fn new_backend(
    backend: &model::BackendCluster,
    tls: Option<ClientTls>,
    fetchers: &TokenFetchers,
) -> Result<Backend, String> {
    let built = Backend::new(BackendSettings {
        name: backend.name.as_str().into(),
        bootstrap_servers: backend.bootstrap_servers.clone(),
        tls: tls.map(Live::new).transpose().map_err(|error| error.to_string())?,
        credentials: ArcSwapOption::new(authentication::of_gateway(backend, fetchers)),
        node_addresses: backend.node_addresses.clone(),
        connect_timeout: CONNECT_TIMEOUT,
        refresh_interval: Arc::new(backend.metadata_update_interval).into(),
    });
    built.require_authentication(backend.readiness_requires_authentication);
    Ok(built)
}
