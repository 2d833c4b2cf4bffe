//! Consumer groups, their offsets and their lag.

use std::time::Duration;

use crate::scenario::Scenario;

#[test]
fn groups_of_both_protocols_share_partitions_and_keep_their_offsets() {
    let Some(scenario) = Scenario::new("groups") else {
        return;
    };
    scenario.java("keg.Groups", Duration::from_secs(180));
}
