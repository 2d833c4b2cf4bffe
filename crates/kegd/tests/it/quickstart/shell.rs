//! A shell for printed commands: with Kafka's console tools, and where nothing of the machine is changed.

use std::fs;
use std::net::ToSocketAddrs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::run::Dir;
use crate::process::Process;
use crate::setup::{CURRENT, Setup, answers};

const TIME: Duration = Duration::from_secs(60);

/// What each of the console tools runs.
const TOOLS: [(&str, &str); 3] = [
    ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"),
    ("kafka-console-producer.sh", "org.apache.kafka.tools.ConsoleProducer"),
    (
        "kafka-console-consumer.sh",
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
    ),
];

/// Runs its second argument where /etc/hosts is a copy, the first.
const WITH_HOSTS: &str = r#"cp /etc/hosts "$0" && mount --bind "$0" /etc/hosts && exec sh -c "$1""#;

/// A shell whose first place to look for programs is the test's.
#[derive(Debug)]
pub(super) struct Shell {
    bin: PathBuf,
    hosts: Option<PathBuf>,
    log: PathBuf,
}

impl Shell {
    pub(super) fn new(dir: &Dir) -> Self {
        let bin = dir.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        // In a container there may be no sudo, and no need of it.
        script(&bin.join("sudo"), r#"exec "$@""#);
        Self {
            bin,
            hosts: None,
            log: dir.path().join("commands.log"),
        }
    }

    /// With the console tools from the jars of the set-up.
    pub(super) fn with_console_tools(self, setup: &Setup) -> Self {
        let class_path = setup.class_path(CURRENT);
        for (tool, main_class) in TOOLS {
            // Bounded, since what a shell has started doesn't end with it.
            let java = "timeout 120 java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx256m -Dorg.slf4j.simpleLogger.defaultLogLevel=error";
            let line = format!(r#"exec {java} $KAFKA_OPTS -cp '{class_path}' {main_class} "$@""#);
            script(&self.bin.join(tool), &line);
        }
        self
    }

    /// With an /etc/hosts that may be written, if this machine lets a test have one.
    pub(super) fn with_hosts(mut self, dir: &Dir) -> Option<Self> {
        self.hosts = Some(dir.path().join("etc-hosts"));
        answers("unshare", &["-rm", "true"]).then_some(self)
    }

    /// Runs a script to its end, and gives what it prints, without what clients log.
    pub(super) fn run(&self, script: &str) -> String {
        let mut shell = self.start(script);
        let status = shell.wait(TIME);
        assert!(
            status.is_some_and(|status| status.success()),
            "{script}: {status:?}\n{}",
            shell.tail()
        );
        shell.output()
    }

    /// Runs a command that doesn't end by itself until it has printed `enough`, and gives what it has printed.
    pub(super) fn run_until(&self, command: &str, enough: impl Fn(&str) -> bool) -> String {
        let mut shell = self.start(&format!("trap 'kill $!' TERM\n{command} &\nwait $!"));
        shell.wait_until(command, TIME, enough);
        shell.terminate(TIME);
        shell.output()
    }

    fn start(&self, script: &str) -> Process {
        let _ = fs::remove_file(&self.log);
        // In what cargo sets there is another librdkafka, without TLS.
        let script = format!(
            "unset LD_LIBRARY_PATH\nPATH='{}':\"$PATH\"\n{script}",
            self.bin.display()
        );
        match &self.hosts {
            Some(hosts) => {
                let hosts = hosts.display().to_string();
                let words = ["-rm", "sh", "-ec", WITH_HOSTS, &hosts, &script];
                Process::start("commands", &self.log, "unshare", words)
            }
            None => Process::start("commands", &self.log, "sh", ["-ec", &script]),
        }
    }
}

/// Whether this machine's resolver knows the names that end with `.localhost`.
pub(super) fn resolves_localhost_names() -> bool {
    ("broker-1.team-a.localhost", 0)
        .to_socket_addrs()
        .is_ok_and(|mut found| found.next().is_some())
}

fn script(file: &Path, line: &str) {
    fs::write(file, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}
