//! What runs: built from a [`Config`], and changed to fit another.

mod admin;
mod build;
mod jwks;
mod logging;
mod metrics;
mod open_files;
mod reload;
mod signals;
mod tls;
mod tokens;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use keg_proxy::Gateway;

use crate::config::{Config, Input, Problems};
pub use build::BuildProblem;
use build::Built;
pub(crate) use build::decide;
use metrics::Metrics;
use reload::Reloader;
use signals::Asked;
pub(crate) use signals::Signals;
use watch::Sources;

/// Why the gateway did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration is wrong.
    #[error("the configuration is not valid:\n{0}")]
    Config(Problems),
    /// The configuration can't be built.
    #[error("the configuration can't be put in force:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Build(Vec<BuildProblem>),
    /// A port can't be listened on.
    #[error(transparent)]
    Bind(#[from] keg_proxy::BindError),
    /// The admin listener can't be listened on.
    #[error("the health listener can't listen on {address}: {error}; change `runtime.health_listener_address_port`")]
    Admin {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Logs or metrics can't be set up.
    #[error("{0}")]
    Observability(String),
    /// The operating system refused something that every gateway needs.
    #[error("the operating system refused: {0}")]
    System(#[from] std::io::Error),
}

/// Loads a configuration and runs it until the process is asked to end.
///
/// # Errors
/// When it can't be started.
pub async fn run(input: Input) -> Result<(), RunError> {
    let signals = Signals::install()?;
    Running::start(input).await?.serve(signals).await;
    Ok(())
}

/// What keeps a configuration from being put in force, ports aside: certificates, routes.
#[must_use]
pub fn check(config: Config) -> Vec<BuildProblem> {
    build::build(config, None).err().unwrap_or_default()
}

/// A gateway with its admin listener.
pub(crate) struct Running {
    gateway: Arc<Gateway>,
    built: Built,
    metrics: Metrics,
    reloader: Reloader,
}

impl Running {
    /// Loads, builds and starts a configuration.
    pub(crate) async fn start(input: Input) -> Result<Self, RunError> {
        let (loaded, sources) = Sources::load(&input);
        let config = loaded.map_err(RunError::Config)?;
        logging::install(&config.observability).map_err(RunError::Observability)?;
        let metrics = Metrics::install().map_err(RunError::Observability)?;
        let open_files = open_files::raise_limit(config.runtime.max_connections);
        let (built, step) = build::build(config, None).map_err(RunError::Build)?;
        let gateway = Arc::new(Gateway::start(step.change.snapshot)?);
        if let Some(limit) = open_files {
            gateway.limit_open_files(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        built.fetch();
        metrics.config_loaded();
        let running = Self {
            gateway,
            built,
            metrics,
            reloader: Reloader::new(input, sources),
        };
        for address in &running.built.config().runtime.health_listeners {
            let admin = admin::Admin {
                gateway: Arc::clone(&running.gateway),
                metrics: running.metrics.clone(),
            };
            admin.listen(*address).await.map_err(|error| RunError::Admin {
                address: *address,
                error,
            })?;
        }
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            virtual_clusters = running.built.config().virtual_clusters.len(),
            listeners = running.built.config().listeners.len(),
            open_files,
            "keg is running"
        );
        Ok(running)
    }

    /// Serves until SIGTERM or SIGINT; SIGHUP and changes of the configuration's files reload.
    pub(crate) async fn serve(mut self, mut signals: Signals) {
        loop {
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::End => break,
                    Asked::Reload => {}
                },
                () = self.reloader.changed() => {}
            }
            self.built = self.reloader.reload(self.built, &self.gateway, &self.metrics);
        }
        self.stop().await;
    }

    async fn stop(self) {
        let timeout = self.built.config().runtime.shutdown_timeout;
        tracing::info!(
            connections = self.gateway.open_connections(),
            ?timeout,
            "stopping: open connections drain"
        );
        let left = self.gateway.shut_down(timeout.max(Duration::from_millis(100))).await;
        if left > 0 {
            tracing::warn!(connections = left, "stopped before all connections had ended");
        }
    }
}
