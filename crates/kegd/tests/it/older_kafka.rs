//! The core of the tests with an older Kafka behind the gateway.

use std::time::Duration;

use crate::backend::Backend;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, setup_or_skip};
use crate::transactions;

const TIME: Duration = Duration::from_secs(120);

#[test]
fn records_come_back_as_they_were_sent_on_an_older_kafka() {
    let Some(scenario) = scenario("older-codecs") else {
        return;
    };
    scenario.java("keg.Codecs", TIME);
}

#[test]
fn classic_groups_share_partitions_on_an_older_kafka() {
    let Some(scenario) = scenario("older-groups") else {
        return;
    };
    expect_checks_to_pass(&mut scenario.start_java("keg.Groups", &["classic-only"]), TIME);
}

#[test]
fn transactions_are_exactly_once_on_an_older_kafka() {
    let Some(scenario) = scenario("older-transactions") else {
        return;
    };
    transactions::run(&scenario);
}

#[test]
fn topics_are_administered_by_name_and_by_id_on_an_older_kafka() {
    let Some(scenario) = scenario("older-admin") else {
        return;
    };
    scenario.java("keg.TopicIds", TIME);
}

fn scenario(name: &'static str) -> Option<Scenario> {
    let setup = setup_or_skip(name)?;
    Some(Scenario::on(setup, Backend::older(setup), name))
}
