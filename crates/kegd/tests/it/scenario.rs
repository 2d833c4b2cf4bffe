//! What each test starts with: a backend, a gateway before it, and the clusters that its clients see.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::{Config, Gateway, VIRTUAL_CLUSTERS};
use crate::java::{Java, expect_checks_to_pass};
use crate::process::Process;
use crate::setup::{CURRENT, Setup, skip};

/// A cluster as a client sees it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) bootstrap: String,
    /// What its names begin with on the backend; empty if this is the backend.
    pub(crate) prefix: String,
}

/// One test's surroundings.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) setup: &'static Setup,
    pub(crate) backend: &'static Backend,
    pub(crate) gateway: Option<Gateway>,
    pub(crate) targets: Vec<Target>,
    pub(crate) dir: PathBuf,
    own: Option<&'static Backend>,
    name: &'static str,
}

impl Scenario {
    /// The scenario on the shared cluster; `None`, said as skipped, if this machine has no Kafka set up.
    pub(crate) fn new(name: &'static str) -> Option<Self> {
        let setup = setup_or_skip(name)?;
        Some(Self::on(setup, Backend::shared(setup), name, |config| config))
    }

    /// A scenario on a backend of the caller's choice, with changes to the configuration.
    pub(crate) fn on(
        setup: &'static Setup,
        backend: &'static Backend,
        name: &'static str,
        configure: impl FnOnce(Config) -> Config,
    ) -> Self {
        let dir = setup.dir(name);
        let config = configure(Config::new(backend, name));
        let gateway = (!direct()).then(|| Gateway::start(&config, &dir));
        let targets = if direct() {
            vec![Target {
                name: "direct".to_owned(),
                bootstrap: backend.bootstrap(),
                prefix: String::new(),
            }]
        } else {
            let target = |(index, name): (usize, &&str)| Target {
                name: (*name).to_owned(),
                bootstrap: config.bootstrap(index),
                prefix: config.prefix(name),
            };
            VIRTUAL_CLUSTERS.iter().enumerate().map(target).collect()
        };
        Self {
            setup,
            backend,
            gateway,
            targets,
            dir,
            own: None,
            name,
        }
    }

    /// Gives the programs a cluster without a gateway to compare with.
    pub(crate) fn with_own_cluster(mut self, own: &'static Backend) -> Self {
        self.own = Some(own);
        self
    }

    /// Runs one of the programs of checks and fails with what it printed if a check fails.
    pub(crate) fn java(&self, main_class: &str, time: Duration) {
        expect_checks_to_pass(&mut self.start_java(main_class, &[]), time);
    }

    /// Starts a program with the clusters' addresses as its first argument.
    pub(crate) fn start_java(&self, main_class: &str, args: &[&str]) -> Process {
        let clusters = self.clusters_file();
        let mut words = vec![clusters.as_str()];
        words.extend(args);
        let log = self.dir.join(format!("{main_class}.log"));
        Java::new(self.setup, CURRENT)
            .option("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .start(main_class, &log, main_class, &words)
    }

    /// The addresses of all targets and of the backend, for the Java side.
    fn clusters_file(&self) -> String {
        let mut text = format!("dir={}\nbackend.bootstrap.servers={}\n", self.dir.display(), self.backend.bootstrap());
        if let Some(own) = self.own {
            writeln!(text, "own.bootstrap.servers={}", own.bootstrap()).unwrap();
        }
        for Target { name, bootstrap, prefix } in &self.targets {
            writeln!(text, "cluster.{name}.prefix={prefix}").unwrap();
            writeln!(text, "cluster.{name}.bootstrap.servers={bootstrap}").unwrap();
        }
        write_file(&self.dir.join("clusters.properties"), &text)
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        if thread::panicking() {
            self.setup.keep_files();
            if let Some(gateway) = &self.gateway {
                eprintln!("{}: {}", self.name, gateway.log_tail());
            }
            eprintln!("{}: {}", self.name, self.backend.log_tails());
        }
    }
}

/// The set-up, or the test said as skipped.
pub(crate) fn setup_or_skip(test: &str) -> Option<&'static Setup> {
    Setup::find().map_err(|why| skip(test, why)).ok()
}

/// Whether clients talk to the backend without a gateway.
pub(crate) fn direct() -> bool {
    std::env::var_os("KEG_TEST_DIRECT").is_some()
}

fn write_file(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap();
    path.display().to_string()
}
