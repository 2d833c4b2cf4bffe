//! Brokers and gateways that go and come back.

use crate::backend::Backend;
use crate::load::Load;
use crate::scenario::{Scenario, setup_or_skip};

#[test]
fn nothing_acknowledged_is_lost_when_a_broker_and_the_gateway_restart() {
    let Some(setup) = setup_or_skip("restarts") else { return };
    let (backend, _turn) = Backend::exclusive(setup);
    let mut scenario = Scenario::on(setup, backend, "restarts");
    let mut load = Load::start(&scenario, &[]);

    backend.stop_node(2);
    load.go_on(&scenario);
    backend.start_node(2);
    load.go_on(&scenario);

    if let Some(gateway) = &mut scenario.gateway {
        gateway.restart();
        load.go_on(&scenario);
    }
    if let Some(gateway) = &mut scenario.gateway {
        gateway.crash_and_restart();
        load.go_on(&scenario);
    }
    load.finish(&scenario);
}
