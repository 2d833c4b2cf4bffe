//! ACLs of a virtual cluster have the meaning of Kafka's own.
//!
//! The same rules are given to a virtual cluster, on a Kafka without an authorizer, and as Kafka ACLs to a Kafka with its
//! `StandardAuthorizer`. The same random sequences of requests go to both, and must be answered the same, but for what
//! [`meant`] lists. Somebody who may do anything has made some of what the client may not touch.

mod kafka;
mod made;
mod meant;
mod rules;

use std::sync::{Mutex, PoisonError};

use super::play::{Arena, Places};
use super::run;
use crate::backend::Backend;
use crate::gateway::Config;
use crate::scenario::{Scenario, direct, setup_or_skip};
use rules::Rule;

pub(super) use made::make_what_there_is;
pub(super) use meant::{MEANT, same_failure};

#[test]
fn rules_on_single_names_are_enforced_as_by_kafkas_own_authorizer() {
    enforced_as_by_kafkas_own_authorizer("oracle-acls", "oracle-acls-plain", rules::ON_NAMES);
}

#[test]
fn rules_on_the_cluster_and_on_many_names_are_enforced_as_by_kafkas_own_authorizer() {
    enforced_as_by_kafkas_own_authorizer("oracle-acls-many", "oracle-acls-many-plain", rules::ON_THE_CLUSTER);
}

/// `plain` is the scenario of a gateway with the same namespaces and no ACLs.
fn enforced_as_by_kafkas_own_authorizer(name: &'static str, plain: &'static str, rules: &[Rule]) {
    static TURN: Mutex<()> = Mutex::new(());
    let Some(setup) = setup_or_skip(name) else { return };
    if direct() {
        // There is no gateway to compare with a Kafka without one.
        return;
    }
    // There is one Kafka with an authorizer, and it has the rules of one test at a time.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let [shared, _] = Backend::twins(setup);
    let own = Backend::authorizing_twin(setup);
    kafka::set_acls(&own.bootstrap(), &own.tls_bootstrap(), rules);
    let config = Config::new(shared, name);
    let plain = Scenario::with(setup, shared, plain, &config);
    let config = config.of_another_gateway().with_acls(&rules::yaml(rules));
    let scenario = Scenario::with(setup, shared, name, &config);
    let places = Places {
        clients: [scenario.targets[0].bootstrap.clone(), own.tls_bootstrap()],
        observers: [plain.targets[0].bootstrap.clone(), own.bootstrap()],
        backends: [shared.bootstrap(), own.bootstrap()],
        other_tenant: Some(plain.targets[1].bootstrap.clone()),
    };
    let prefixes = ["team-a", "team-b"].map(|tenant| config.prefix(tenant));
    run::sequences(name, &Arena::new(places, false, prefixes));
}
