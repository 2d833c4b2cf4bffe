//! Listeners on different addresses that tell their clients the same one.

use std::net::IpAddr;

use super::super::decode::At;
use super::super::model::PortRange;
use super::super::problem::{Place, Problem, Report};
use super::super::raw;
use super::forward::Rule;
use super::{port_mapping, socket};

/// What the clients of a port mapping are told.
struct Told<'a> {
    listener: &'a raw::Listener,
    host: &'a str,
    ports: Vec<PortRange>,
    place: &'a Place,
}

/// Refuses what would lead clients from one virtual cluster into another. Listeners that have an address in common
/// can't have a port in common, and are left out.
pub(super) fn check(listeners: &[At<raw::Listener>], report: &Report) {
    let all: Vec<Told<'_>> = listeners.iter().flat_map(|listener| told(&listener.value)).collect();
    for (place, later) in all.iter().enumerate() {
        let earlier = all.iter().take(place).find(|it| it.is_also(later));
        let Some(earlier) = earlier else { continue };
        let message = format!(
            "{:?} is advertised with the same ports by the rule at {} of another listener, and leads to one of the two only",
            later.host,
            earlier.place.brief()
        );
        let problem = Problem::new(later.place.clone(), message);
        report.add(problem.hint("give each its own `advertised_host`, or ports"));
    }
}

fn told(listener: &raw::Listener) -> impl Iterator<Item = Told<'_>> {
    let policies = listener.policies.iter().flat_map(|policies| &policies.items);
    let open: Vec<PortRange> = listener
        .ports
        .iter()
        .flat_map(|list| &list.0)
        .map(|it| it.value)
        .collect();
    policies.filter_map(move |policy| match Rule::new(policy)? {
        Rule::PortMapping(rule, place) => Some(Told {
            listener,
            host: &rule.advertised_host.as_ref()?.0,
            ports: port_mapping::ports(rule, &open)?,
            place,
        }),
        Rule::Sni(..) | Rule::SniPassthrough(..) => None,
    })
}

impl Told<'_> {
    fn is_also(&self, other: &Self) -> bool {
        self.host == other.host
            && self
                .ports
                .iter()
                .any(|one| other.ports.iter().any(|two| one.overlaps(*two)))
            && !self
                .addresses()
                .any(|one| other.addresses().any(|two| socket::is_common(one, two)))
    }

    fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let addresses = self.listener.addresses.iter().flat_map(|list| &list.0);
        addresses.map(|address| address.value)
    }
}
