//! Addresses and ports that would be listened on twice.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::decode::At;
use super::super::model::PortRange;
use super::super::problem::{Place, Problem, Report};
use super::super::raw;

/// A range of ports on one address.
struct Sockets<'a> {
    address: IpAddr,
    ports: PortRange,
    place: &'a Place,
    owner: String,
}

pub(super) fn check(listeners: &[At<raw::Listener>], runtime: Option<&At<raw::Runtime>>, report: &Report) {
    let mut all: Vec<Sockets<'_>> = runtime.map(health_sockets).unwrap_or_default();
    for listener in listeners {
        refuse_repeated_addresses(&listener.value, report);
        all.extend(listener_sockets(&listener.value));
    }
    all.sort_by_key(|sockets| (sockets.ports, sockets.place));
    let mut reported = BTreeSet::new();
    let mut rest = all.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let taken = others
            .iter()
            .take_while(|other| other.ports.overlaps(first.ports))
            .find(|other| overlap(first, other));
        if let Some(other) = taken {
            let (earlier, later) = in_order(first, other);
            // Listeners that share several addresses share their ports on each.
            if reported.insert((earlier.place, later.place)) {
                refuse(earlier, later, report);
            }
        }
        rest = others;
    }
}

fn in_order<'s, 'a>(one: &'s Sockets<'a>, other: &'s Sockets<'a>) -> (&'s Sockets<'a>, &'s Sockets<'a>) {
    if one.place <= other.place {
        (one, other)
    } else {
        (other, one)
    }
}

/// The same range on several addresses of one listener isn't taken twice: repeated addresses are reported as such.
fn overlap(one: &Sockets<'_>, other: &Sockets<'_>) -> bool {
    one.place != other.place && is_common(one.address, other.address)
}

/// Whether who listens on the one listens on the other too.
pub(super) fn is_common(one: IpAddr, other: IpAddr) -> bool {
    one.to_canonical() == other.to_canonical() || one.is_unspecified() || other.is_unspecified()
}

fn refuse(earlier: &Sockets<'_>, later: &Sockets<'_>, report: &Report) {
    let message = format!(
        "port {} on {} is already taken by {} at {}",
        later.ports,
        later.address,
        earlier.owner,
        earlier.place.brief()
    );
    report.add(Problem::new(later.place.clone(), message));
}

fn health_sockets(runtime: &At<raw::Runtime>) -> Vec<Sockets<'_>> {
    let addresses = runtime.value.health_listener_address_port.iter();
    let addresses = addresses.flat_map(|addresses| &addresses.0);
    addresses
        .filter_map(|address| {
            // Port 0 is whichever is free.
            let port = address.value.port();
            Some(Sockets {
                address: address.value.ip(),
                ports: PortRange::new(port, port).ok()?,
                place: &address.place,
                owner: "health_listener_address_port".into(),
            })
        })
        .collect()
}

fn listener_sockets(listener: &raw::Listener) -> impl Iterator<Item = Sockets<'_>> {
    let name = listener.name.as_ref();
    let name = name.map_or("?".into(), |name| name.show(&name.value.0));
    let owner = format!("listener {name}");
    let addresses = listener.addresses.iter().flat_map(|list| &list.0);
    addresses.flat_map(move |address| {
        let owner = owner.clone();
        let ports = listener.ports.iter().flat_map(|list| &list.0);
        ports.map(move |ports| Sockets {
            address: address.value,
            ports: ports.value,
            place: &ports.place,
            owner: owner.clone(),
        })
    })
}

fn refuse_repeated_addresses(listener: &raw::Listener, report: &Report) {
    let mut seen = BTreeSet::new();
    for address in listener.addresses.iter().flat_map(|list| &list.0) {
        if !seen.insert(address.value) {
            let message = format!("{} is listed twice", address.value);
            report.add(Problem::new(address.place.clone(), message));
        }
    }
}
