//! Ports that port mappings of one listener use.

use super::super::decode::NonEmpty;
use super::super::model::{BootstrapPort, PortRange};
use super::super::problem::{Place, Problem, Report};
use super::super::raw;
use super::forward::Rule;

/// The ports that a rule uses, out of those of its listener.
pub(super) fn ports(rule: &raw::PortMapping, listener: &[PortRange]) -> Option<Vec<PortRange>> {
    match rule.ports.as_ref()? {
        Some(NonEmpty(ports)) => Some(ports.iter().map(|ports| ports.value).collect()),
        None => Some(listener.to_vec()),
    }
}

pub(super) fn check(rules: &[Rule<'_>], listener: &[PortRange], report: &Report) {
    let mut taken: Vec<(PortRange, &Place)> = Vec::new();
    for rule in rules {
        let Rule::PortMapping(rule, place) = rule else {
            continue;
        };
        refuse_foreign(rule, listener, report);
        let Some(ports) = ports(rule, listener) else {
            continue;
        };
        refuse_too_few(rule, &ports, place, report);
        let overlap = ports.iter().find_map(|ports| {
            let (range, first) = taken.iter().find(|(range, _)| range.overlaps(*ports))?;
            Some((range, first))
        });
        if let Some((range, first)) = overlap {
            let message = format!("port {range} is already taken by the rule at {}", first.brief());
            let problem = Problem::new((*place).clone(), message);
            report.add(problem.hint("give each port_mapping of a listener its own `ports`"));
        }
        taken.extend(ports.into_iter().map(|ports| (ports, *place)));
    }
}

/// Reports ports that the listener doesn't have.
fn refuse_foreign(rule: &raw::PortMapping, listener: &[PortRange], report: &Report) {
    let ports = rule.ports.iter().flatten().flat_map(|list| &list.0);
    for ports in ports {
        let mut missing = ports
            .value
            .iter()
            .filter(|port| !listener.iter().any(|range| range.contains(*port)));
        if let Some(port) = missing.next().filter(|_| !listener.is_empty()) {
            let has: Vec<String> = listener.iter().map(ToString::to_string).collect();
            let message = format!("the listener has no port {port}");
            let problem = Problem::new(ports.place.clone(), message);
            report.add(problem.hint(format!("its ports: {}", has.join(", "))));
        }
    }
}

/// Reports a rule that leaves no port for any node.
fn refuse_too_few(rule: &raw::PortMapping, ports: &[PortRange], place: &Place, report: &Report) {
    let count: usize = ports.iter().map(|ports| ports.iter().len()).sum();
    if rule.bootstrap_port == Some(BootstrapPort::AtStart) && count == 1 {
        let message = "the only port is the bootstrap port, and no node has one";
        let problem = Problem::new(place.clone(), message);
        report.add(problem.hint("add a port for each node, or set bootstrap_port: none"));
    }
}
