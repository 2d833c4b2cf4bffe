//! What is wrong, unknown, or not a tenant's to ask.

use std::time::Duration;

use crate::scenario::Scenario;

#[test]
fn what_is_wrong_or_unknown_is_answered_as_kafka_answers_it() {
    let Some(scenario) = Scenario::new("refusals") else {
        return;
    };
    scenario.java("keg.Refusals", Duration::from_secs(120));
}
