//! Kafka Streams.

use std::time::Duration;

use crate::scenario::Scenario;

#[test]
fn a_streams_application_counts_exactly_once_over_a_restart() {
    let Some(scenario) = Scenario::new("streams") else {
        return;
    };
    scenario.java("keg.Streams", Duration::from_secs(180));
}
