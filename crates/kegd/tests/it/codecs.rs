//! Records: every codec, keys, headers, timestamps, tombstones, offsets.

use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::scenario::{Scenario, direct, setup_or_skip};

#[test]
fn records_of_every_codec_come_back_as_they_were_sent() {
    let Some(scenario) = Scenario::new("codecs") else {
        return;
    };
    scenario.java("keg.Codecs", Duration::from_secs(120));
}

#[test]
fn large_requests_pass_through_a_hidden_prefix_and_acls_as_they_were_sent() {
    let Some(setup) = setup_or_skip("large-requests") else {
        return;
    };
    if direct() {
        return;
    }
    let rule = |resource: &str, operations: &[&str], name: &str| {
        let operations: Vec<_> = operations.iter().map(|name| format!("{{ name: {name} }}")).collect();
        format!(
            "{{ resource_type: {resource}, action: allow, operations: [{}], resource_names: [{{ match: \"{name}\" }}] }}",
            operations.join(", ")
        )
    };
    let all = [
        rule("topic", &["all"], "large-*"),
        // Not written to.
        rule("topic", &["create", "describe", "read"], "shown"),
        rule("transactional_id", &["all"], "*"),
        rule("cluster", &["all"], "*"),
    ];
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "large-requests")
        .with_modes(["hide_prefix", "hide_prefix"])
        .with_acls(&all.join(", "));
    let scenario = Scenario::with(setup, backend, "large-requests", &config);
    scenario.java("keg.LargeRequests", Duration::from_secs(300));
}
