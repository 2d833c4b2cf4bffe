//! Runs of Java programs.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::process::Process;
use crate::setup::Setup;

/// One run of a main class.
#[derive(Debug)]
pub(crate) struct Java {
    class_path: String,
    heap: &'static str,
    options: Vec<String>,
}

impl Java {
    /// A JVM with the jars of a Kafka release.
    pub(crate) fn new(setup: &Setup, version: &str) -> Self {
        Self {
            class_path: setup.class_path(version),
            heap: "-Xmx256m",
            options: Vec::new(),
        }
    }

    pub(crate) fn heap(mut self, heap: &'static str) -> Self {
        self.heap = heap;
        self
    }

    pub(crate) fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    pub(crate) fn start(self, name: &str, log: &Path, main_class: &str, args: &[&str]) -> Process {
        // Short runs: the first compiler tier is all that pays, and a second collector thread only takes the other core.
        let mut words: Vec<OsString> = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", self.heap]
            .iter()
            .map(OsString::from)
            .collect();
        words.push("-Dorg.slf4j.simpleLogger.showDateTime=true".into());
        words.push("-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS".into());
        words.extend(self.options.iter().map(OsString::from));
        words.extend(["-cp".into(), self.class_path.into(), main_class.into()]);
        words.extend(args.iter().map(OsString::from));
        Process::start(name, log, "java", words)
    }
}

/// Waits for a program of checks, and fails the test with what it printed unless every check passed.
pub(crate) fn expect_checks_to_pass(program: &mut Process, time: Duration) {
    let status = program.wait(time);
    let output = program.output();
    let passed = output.lines().filter(|line| line.starts_with("PASS ")).count();
    let failed: Vec<&str> = output.lines().filter(|line| line.starts_with("FAIL ")).collect();
    let ended = status.map_or_else(
        || format!("did not end in {time:?}"),
        |status| format!("ended: {status}"),
    );
    assert!(
        status.is_some_and(|status| status.success()) && failed.is_empty() && passed > 0,
        "{ended}, {passed} checks passed, these failed:\n{}\n{}",
        failed.join("\n"),
        program.tail(),
    );
}
