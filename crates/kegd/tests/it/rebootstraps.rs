//! Clients that know addresses of nodes which are no longer there, or lead elsewhere (KIP-899, KIP-1102).

use crate::backend::Backend;
use crate::gateway::{Config, Gateway};
use crate::load::Load;
use crate::scenario::{Scenario, setup_or_skip};

#[test]
fn clients_come_back_by_a_bootstrap_address_when_all_nodes_have_moved() {
    under_load("moved-nodes", Config::with_other_ports, |gateway, yaml| {
        gateway.reload(yaml);
        gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    });
}

#[test]
fn clients_find_the_nodes_when_their_ports_lead_to_others() {
    under_load("shifted-nodes", Config::with_shifted_nodes, Gateway::restart_with);
}

/// Nothing is lost, and everything goes on, over a change of the addresses that clients have learned.
fn under_load(name: &'static str, changed: impl Fn(Config) -> Config, put_in_force: impl Fn(&mut Gateway, &str)) {
    let Some(setup) = setup_or_skip(name) else { return };
    let backend = Backend::shared(setup);
    let config = Config::new(backend, name);
    let next = changed(config.clone());
    let mut scenario = Scenario::with(setup, backend, name, &config);
    if scenario.gateway.is_some() {
        for (index, target) in scenario.targets.iter_mut().enumerate() {
            target.bootstrap = format!("{},{}", config.bootstrap(index), next.bootstrap(index));
            // Clients that are quick to try known nodes again take five minutes to give them up.
            target
                .client
                .push("metadata.recovery.rebootstrap.trigger.ms=2000".to_owned());
        }
    }
    let mut load = Load::start(&scenario, &[]);
    if let Some(gateway) = &mut scenario.gateway {
        put_in_force(gateway, &next.yaml());
    }
    load.go_on(&scenario);
    load.finish(&scenario);
}
