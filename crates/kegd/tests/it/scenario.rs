//! What each test starts with: a backend, a gateway before it, and the clusters that its clients see.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::{Config, Gateway, VIRTUAL_CLUSTERS};
use crate::hosts::Hosts;
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
    /// What else a Java client needs to know, in lines of `key=value`.
    pub(crate) client: Vec<String>,
}

/// One test's surroundings.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) setup: &'static Setup,
    pub(crate) backend: &'static Backend,
    pub(crate) gateway: Option<Gateway>,
    pub(crate) targets: Vec<Target>,
    pub(crate) dir: PathBuf,
    /// What the Java clients take host names from; none for the machine's.
    pub(crate) hosts: Option<Hosts>,
    own: Option<&'static Backend>,
    /// The Kafka release of the programs' clients.
    clients: &'static str,
    name: &'static str,
    _files: KeepFilesOnFailure,
}

impl Scenario {
    /// The scenario on the shared cluster; `None`, said as skipped, if this machine has no Kafka set up.
    pub(crate) fn new(name: &'static str) -> Option<Self> {
        let setup = setup_or_skip(name)?;
        Some(Self::on(setup, Backend::shared(setup), name))
    }

    /// A scenario on a backend of the caller's choice.
    pub(crate) fn on(setup: &'static Setup, backend: &'static Backend, name: &'static str) -> Self {
        Self::with(setup, backend, name, &Config::new(backend, name))
    }

    /// A scenario with a configuration of the caller's choice.
    pub(crate) fn with(setup: &'static Setup, backend: &'static Backend, name: &'static str, config: &Config) -> Self {
        let target = |name: &str, bootstrap: String, prefix: String| Target {
            name: name.to_owned(),
            bootstrap,
            prefix,
            client: Vec::new(),
        };
        if direct() {
            let targets = vec![target("direct", backend.bootstrap(), String::new())];
            return Self::without_gateway(setup, backend, name, targets);
        }
        let targets = VIRTUAL_CLUSTERS
            .iter()
            .enumerate()
            .map(|(index, name)| target(name, config.bootstrap(index), config.prefix(name)));
        let mut scenario = Self::without_gateway(setup, backend, name, targets.collect());
        scenario.gateway = Some(Gateway::start(config, &scenario.dir));
        scenario
    }

    /// A scenario with clusters of the caller's choice.
    pub(crate) fn without_gateway(
        setup: &'static Setup,
        backend: &'static Backend,
        name: &'static str,
        targets: Vec<Target>,
    ) -> Self {
        Self {
            setup,
            backend,
            gateway: None,
            targets,
            dir: setup.dir(name),
            hosts: None,
            own: None,
            clients: CURRENT,
            name,
            _files: KeepFilesOnFailure(setup),
        }
    }

    /// Gives the programs a cluster without a gateway to compare with.
    pub(crate) fn with_own_cluster(mut self, own: &'static Backend) -> Self {
        self.own = Some(own);
        self
    }

    /// The programs' clients are of another release.
    pub(crate) fn with_clients(mut self, clients: &'static str) -> Self {
        self.clients = clients;
        self
    }

    /// Runs one of the programs of checks and fails with what it printed if a check fails.
    pub(crate) fn java(&self, main_class: &str, time: Duration) {
        expect_checks_to_pass(&mut self.start_java(main_class, &[]), time);
    }

    /// Creates topics of one partition in every target.
    pub(crate) fn create_topics(&self, topics: &[&str]) {
        expect_checks_to_pass(
            &mut self.start_java("keg.CreateTopics", topics),
            Duration::from_secs(60),
        );
    }

    /// Starts a program with the clusters' addresses as its first argument.
    pub(crate) fn start_java(&self, main_class: &str, args: &[&str]) -> Process {
        let clusters = self.clusters_file();
        let mut words = vec![clusters.as_str()];
        words.extend(args);
        let log = self.dir.join(format!("{main_class}.log"));
        let mut java = Java::new(self.setup, self.clients).option("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
        if let Some(hosts) = &self.hosts {
            java = java.option(hosts.java_option());
        }
        java.start(main_class, &log, main_class, &words)
    }

    /// The addresses of all targets and of the backend, for the Java side.
    fn clusters_file(&self) -> String {
        let mut text = format!(
            "dir={}\nbackend.bootstrap.servers={}\n",
            self.dir.display(),
            self.backend.bootstrap()
        );
        if let Some(own) = self.own {
            writeln!(text, "own.bootstrap.servers={}", own.bootstrap()).unwrap();
        }
        for Target {
            name,
            bootstrap,
            prefix,
            client,
        } in &self.targets
        {
            writeln!(text, "cluster.{name}.prefix={prefix}").unwrap();
            writeln!(text, "cluster.{name}.bootstrap.servers={bootstrap}").unwrap();
            for line in client {
                writeln!(text, "cluster.{name}.{line}").unwrap();
            }
        }
        write_file(&self.dir.join("clusters.properties"), &text)
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        if thread::panicking() {
            if let Some(gateway) = &self.gateway {
                eprintln!("{}: {}", self.name, gateway.log_tail());
            }
            eprintln!("{}: {}", self.name, self.backend.log_tails());
        }
    }
}

#[derive(Debug)]
struct KeepFilesOnFailure(&'static Setup);

impl Drop for KeepFilesOnFailure {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.keep_files();
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
