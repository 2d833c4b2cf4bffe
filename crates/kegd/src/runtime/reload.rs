//! Reloading the configuration: built beside what runs, and put in force whole or not at all.

use keg_proxy::Gateway;

use super::build::{self, AuthenticationUpdate, BackendUpdate, Built};
use super::metrics::Metrics;
use super::watch::{Sources, Watch};
use crate::config::{self, Config, Input};

/// Loads the configuration again when its files change, or when it is told to.
pub(crate) struct Reloader {
    input: Input,
    watch: Watch,
}

impl Reloader {
    /// Watches what a configuration was read from.
    pub(crate) fn new(input: Input, sources: Sources) -> Self {
        Self {
            input,
            watch: Watch::new(sources),
        }
    }

    /// Waits until one of the files says something else than when it was last read, whatever became of that.
    pub(crate) async fn changed(&mut self) {
        self.watch.changed().await;
    }

    /// Loads the configuration and puts it in force; if anything is wrong with it, everything stays as it is.
    pub(super) fn reload(&mut self, running: Built, gateway: &Gateway, metrics: &Metrics) -> Built {
        if self.input == Input::StandardInput {
            tracing::warn!("a configuration from standard input can't be reloaded");
            return running;
        }
        let (loaded, sources) = Sources::load(&self.input);
        // Those of a configuration that is refused as well: a file that it misses may come.
        self.watch.follow(sources);
        let outcome = loaded.map_err(|problems| problems.to_string()).and_then(|config| {
            if config == *running.config() {
                return Ok(None);
            }
            let (built, step) = build::build(config, Some(&running))
                .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
            gateway.change(step.change).map_err(|error| error.to_string())?;
            step.backends.into_iter().for_each(BackendUpdate::apply);
            step.authentications.into_iter().for_each(AuthenticationUpdate::apply);
            Ok(Some(built))
        });
        match outcome {
            Ok(Some(built)) => {
                built.fetch();
                metrics.config_loaded();
                let changes = config::changes(running.config(), built.config());
                tracing::info!(changes = %Summary(&changes), "the configuration was reloaded");
                warn_of_what_needs_a_restart(running.config(), built.config());
                built
            }
            Ok(None) => {
                tracing::debug!("the configuration was reloaded, and is what it was");
                running
            }
            Err(problems) => {
                metrics.config_error();
                tracing::error!("the configuration was not reloaded, and the one before stays in force: {problems}");
                running
            }
        }
    }
}

fn warn_of_what_needs_a_restart(before: &Config, after: &Config) {
    if before.observability != after.observability {
        tracing::warn!("changes of `observability` take effect at the next start");
    }
    if before.runtime.health_listeners != after.runtime.health_listeners {
        tracing::warn!("changes of `runtime.health_listener_address_port` take effect at the next start");
    }
}

/// What has changed, in a line.
struct Summary<'a>(&'a config::Changes);

impl std::fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        for (name, change) in &self.0.virtual_clusters {
            if *change != config::Change::Unchanged {
                parts.push(format!("virtual cluster {name}: {change:?}"));
            }
        }
        for (name, change) in &self.0.backend_clusters {
            if *change != config::Change::Unchanged {
                parts.push(format!("backend cluster {name}: {change:?}"));
            }
        }
        for (name, change) in &self.0.listeners {
            if *change != config::ListenerChange::Unchanged {
                parts.push(format!("listener {name}: {change:?}"));
            }
        }
        f.write_str(&parts.join(", "))
    }
}
