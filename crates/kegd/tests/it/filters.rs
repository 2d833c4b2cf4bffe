//! Lists with filters.

use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, setup_or_skip};

#[test]
fn transactions_and_groups_are_filtered_among_the_clients_own_in_both_modes() {
    let Some(setup) = setup_or_skip("filters") else { return };
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "filters").with_modes(["hide_prefix", "enforce_prefix"]);
    let scenario = Scenario::with(setup, backend, "filters", &config);
    let mut program = scenario.start_java("keg.Filters", &["team-b"]);
    expect_checks_to_pass(&mut program, Duration::from_secs(180));
}
