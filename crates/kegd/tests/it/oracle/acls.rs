//! ACLs of a virtual cluster have the meaning of Kafka's own.
//!
//! The same rules are given to a virtual cluster, on a Kafka without an authorizer, and as Kafka ACLs to a Kafka with its
//! `StandardAuthorizer`. The same random sequences of requests go to both, and must be answered the same, but for what
//! [`meant`] lists. Two sets of rules are always the same, and others are drawn. Somebody who may do anything has made some
//! of what the client may not touch.

mod drawn;
mod kafka;
mod made;
mod meant;
mod rules;

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keg_codec::ApiKey;

use super::play::{Arena, Places};
use super::{case, coverage, run};
use crate::backend::Backend;
use crate::gateway::Config;
use crate::scenario::{Scenario, direct, setup_or_skip};
use rules::Rule;

pub(super) use made::make_what_there_is;
pub(super) use meant::{MEANT, is_not_played, same_failure};

#[test]
fn rules_on_single_names_are_enforced_as_by_kafkas_own_authorizer() {
    let Some(mut sides) = Sides::new("oracle-acls", "oracle-acls-plain") else {
        return;
    };
    let arena = sides.arena(rules::ON_NAMES, case::numbers(1));
    run::sequences("oracle-acls", &arena, &coverage::LISTS);
}

#[test]
fn rules_on_the_cluster_and_on_many_names_are_enforced_as_by_kafkas_own_authorizer() {
    let Some(mut sides) = Sides::new("oracle-acls-many", "oracle-acls-many-plain") else {
        return;
    };
    let arena = sides.arena(rules::ON_THE_CLUSTER, case::numbers(1));
    run::sequences("oracle-acls-many", &arena, &ALLOWED_WITH_THE_CLUSTER);
}

#[test]
fn rules_that_are_drawn_are_enforced_as_by_kafkas_own_authorizer() {
    let Some(mut sides) = Sides::new("oracle-acls-drawn", "oracle-acls-drawn-plain") else {
        return;
    };
    run::rounds("oracle-acls-drawn", |runner| {
        let rules = drawn::rules(runner);
        eprintln!("rules: {}", rules::yaml(&rules, &(0..1)));
        sides.arena(&rules, case::numbers(CASES_OF_A_ROUND))
    });
}

/// What those are allowed always who may describe and alter the cluster; and [`coverage::LISTS`].
const ALLOWED_WITH_THE_CLUSTER: [ApiKey; 8] = [
    ApiKey::ALTER_PARTITION_REASSIGNMENTS,
    ApiKey::DESCRIBE_CLUSTER,
    ApiKey::DESCRIBE_LOG_DIRS,
    ApiKey::ELECT_LEADERS,
    ApiKey::LIST_CONFIG_RESOURCES,
    ApiKey::LIST_GROUPS,
    ApiKey::LIST_PARTITION_REASSIGNMENTS,
    ApiKey::LIST_TRANSACTIONS,
];

/// What has rules on single names in a round; sequences that are made smaller may be more.
const CASES_OF_A_ROUND: u64 = 64;

/// A gateway and a Kafka that have the same rules.
struct Sides {
    config: Config,
    /// A gateway with the same namespaces and no ACLs.
    plain: Scenario,
    scenario: Scenario,
    own: &'static Backend,
    /// There is one Kafka with an authorizer, and it has the rules of one test at a time.
    _turn: MutexGuard<'static, ()>,
}

impl Sides {
    /// `plain` is the scenario of the gateway without ACLs.
    fn new(name: &'static str, plain: &'static str) -> Option<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let setup = setup_or_skip(name)?;
        if direct() {
            // There is no gateway to compare with a Kafka without one.
            return None;
        }
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let [shared, _] = Backend::twins(setup);
        let own = Backend::authorizing_twin(setup);
        let config = Config::new(shared, name);
        let plain = Scenario::with(setup, shared, plain, &config);
        let config = config.of_another_gateway().with_acls("");
        let scenario = Scenario::with(setup, shared, name, &config);
        Some(Self {
            config,
            plain,
            scenario,
            own,
            _turn: turn,
        })
    }

    /// The sides with these rules. Those on single names are about cases with these numbers.
    fn arena(&mut self, rules: &[Rule], numbers: Range<u64>) -> Arena {
        let Self {
            config,
            plain,
            scenario,
            own,
            ..
        } = self;
        kafka::set_acls(&own.bootstrap(), &own.tls_bootstrap(), rules, &numbers);
        let config = config.clone().with_cluster_policies(&rules::yaml(rules, &numbers));
        scenario.gateway.as_mut().unwrap().restart_with(&config.yaml());
        let places = Places {
            clients: [scenario.targets[0].bootstrap.clone(), own.tls_bootstrap()],
            observers: [plain.targets[0].bootstrap.clone(), own.bootstrap()],
            backends: [scenario.backend.bootstrap(), own.bootstrap()],
            other_tenant: Some(plain.targets[1].bootstrap.clone()),
        };
        let prefixes = ["team-a", "team-b"].map(|tenant| config.prefix(tenant));
        Arena::new(places, false, prefixes).with_numbers(numbers)
    }
}
