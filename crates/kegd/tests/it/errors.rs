//! What error messages say.

use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::scenario::{Scenario, direct, setup_or_skip};

#[test]
fn error_messages_say_what_they_say_on_a_cluster_of_ones_own_in_both_modes() {
    let Some(setup) = setup_or_skip("errors") else { return };
    let (own, _turn) = Backend::exclusive(setup);
    let backend = if direct() { own } else { Backend::shared(setup) };
    // With a dot, so that there are names that differ in it only.
    let config = Config::new(backend, "errors.of").with_modes(["hide_prefix", "enforce_prefix"]);
    let scenario = Scenario::with(setup, backend, "errors", &config).with_own_cluster(own);
    scenario.java("keg.Errors", Duration::from_secs(180));
}
