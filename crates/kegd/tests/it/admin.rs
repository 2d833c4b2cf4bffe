//! Administration, by the client library and by Kafka's command line tools.

use std::time::Duration;

use crate::backend::Backend;
use crate::scenario::{Scenario, direct, setup_or_skip};

#[test]
fn the_command_line_tools_print_what_they_print_on_a_cluster_of_ones_own() {
    let Some(setup) = setup_or_skip("admin") else { return };
    let (own, _turn) = Backend::exclusive(setup);
    let backend = if direct() { own } else { Backend::shared(setup) };
    let scenario = Scenario::on(setup, backend, "admin").with_own_cluster(own);
    scenario.java("keg.AdminTools", Duration::from_secs(180));
}

#[test]
fn a_topic_that_is_deleted_and_made_again_under_its_name_works_at_once() {
    let Some(scenario) = Scenario::new("made-again") else {
        return;
    };
    scenario.java("keg.MadeAgain", Duration::from_secs(120));
}
