//! ACLs of the backend, administered through virtual clusters.

use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::scenario::{Scenario, setup_or_skip};

#[test]
fn acls_are_administered_as_on_a_cluster_of_ones_own_in_both_modes() {
    let Some(setup) = setup_or_skip("acls") else { return };
    let backend = Backend::authorizing(setup);
    let config = Config::new(backend, "acls").with_modes(["hide_prefix", "enforce_prefix"]);
    // Before anybody else has ACLs on it, the backend is a cluster of one's own.
    let scenario = Scenario::with(setup, backend, "acls", &config).with_own_cluster(backend);
    scenario.java("keg.Acls", Duration::from_secs(180));
}

#[test]
fn a_backend_without_an_authorizer_says_so_through_a_namespace() {
    let Some(scenario) = Scenario::new("acls-disabled") else {
        return;
    };
    scenario.java("keg.AclsDisabled", Duration::from_secs(60));
}
