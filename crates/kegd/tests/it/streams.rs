//! Kafka Streams.

use std::time::Duration;

use crate::java::expect_checks_to_pass;
use crate::scenario::Scenario;

#[test]
fn a_streams_application_counts_exactly_once_over_a_restart() {
    let Some(scenario) = Scenario::new("streams") else {
        return;
    };
    scenario.java("keg.Streams", Duration::from_secs(180));
}

#[test]
fn a_streams_application_counts_exactly_once_with_tasks_that_the_coordinator_assigns() {
    let Some(scenario) = Scenario::new("streams-groups") else {
        return;
    };
    let mut program = scenario.start_java("keg.Streams", &["streams"]);
    expect_checks_to_pass(&mut program, Duration::from_secs(180));
}
