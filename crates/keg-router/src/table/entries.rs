use std::{fmt::Debug, net::IpAddr, sync::Arc};

use super::Entry;
use crate::{
    Addresses, Party, PortMapping, PortRange, Ports, Problem, Rule, RuleName, Sni, SniPassthrough,
    advertise::Hosts,
    name::{check_host, check_label},
    port_mapping::Layout,
    sni,
};

/// What a rule comes to: an entry for each destination that is right, and a problem for everything that is wrong.
pub(super) fn entries<D: Clone + Eq + Debug>(
    name: &RuleName,
    rule: Rule<D>,
    listener: &Ports,
    problems: &mut Vec<Problem>,
) -> Vec<Arc<Entry<D>>> {
    let made: Vec<(D, Hosts)> = match rule {
        Rule::PortMapping(rule) => port_mapping(name, rule, listener, problems).into_iter().collect(),
        Rule::Sni(rule) => sni(name, rule, listener, problems),
        Rule::SniPassthrough(rule) => sni_passthrough(name, rule, listener, problems).into_iter().collect(),
    };
    let entry = |(destination, hosts)| Entry {
        destination,
        addresses: Addresses::new(name.clone(), hosts),
    };
    made.into_iter().map(|made| Arc::new(entry(made))).collect()
}

impl<D: Debug> Entry<D> {
    pub(super) fn party(&self) -> Party {
        party(self.rule(), &self.destination)
    }
}

fn party(rule: &RuleName, destination: &impl Debug) -> Party {
    Party {
        rule: rule.clone(),
        destination: format!("{destination:?}"),
    }
}

fn port_mapping<D>(
    name: &RuleName,
    rule: PortMapping<D>,
    listener: &Ports,
    problems: &mut Vec<Problem>,
) -> Option<(D, Hosts)> {
    let before = problems.len();
    let ports = rule.ports.unwrap_or_else(|| listener.clone());
    problems.extend(foreign(&ports, listener).into_iter().map(|ports| Problem::ForeignPort {
        rule: name.clone(),
        ports,
        listener: listener.clone(),
    }));
    let advertised_host = rule.advertised_host;
    if advertised_host.parse::<IpAddr>().is_err() {
        problems.extend(check_host(&advertised_host).err().map(|reason| Problem::InvalidHost {
            rule: name.clone(),
            field: "advertised_host",
            value: advertised_host.clone(),
            reason,
        }));
    }
    let advertised_host = advertised_host.to_ascii_lowercase();
    match Layout::new(ports, rule.bootstrap_port, rule.min_broker_id) {
        Ok(layout) => (problems.len() == before).then_some((
            rule.destination,
            Hosts::ByPort {
                advertised_host,
                layout,
            },
        )),
        Err(misfit) => {
            problems.push(Problem::Misfit {
                rule: name.clone(),
                misfit,
            });
            None
        }
    }
}

fn sni<D: Clone + Eq + Debug>(
    name: &RuleName,
    rule: Sni<D>,
    listener: &Ports,
    problems: &mut Vec<Problem>,
) -> Vec<(D, Hosts)> {
    let suffix = sni::check_suffix(&rule.suffix).then_some(&*rule.suffix);
    if suffix.is_none() {
        problems.push(Problem::InvalidSuffix {
            rule: name.clone(),
            suffix: rule.suffix.clone(),
        });
    }
    if rule.destinations.is_empty() {
        problems.push(Problem::NoDestination { rule: name.clone() });
    }
    let port = advertised_port(name, rule.advertised_port, listener, problems);
    let mut made: Vec<(D, Hosts)> = Vec::new();
    let mut seen: Vec<D> = Vec::new();
    for (destination, dns_label) in rule.destinations {
        let party = || party(name, &destination);
        if seen.contains(&destination) {
            problems.push(Problem::DuplicateDestination { party: party() });
            continue;
        }
        seen.push(destination.clone());
        if check_label(&dns_label).is_err() || dns_label.contains(|c: char| c.is_ascii_uppercase()) {
            problems.push(Problem::InvalidDnsLabel {
                party: party(),
                dns_label,
            });
            continue;
        }
        // A missing port or a wrong suffix is known already; port 1 lets the names be checked all the same.
        let Some(suffix) = suffix else { continue };
        match sni::hosts(rule.broker_host_format, &dns_label, suffix, port.unwrap_or(1)) {
            Ok(hosts) => made.push((destination, hosts)),
            Err(reason) => problems.push(Problem::InvalidName {
                party: party(),
                dns_label,
                reason,
            }),
        }
    }
    made
}

fn sni_passthrough<D>(
    name: &RuleName,
    rule: SniPassthrough<D>,
    listener: &Ports,
    problems: &mut Vec<Problem>,
) -> Option<(D, Hosts)> {
    let port = advertised_port(name, rule.advertised_port, listener, problems);
    match rule.hosts(port.unwrap_or(1)) {
        Ok(hosts) => Some((rule.destination, hosts)),
        Err(wrong) => {
            problems.extend(wrong.into_iter().map(|(field, value, reason)| Problem::InvalidHost {
                rule: name.clone(),
                field,
                value,
                reason,
            }));
            None
        }
    }
}

fn advertised_port(rule: &RuleName, given: Option<u16>, listener: &Ports, problems: &mut Vec<Problem>) -> Option<u16> {
    let rule = rule.clone();
    match given {
        Some(0) => problems.push(Problem::ZeroAdvertisedPort { rule }),
        None if listener.only().is_none() => {
            problems.push(Problem::MissingAdvertisedPort {
                rule,
                ports: listener.clone(),
            });
        }
        given => return given.or_else(|| listener.only()),
    }
    None
}

/// The ranges of `ports` that are not in `listener`.
fn foreign(ports: &Ports, listener: &Ports) -> Vec<PortRange> {
    let foreign = ports.iter().filter(|port| !listener.contains(*port));
    let ranges = Ports::new(foreign.filter_map(|port| PortRange::new(port, port).ok()));
    ranges.map(|ports| ports.ranges().collect()).unwrap_or_default()
}
