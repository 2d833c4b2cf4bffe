//! A producer and a consumer in each virtual cluster, running while a test disturbs what is between them and Kafka.

use std::fs;
use std::time::{Duration, Instant};

use crate::java::expect_checks_to_pass;
use crate::process::Process;
use crate::scenario::Scenario;

/// How long the next records may take; a client that lost a broker waits for its own timeouts first.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running programs.
#[derive(Debug)]
pub(crate) struct Load {
    process: Process,
    probes: usize,
}

impl Load {
    /// Starts the load, and waits until it runs in every virtual cluster.
    pub(crate) fn start(scenario: &Scenario, args: &[&str]) -> Self {
        let process = scenario.start_java("keg.Load", args);
        let mut load = Self { process, probes: 0 };
        load.go_on(scenario);
        load
    }

    /// Waits until several hundred more records went through in every virtual cluster.
    pub(crate) fn go_on(&mut self, scenario: &Scenario) {
        for target in &scenario.targets {
            let start = progress(&self.process.output(), &target.name);
            let what = format!("progress of {} after {start} records", target.name);
            self.process
                .wait_until(&what, PATIENCE, |output| progress(output, &target.name) >= start + 600);
        }
    }

    /// Fails unless every virtual cluster's administrator now gets this answer to an attempt to delete a topic.
    pub(crate) fn expect_deletions_to_be(&mut self, scenario: &Scenario, expected: &str) {
        let answers = self.try_to_delete_a_topic(scenario);
        assert!(all_start(&answers, expected), "expected {expected}, found {answers:?}");
    }

    /// Tries until the answer is as expected: a signal doesn't say when it was heard.
    pub(crate) fn until_deletions_are(&mut self, scenario: &Scenario, expected: &str) {
        let start = Instant::now();
        loop {
            let answers = self.try_to_delete_a_topic(scenario);
            if all_start(&answers, expected) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "expected {expected}, found {answers:?}");
        }
    }

    /// Has the administrators try to delete a topic, over connections that were open before; what came of it.
    fn try_to_delete_a_topic(&mut self, scenario: &Scenario) -> Vec<String> {
        self.probes += 1;
        fs::write(scenario.dir.join(format!("probe-{}", self.probes)), "").unwrap();
        let answer = |output: &str, name: &str| {
            let start = format!("PROBE {} {name} ", self.probes);
            output
                .lines()
                .find_map(|line| line.strip_prefix(&start).map(str::to_owned))
        };
        let names: Vec<&str> = scenario.targets.iter().map(|target| target.name.as_str()).collect();
        self.process.wait_until("answers to a deletion", PATIENCE, |output| {
            names.iter().all(|name| answer(output, name).is_some())
        });
        let output = self.process.output();
        names.iter().filter_map(|name| answer(&output, name)).collect()
    }

    /// Ends the load, and checks what was acknowledged against what is there and what was read.
    pub(crate) fn finish(mut self, scenario: &Scenario) {
        fs::write(scenario.dir.join("stop"), "").unwrap();
        expect_checks_to_pass(&mut self.process, Duration::from_secs(120));
    }
}

/// The records that a virtual cluster's consumer has read, by the last line about it.
fn progress(output: &str, name: &str) -> u64 {
    let start = format!("PROGRESS {name} ");
    let last = output.lines().rev().find_map(|line| line.strip_prefix(&start));
    last.and_then(|count| count.parse().ok()).unwrap_or(0)
}

fn all_start(answers: &[String], expected: &str) -> bool {
    answers.iter().all(|answer| answer.starts_with(expected))
}
