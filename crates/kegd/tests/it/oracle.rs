//! A virtual cluster answers as a Kafka of one's own.
//!
//! The same random sequence of requests, of all APIs and versions that a namespace serves, goes to a virtual cluster on
//! a Kafka that another tenant has objects on, and to a Kafka without a gateway. What both sides answer must be the same,
//! but for what each makes up for itself ([`normal`]) and what the gateway refuses on purpose ([`meant`]).
//!
//! `KEG_ORACLE_CASES` is how many sequences there are of each mode; without it, as many of always the same ones as fit into
//! a short time. `KEG_ORACLE_SEED` repeats those of an earlier run.

mod acls;
mod batch;
mod case;
mod coverage;
mod generate;
mod meant;
mod memory;
mod normal;
mod others;
mod play;
mod probe;
mod resolve;
mod run;
mod settle;
mod shown;
mod side;
mod symbols;
mod tally;
mod term;
mod tests;
mod warm_up;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::scenario::{Scenario, direct, setup_or_skip};
use play::{Arena, Places};

#[test]
fn a_virtual_cluster_with_a_hidden_prefix_answers_as_a_kafka_of_ones_own() {
    answers_as_a_kafka_of_ones_own("oracle-hide", "hide_prefix");
}

#[test]
fn a_virtual_cluster_with_an_enforced_prefix_answers_as_a_kafka_of_ones_own() {
    answers_as_a_kafka_of_ones_own("oracle-enforce", "enforce_prefix");
}

fn answers_as_a_kafka_of_ones_own(name: &'static str, mode: &'static str) {
    let Some(setup) = setup_or_skip(name) else { return };
    if direct() {
        // There is no gateway to compare with a Kafka without one.
        return;
    }
    let [shared, own] = Backend::twins(setup);
    let config = Config::new(shared, name).with_modes([mode; 2]);
    let scenario = Scenario::with(setup, shared, name, &config);
    let prefixes = ["team-a", "team-b"].map(|tenant| config.prefix(tenant));
    let addresses = [scenario.targets[0].bootstrap.clone(), own.bootstrap()];
    let places = Places {
        observers: addresses.clone(),
        clients: addresses,
        backends: [shared.bootstrap(), own.bootstrap()],
        other_tenant: Some(scenario.targets[1].bootstrap.clone()),
    };
    let arena = Arena::new(places, mode == "enforce_prefix", prefixes);
    run::sequences(name, &arena, &[]);
}
