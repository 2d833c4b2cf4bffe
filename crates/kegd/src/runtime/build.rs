//! From a configuration to what runs. What hasn't changed is taken over.

mod acls;
mod authentication;
mod conditions;
mod conflicts;
mod known;
mod routes;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use keg_auth::{Authentication, ServerSecret};
use keg_codec::ApiKey;
use keg_policy::{BlockApis, BrokerAddresses, Chain, Mode, Namespace, Policy, TopicAlias, TopicAliases};
use keg_proxy::{
    Backend, BackendSettings, Change, Credentials, Limits, Listener, ListenerTls, Snapshot, VirtualCluster,
};
use keg_tls::{ClientTls, Live};

pub(crate) use acls::decide;

use super::jwks::Fetchers;
use super::tls;
use super::tokens::TokenFetchers;
use crate::config::{self, Config, model};
use conditions::{Counted, Decided};
use known::Known;

/// How long a connection to a node may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Something that can only be found out by building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildProblem {
    /// What it is about, as in `listener "local"`.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for BuildProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

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

/// Settings of a backend cluster that stays.
#[derive(Debug)]
pub(super) struct BackendUpdate {
    backend: Arc<Backend>,
    tls: Option<ClientTls>,
    credentials: Option<Arc<Credentials>>,
    refresh_interval: Duration,
    readiness_requires_authentication: bool,
    clients_authenticate: bool,
}

/// How clients of a virtual cluster that stays authenticate from now on.
#[derive(Debug)]
pub(super) struct AuthenticationUpdate {
    cluster: Arc<VirtualCluster>,
    authentication: Authentication,
}

impl AuthenticationUpdate {
    pub(super) fn apply(self) {
        self.cluster.replace_authentication(self.authentication);
    }
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

impl BackendUpdate {
    pub(super) fn apply(self) {
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

/// Builds a configuration beside what runs.
pub(super) fn build(config: Config, previous: Option<&Built>) -> Result<(Built, Step), Vec<BuildProblem>> {
    let changes = previous
        .map(|previous| config::changes(&previous.config, &config))
        .unwrap_or_default();
    let mut problems = Vec::new();
    let mut note = |place: String, message: String| problems.push(BuildProblem { place, message });
    let stays =
        |change: Option<&config::Change>| matches!(change, Some(config::Change::Unchanged | config::Change::Live));

    let token_fetchers = match TokenFetchers::of(&config, previous.map(|it| &it.token_fetchers)) {
        Ok(fetchers) => fetchers,
        Err((backend, error)) => {
            note(
                format!("backend_clusters {backend:?}"),
                format!("authentication: oauth_bearer: {error}"),
            );
            TokenFetchers::default()
        }
    };
    let (mut backends, mut updates) = (BTreeMap::new(), Vec::new());
    for backend in &config.backend_clusters {
        let settings = match backend.tls.as_ref().map(tls::client).transpose() {
            Ok(settings) => settings,
            Err(error) => {
                note(format!("backend_clusters {:?}: tls", backend.name), error);
                continue;
            }
        };
        let taken_over = previous
            .and_then(|it| it.backends.get(&backend.name))
            .filter(|_| stays(changes.backend_clusters.get(&backend.name)));
        let clients_authenticate = clients_authenticate(&config, backend);
        let built = match taken_over {
            Some(running) => {
                let refresh_interval = backend.metadata_update_interval;
                updates.push(BackendUpdate {
                    backend: Arc::clone(running),
                    tls: settings,
                    credentials: authentication::of_gateway(backend, &token_fetchers),
                    refresh_interval,
                    readiness_requires_authentication: backend.readiness_requires_authentication,
                    clients_authenticate,
                });
                Arc::clone(running)
            }
            None => match new_backend(backend, settings, &token_fetchers) {
                Ok(built) => {
                    built.let_clients_authenticate(clients_authenticate);
                    Arc::new(built)
                }
                Err(error) => {
                    note(format!("backend_clusters {:?}: tls", backend.name), error);
                    continue;
                }
            },
        };
        backends.insert(backend.name.clone(), built);
    }

    let running_secret = previous
        .filter(|it| it.config.runtime.scram_secret == config.runtime.scram_secret)
        .map(|it| it.secret.clone());
    let is_same_secret = running_secret.is_some();
    let secret = match running_secret {
        Some(secret) => secret,
        None => match authentication::secret(&config.runtime) {
            Ok(secret) => secret,
            Err(error) => {
                let (place, message) = ("process".to_owned(), error.to_string());
                return Err(vec![BuildProblem { place, message }]);
            }
        },
    };
    let fetchers = match Fetchers::of(&config, previous.map(|it| &it.fetchers)) {
        Ok(fetchers) => fetchers,
        Err(error) => {
            note(
                "virtual_clusters".to_owned(),
                format!("authentication: oauth_bearer: {error}"),
            );
            Fetchers::default()
        }
    };
    let (mut clusters, mut chains, mut all_known) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    let mut authentications = Vec::new();
    for cluster in &config.virtual_clusters {
        let taken_over = previous.filter(|_| stays(changes.virtual_clusters.get(&cluster.name)));
        let known = Known::of(cluster, taken_over.and_then(|it| it.known.get(&cluster.name)));
        let chain = match chain(cluster, &known) {
            Ok(chain) => Arc::new(chain),
            Err(error) => {
                note(format!("virtual_clusters {:?}", cluster.name), error);
                continue;
            }
        };
        all_known.insert(cluster.name.clone(), known);
        let running = taken_over.and_then(|it| it.running(cluster));
        let authentication = match running {
            // Passwords would be hashed again.
            Some((running, before)) if is_same_secret && before.authentication == cluster.authentication => {
                (before.session_lifetime != cluster.session_lifetime).then(|| {
                    Authentication::clone(&running.authentication()).with_session_lifetime(cluster.session_lifetime)
                })
            }
            _ => match authentication::of_clients(cluster, &secret, &fetchers) {
                Ok(authentication) => Some(authentication),
                Err(error) => {
                    note(format!("virtual_clusters {:?}", cluster.name), error);
                    continue;
                }
            },
        };
        let Some(backend) = backends.get(&cluster.backend.name) else {
            continue;
        };
        let built = match (running, authentication) {
            (Some((running, _)), authentication) => {
                if changes.virtual_clusters.get(&cluster.name) == Some(&config::Change::Live) {
                    chains.push((Arc::clone(running), chain));
                }
                authentications.extend(authentication.map(|authentication| AuthenticationUpdate {
                    cluster: Arc::clone(running),
                    authentication,
                }));
                Arc::clone(running)
            }
            (None, Some(authentication)) => Arc::new(VirtualCluster::new(
                cluster.name.as_str(),
                Arc::clone(backend),
                authentication,
                chain,
            )),
            (None, None) => continue,
        };
        clusters.insert(cluster.name.clone(), built);
    }

    let mut listeners = BTreeMap::new();
    for listener in &config.listeners {
        let before = previous.and_then(|it| {
            it.listeners
                .get(&listener.name)
                .zip(it.config.listeners.iter().find(|it| it.name == listener.name))
        });
        match new_listener(listener, &config, before) {
            Ok(built) => drop(listeners.insert(listener.name.clone(), Arc::new(built))),
            Err(error) => note(format!("listeners {:?}", listener.name), error),
        }
    }
    let limits = limits(&config.runtime);
    if let Err(error) = limits.check() {
        note("runtime".to_owned(), error.to_string());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let table = routes::table(&config, &clusters, &backends)?;
    let snapshot = Snapshot {
        table,
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
        secret,
        known: all_known,
        fetchers,
        token_fetchers,
    };
    Ok((
        built,
        Step {
            change: Change { snapshot, chains },
            backends: updates,
            authentications,
        },
    ))
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

/// The policies of a virtual cluster, the client's side first.
fn chain(cluster: &model::VirtualCluster, known: &Known) -> Result<Chain, String> {
    let mut policies: Vec<Arc<dyn Policy>> = Vec::new();
    for (index, policy) in cluster.cluster_policies.iter().enumerate() {
        match &policy.kind {
            model::ClusterPolicyKind::BlockApis { apis } => {
                let keys = apis.iter().map(|name| {
                    api_key(name).ok_or_else(|| {
                        format!(
                            "cluster_policies[{index}]: {name:?} is not an API of Kafka {}",
                            keg_codec::schema::KAFKA_VERSION
                        )
                    })
                });
                let name = policy.name.clone().unwrap_or_else(|| "block_apis".to_owned());
                let mut blocks = BlockApis::new(name.as_str(), keys.collect::<Result<_, _>>()?);
                if let Some(condition) = &policy.condition {
                    let condition = Counted::new(condition.clone(), cluster, "block_apis", &name);
                    // It denies: where it can't be told whether it does, it does.
                    let otherwise = true;
                    blocks = blocks.with_condition(Arc::new(Decided { condition, otherwise }));
                }
                policies.push(Arc::new(blocks));
            }
            // They are taken together.
            model::ClusterPolicyKind::Acls { .. } => {}
        }
    }
    if cluster.acl_mode == model::AclMode::EnforceOnGateway {
        policies.push(Arc::new(acls::acls(cluster, known.topic_names.clone())));
    }
    if !cluster.topic_aliases.is_empty() {
        let condition = |it: &model::TopicAlias| {
            let condition = Counted::new(it.condition.clone()?, cluster, "topic_aliases", &it.alias);
            let otherwise = false;
            Some(Arc::new(Decided { condition, otherwise }) as _)
        };
        let aliases = cluster.topic_aliases.iter().map(|it| TopicAlias {
            alias: it.alias.clone(),
            topic: it.topic.clone(),
            conflict: it.conflict,
            condition: condition(it),
        });
        policies.push(Arc::new(
            TopicAliases::new(aliases)
                .with_memory(known.aliases.clone())
                .with_conflicts(known.alias_conflicts.clone()),
        ));
    }
    if let Some(namespace) = &cluster.namespace {
        let mode = match namespace.mode {
            model::NamespaceMode::HidePrefix => Mode::HidePrefix,
            model::NamespaceMode::EnforcePrefix => Mode::EnforcePrefix,
        };
        policies.push(Arc::new(
            Namespace::new(mode, &namespace.prefix)
                .with_additional(namespace.additional.clone(), known.conflicts.clone())
                .with_topic_ids(known.topic_ids.clone()),
        ));
    }
    policies.push(Arc::new(BrokerAddresses));
    let mut chain = Chain::new(policies);
    if conditions::ask_for_client_ids(cluster) {
        chain = chain.with_client_ids();
    }
    Ok(match authentication::is_sasl(cluster) {
        true => chain.behind_sasl(),
        false => chain,
    })
}

fn api_key(name: &str) -> Option<ApiKey> {
    match name.parse() {
        Ok(number) => keg_codec::Api::of(ApiKey(number)).map(|api| api.key),
        Err(_) => ApiKey::from_name(name),
    }
}

fn new_listener(
    listener: &model::Listener,
    config: &Config,
    before: Option<(&Arc<Listener>, &Arc<model::Listener>)>,
) -> Result<Listener, String> {
    let tls = match (&listener.tls, before) {
        (None, _) => None,
        // The same settings go on, so that clients can resume their sessions.
        (Some(tls), Some((running, model))) if model.tls.as_ref() == Some(tls) => {
            running.tls.as_ref().map(|running| ListenerTls {
                config: Arc::clone(&running.config),
                allow_plaintext: running.allow_plaintext,
                mapping: Arc::clone(&running.mapping),
            })
        }
        (Some(tls), _) => {
            let settings = tls::server(tls).map_err(|error| format!("tls_server: {error}"))?;
            let config = Live::new(settings).map_err(|error| format!("tls_server: {error}"))?;
            Some(ListenerTls {
                config: Arc::new(config),
                allow_plaintext: tls.allow_plaintext,
                mapping: Arc::new(
                    tls.client_authentication
                        .as_ref()
                        .map_or_else(Default::default, |it| it.mapping.clone()),
                ),
            })
        }
    };
    Ok(Listener {
        name: listener.name.as_str().into(),
        addresses: listener.addresses.clone(),
        ports: routes::ports(&listener.ports)?,
        tls,
        max_connections: config.runtime.max_connections,
    })
}

fn limits(runtime: &model::Runtime) -> Limits {
    Limits {
        max_frame_size: runtime.max_frame_size,
        buffer_budget: runtime.buffer_budget,
        drain_duration: runtime.drain_duration,
        ..Limits::default()
    }
}
