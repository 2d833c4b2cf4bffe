//! Share groups.

use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, direct, setup_or_skip};

#[test]
fn share_groups_of_the_same_name_share_their_own_records() {
    let Some(scenario) = Scenario::new("share-groups") else {
        return;
    };
    scenario.java("keg.ShareGroups", Duration::from_secs(240));
}

#[test]
fn share_groups_are_used_with_an_enforced_prefix() {
    let Some(setup) = setup_or_skip("share-groups-enforced") else {
        return;
    };
    if direct() {
        // Without a gateway it is the test above.
        return;
    }
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "share-groups-enforced").with_modes(["hide_prefix", "enforce_prefix"]);
    let scenario = Scenario::with(setup, backend, "share-groups-enforced", &config);
    let mut program = scenario.start_java("keg.ShareGroups", &["team-b"]);
    expect_checks_to_pass(&mut program, Duration::from_secs(240));
}
