//! Idempotent and transactional producers.

use std::time::Duration;

use crate::java::{Java, expect_checks_to_pass};
use crate::process::Process;
use crate::scenario::{Scenario, Target};
use crate::setup::CURRENT;

const TIME: Duration = Duration::from_secs(120);

#[test]
fn transactions_are_exactly_once_and_apart_for_each_virtual_cluster() {
    let Some(scenario) = Scenario::new("transactions") else {
        return;
    };
    run(&scenario);
}

/// The checks, with a copier for each virtual cluster beside them.
pub(crate) fn run(scenario: &Scenario) {
    let mut program = scenario.start_java("keg.Transactions", &[]);
    program.wait_until("the input of the copiers", TIME, |output| {
        output.contains("COPIERS MAY START")
    });

    let mut copiers: Vec<Process> = scenario.targets.iter().map(|target| copier(scenario, target)).collect();
    for copier in &mut copiers {
        let status = copier.wait(TIME);
        assert!(
            status.is_some_and(|status| status.success()),
            "{status:?}\n{}",
            copier.tail()
        );
    }
    expect_checks_to_pass(&mut program, TIME);
}

/// Kafka's own test of exactly once; some of its transactions are aborted at random, and copied again.
fn copier(scenario: &Scenario, target: &Target) -> Process {
    let args = [
        ["--broker-list", &target.bootstrap],
        ["--input-topic", "copy-in"],
        ["--input-partition", "0"],
        ["--output-topic", "copy-out"],
        ["--transaction-size", "50"],
        ["--transactional-id", "copier"],
        ["--consumer-group", "copy-group"],
    ];
    let mut args: Vec<&str> = args.as_flattened().to_vec();
    args.extend(["--enable-random-aborts", "--use-group-metadata"]);
    let name = format!("copier-{}", target.name);
    let log = scenario.dir.join(format!("{name}.log"));
    Java::new(scenario.setup, CURRENT)
        .option("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        .start(&name, &log, "org.apache.kafka.tools.TransactionalMessageCopier", &args)
}
