//! What can only be wrong between rules, or between listeners.

use std::{fmt::Debug, sync::Arc};

use super::{Entry, Listener};
use crate::{Ports, Problem, advertise::Hosts};

/// Listeners that get in each other's way.
pub(super) fn listeners<D>(earlier: &[Listener<D>], listener: &Listener<D>, problems: &mut Vec<Problem>) {
    for other in earlier {
        if other.scope.overlaps(&listener.scope) {
            let shared = Ports::common(&other.ports, &listener.ports);
            problems.extend(shared.map(|ports| Problem::SharedPort {
                ports,
                first: other.name.to_string(),
                second: listener.name.to_string(),
            }));
        } else {
            same_advertised(other, listener, problems);
        }
    }
}

/// Port mappings that tell their clients the same host and port, which leads to one of them at most.
fn same_advertised<D>(earlier: &Listener<D>, listener: &Listener<D>, problems: &mut Vec<Problem>) {
    for first in &earlier.mappings {
        for second in &listener.mappings {
            let (Some((host, one)), Some((other, two))) = (first.told(), second.told()) else {
                continue;
            };
            if host != other {
                continue;
            }
            problems.extend(
                Ports::common(one.ports(), two.ports()).map(|ports| Problem::SharedAddress {
                    host: host.to_owned(),
                    ports,
                    first: first.rule().clone(),
                    second: second.rule().clone(),
                }),
            );
        }
    }
}

/// Rules of one listener that get in each other's way.
pub(super) fn listener<D: Debug>(listener: &Listener<D>, problems: &mut Vec<Problem>) {
    overlapping_ports(listener, problems);
    names_within_templates(listener, problems);
    taken_hosts(listener, problems);
    unreachable(listener, problems);
}

fn overlapping_ports<D>(listener: &Listener<D>, problems: &mut Vec<Problem>) {
    let mut mappings = listener.mappings.iter();
    while let Some(first) = mappings.next() {
        for second in mappings.clone() {
            let (Some(one), Some(two)) = (first.layout(), second.layout()) else {
                continue;
            };
            problems.extend(
                Ports::common(one.ports(), two.ports()).map(|ports| Problem::OverlappingPorts {
                    ports,
                    first: first.rule().clone(),
                    second: second.rule().clone(),
                }),
            );
        }
    }
}

/// Bootstrap names that are also a node's name, and templates that have a name in common without being equal. Equal
/// names were found when they were put in.
fn names_within_templates<D: Debug>(listener: &Listener<D>, problems: &mut Vec<Problem>) {
    let mut collide = |name: String, one: &Entry<D>, two: &Entry<D>| {
        let (first, second) = if one.rule().id <= two.rule().id {
            (one, two)
        } else {
            (two, one)
        };
        problems.push(Problem::NameCollision {
            name,
            first: first.party(),
            second: second.party(),
        });
    };
    for entry in listener.names.entries() {
        let Some((bootstrap, node)) = entry.names() else {
            continue;
        };
        if let Some((owner, _)) = listener.names.find_node(bootstrap) {
            collide(bootstrap.to_owned(), owner, entry);
        }
        // Only a template with a digit before its placeholder can spell out the node id of another; SNI rules have
        // none.
        if !node.prefix().contains(|c: char| c.is_ascii_digit()) {
            continue;
        }
        for other in listener.names.entries() {
            let Some((_, shorter)) = other.names() else { continue };
            if shorter.prefix().len() < node.prefix().len()
                && let Some(name) = shorter.common(node)
            {
                collide(name, other, entry);
            }
        }
    }
}

fn taken_hosts<D: Debug>(listener: &Listener<D>, problems: &mut Vec<Problem>) {
    for mapping in &listener.mappings {
        let Hosts::ByPort { advertised_host, .. } = mapping.addresses.hosts() else {
            continue;
        };
        let owner = listener.names.find(advertised_host).map(|(owner, _)| owner);
        let owner = owner.filter(|owner| owner.rule().id < mapping.rule().id);
        problems.extend(owner.map(|owner| Problem::AdvertisedHostTaken {
            rule: mapping.rule().clone(),
            host: advertised_host.clone(),
            by: owner.party(),
        }));
    }
}

fn unreachable<D>(listener: &Listener<D>, problems: &mut Vec<Problem>) {
    let mut rules: Vec<_> = listener.names.entries().map(Entry::rule).collect();
    rules.dedup_by_key(|rule| rule.id);
    for rule in rules {
        let earlier = |mapping: &&Arc<Entry<D>>| mapping.rule().id < rule.id;
        let takes = |port| {
            listener
                .mappings
                .iter()
                .filter(earlier)
                .any(|mapping| mapping.takes(port))
        };
        let by = listener
            .mappings
            .iter()
            .find(earlier)
            .filter(|_| listener.ports.iter().all(takes));
        problems.extend(by.map(|by| Problem::Unreachable {
            rule: rule.clone(),
            by: by.rule().clone(),
        }));
    }
}
