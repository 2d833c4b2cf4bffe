//! Changes of the configuration under load.

use crate::backend::Backend;
use crate::gateway::Config;
use crate::load::Load;
use crate::scenario::{Scenario, direct, setup_or_skip};

const NO_DELETIONS: &str = "[{ type: block_apis, name: no-deletions, config: { apis: [delete_topics] } }]";
const ERRORS: &str = "kong_keg_config_errors_total";

#[test]
fn a_change_of_policies_takes_effect_on_open_connections_and_disturbs_nothing() {
    let Some(setup) = setup_or_skip("reload") else { return };
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "reload");
    let mut scenario = Scenario::with(setup, backend, "reload", &config);
    let mut load = Load::start(&scenario, &["undisturbed"]);
    load.expect_deletions_to_be(&scenario, "deleted");

    if !direct() {
        reload(
            &mut scenario,
            &config.clone().with_cluster_policies(NO_DELETIONS).yaml(),
        );
        load.until_deletions_are(&scenario, "refused");
        load.go_on(&scenario);

        refuse(&mut scenario, "virtual_clusters: [");
        refuse(
            &mut scenario,
            &config
                .yaml()
                .replace("destination: { name: main }", "destination: { name: absent }"),
        );
        load.go_on(&scenario);
        load.expect_deletions_to_be(&scenario, "refused");

        reload(&mut scenario, &config.yaml());
        load.until_deletions_are(&scenario, "deleted");
    }
    load.go_on(&scenario);
    load.finish(&scenario);
}

fn reload(scenario: &mut Scenario, yaml: &str) {
    scenario.gateway.as_mut().unwrap().reload(yaml);
}

/// A file that is not taken: logged and counted.
fn refuse(scenario: &mut Scenario, yaml: &str) {
    let gateway = scenario.gateway.as_mut().unwrap();
    let before = count(&gateway.metrics(), ERRORS);
    gateway.reload(yaml);
    gateway.wait_until("a refused configuration", |log, metrics| {
        count(metrics, ERRORS) > before && log.contains("error")
    });
}

/// The sum of a metric over its labels.
fn count(metrics: &str, name: &str) -> f64 {
    metrics
        .lines()
        .filter(|line| line.starts_with(name))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}
