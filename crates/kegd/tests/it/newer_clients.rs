//! Clients of a newer Kafka, which say at each connection what they expect there (KIP-1242).

use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::java::expect_checks_to_pass;
use crate::load::Load;
use crate::scenario::{Scenario, direct, setup_or_skip};
use crate::setup::NEWER_CLIENTS;

const TIME: Duration = Duration::from_secs(180);

#[test]
fn newer_clients_produce_consume_and_administer() {
    let Some(scenario) = scenario("newer-clients") else {
        return;
    };
    scenario.java("keg.Codecs", TIME);
}

#[test]
fn newer_clients_form_groups() {
    let Some(scenario) = scenario("newer-groups") else {
        return;
    };
    expect_checks_to_pass(&mut scenario.start_java("keg.Groups", &["clients-only"]), TIME);
}

#[test]
fn newer_clients_come_back_when_the_gateway_restarts() {
    let Some(mut scenario) = scenario("newer-restart") else {
        return;
    };
    let mut load = Load::start(&scenario, &[]);
    if let Some(gateway) = &mut scenario.gateway {
        gateway.restart();
    }
    load.go_on(&scenario);
    load.finish(&scenario);
}

#[test]
fn newer_clients_go_on_with_another_cluster_behind_the_same_address() {
    let Some(setup) = setup_or_skip("newer-elsewhere") else {
        return;
    };
    if direct() {
        return;
    }
    let (other, _turn) = Backend::exclusive(setup);
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "newer-elsewhere");
    let mut scenario = checking(Scenario::with(setup, backend, "newer-elsewhere", &config));
    let mut program = scenario.start_java("keg.Elsewhere", &[]);
    program.wait_until("work on the first cluster", TIME, |output| {
        output.matches("THE CLUSTER MAY CHANGE").count() == scenario.targets.len()
    });
    if let Some(gateway) = &mut scenario.gateway {
        gateway.reload(&config.with_backend(other).yaml());
    }
    expect_checks_to_pass(&mut program, TIME);
}

fn scenario(name: &'static str) -> Option<Scenario> {
    Scenario::new(name).map(checking)
}

/// Clients that have brokers compare the cluster and the node with what they expect.
fn checking(scenario: Scenario) -> Scenario {
    let mut scenario = scenario.with_clients(NEWER_CLIENTS);
    for target in &mut scenario.targets {
        target.client.push("metadata.cluster.check.enable=true".to_owned());
    }
    scenario
}
