//! Topics and groups of the backend beside a virtual cluster's own.

use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::scenario::{Scenario, setup_or_skip};

const ADDITIONAL: &str = "{ \
    topics: [{ type: glob, glob: additional-shared-* }, { type: exact_list, exact_list: [{ backend: additional-legacy }] }], \
    consumer_groups: [{ type: glob, glob: additional-app-* }] }";
const CONFLICT: &str = "kong_keg_kafka_namespace_topic_conflict";

#[test]
fn additional_topics_and_groups_are_used_by_all_and_altered_by_none_in_both_modes() {
    let Some(setup) = setup_or_skip("additional") else {
        return;
    };
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "additional")
        .with_modes(["hide_prefix", "enforce_prefix"])
        .with_additional(ADDITIONAL);
    let scenario = Scenario::with(setup, backend, "additional", &config);
    scenario.java("keg.Additional", Duration::from_secs(180));
    if let Some(gateway) = &scenario.gateway {
        // The program made one in the namespace whose prefix is hidden.
        let metrics = gateway.metrics();
        let conflicts: Vec<&str> = metrics.lines().filter(|line| line.starts_with(CONFLICT)).collect();
        let value = |virtual_cluster: &str| {
            let label = format!("virtual_cluster=\"{virtual_cluster}\"");
            let line = conflicts.iter().find(|line| line.contains(&label));
            line.and_then(|line| line.rsplit(' ').next())
        };
        assert_eq!(value("team-a"), Some("1"), "{metrics}");
        assert_eq!(value("team-b"), Some("0"), "{metrics}");
        let log = gateway.log_tail();
        let lines = log
            .lines()
            .filter(|line| line.contains("additional-team-a-additional-legacy"));
        assert_eq!(lines.count(), 1, "{log}");
    }
}
