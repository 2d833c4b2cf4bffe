//! The isolation prober: a client of one virtual cluster sends every request of Kafka's protocol in every version, names
//! another's objects in it by every means, and looks for them in every byte that comes back; then at the objects.
//!
//! It knows the protocol from Kafka's own definitions, and nothing from the gateway's tables: a mistake in those can't
//! hide in both.

mod build;
mod decode;
pub(crate) mod definitions;
mod doors;
mod embedded;
pub(crate) mod encode;
mod expressions;
mod means;
mod objects;
mod probes;
pub(crate) mod records;
mod report;
mod run;
mod scan;
mod side;
mod slots;
mod state;
mod tenant;
mod told;
pub(crate) mod wire;
mod world;

use std::thread;

use definitions::Definitions;
use scan::Detector;
use side::{MODES, Outcome, Side};
use world::World;

use crate::gateway::Gateway;
use crate::scenario::setup_or_skip;

/// Each side has its things on one of these.
const NODES: i64 = 3;

#[test]
fn nothing_of_another_virtual_cluster_is_shown_told_or_touched_and_without_a_gateway_everything_is() {
    let Some(setup) = setup_or_skip("prober") else { return };
    let Some(definitions) = Definitions::read_or_skip(setup, "prober") else {
        return;
    };
    let world = World::new(setup, &definitions);
    let (mut sides, _gateways): (Vec<Side>, Vec<Gateway>) = (0..)
        .zip(MODES)
        .map(|(number, combination)| Side::behind_gateway(&world, 1 + number % NODES, combination))
        .unzip();
    sides.iter_mut().for_each(|side| side.look_before(&world));
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let running: Vec<_> = sides.iter().map(|side| scope.spawn(|| side.probe(&world))).collect();
        running.into_iter().map(|it| it.join().unwrap()).collect()
    });

    for Outcome { report, .. } in &outcomes {
        eprintln!("{}", report.counts());
    }
    let found: String = outcomes.iter().map(|outcome| outcome.report.to_string()).collect();
    assert!(found.is_empty(), "through the gateway:\n{found}");

    // The same without a gateway, on a cluster that need not survive it.
    let mut direct = Side::of_backend(&world);
    direct.look_before(&world);
    let control = direct.probe(&world);
    eprintln!("{}", control.report.counts());
    for detector in Detector::ALL {
        let leaks = control.report.leaks_of(detector);
        assert!(leaks > 0, "{detector:?} has found nothing on the backend itself");
    }
    for facet in direct.facets() {
        let damage = control.report.damage_of(facet);
        assert!(damage > 0, "no damage to {facet} was found on the backend itself");
    }

    for (side, outcome) in sides.iter().zip(&outcomes) {
        let cut_off = cut_off(side, outcome, &control);
        assert!(cut_off.is_empty(), "{}: Kafka answers these: {cut_off:#?}", side.stem);
    }
    // Requests that nobody understands would show nothing.
    for Outcome { report, advertised, .. } in outcomes.iter().chain([&control]) {
        let missed: Vec<_> = advertised.difference(&report.understood).collect();
        assert!(
            missed.is_empty(),
            "{}: not understood of what is served: {missed:?}",
            report.name
        );
    }
}

/// The probes that Kafka answers, and the gateway doesn't.
fn cut_off(side: &Side, outcome: &Outcome, control: &Outcome) -> Vec<String> {
    assert!(
        outcome.more.is_empty() || outcome.more.len() == control.more.len(),
        "probes in the same order"
    );
    let both = outcome.replies.iter().zip(&control.replies);
    let more = side.more().iter().zip(outcome.more.iter().zip(&control.more));
    let probes = side.probes.iter().zip(both).chain(more);
    let cut_off = probes.filter(|(_, (through, direct))| through.frame().is_none() && direct.frame().is_some());
    cut_off
        .map(|(probe, (through, _))| format!("{} {}, {}: {}", probe.api, probe.version, probe.means, through.kind()))
        .collect()
}
