//! Where clients connect.

use super::super::decode::{At, NonEmpty};
use super::super::model::{Forward, Listener, PortRange};
use super::super::problem::{Place, Problem, Report};
use super::super::raw::{self, ListenerPolicy};
use super::super::value::Name;
use super::forward::{Rule, Targets};
use super::{TrustBundles, is_enabled, port_mapping, refuse_duplicates, tls, transport};

pub(super) fn listener(
    raw: &raw::Listener,
    targets: &Targets<'_>,
    trust_bundles: &TrustBundles<'_>,
    report: &Report,
) -> Option<Listener> {
    let policies = raw.policies.as_ref();
    let items = policies.map_or(&[][..], |policies| &policies.items);
    refuse_duplicates("policy name", items.iter().filter_map(name), report);
    let ports = raw.ports.as_ref().map(|ports| ports.0.as_slice());
    let ports: Vec<PortRange> = ports.iter().copied().flatten().map(|it| it.value).collect();
    let rules: Vec<Rule<'_>> = items.iter().filter_map(Rule::new).collect();
    let servers = tls_servers(items, report);
    transport::check(&rules, &servers, policies.is_some_and(|it| it.complete), report);
    port_mapping::check(&rules, &ports, report);
    let forwards: Vec<Option<Forward>> = rules.iter().map(|rule| rule.resolve(&ports, targets, report)).collect();
    let tls = servers
        .first()
        .and_then(|policy| policy.config.as_ref())
        .and_then(|config| tls::tls_server(&config.value, trust_bundles, report));
    let NonEmpty(addresses) = raw.addresses.as_ref()?;
    Some(Listener {
        name: raw.name.as_ref()?.value.0.clone(),
        addresses: addresses.iter().map(|address| address.value).collect(),
        ports,
        tls,
        forwards: forwards.into_iter().collect::<Option<_>>()?,
    })
}

fn name(policy: &ListenerPolicy) -> Option<&At<Name>> {
    match policy {
        ListenerPolicy::TlsServer(policy) => policy.name.as_ref(),
        ListenerPolicy::ForwardToVirtualCluster(policy) => policy.name.as_ref(),
        ListenerPolicy::ForwardToBackendCluster(policy) => policy.name.as_ref(),
    }?
    .as_ref()
}

/// The enabled `tls_server` policies, of which there may be one.
fn tls_servers<'a>(policies: &'a [ListenerPolicy], report: &Report) -> Vec<&'a raw::Policy<raw::TlsServer>> {
    let servers: Vec<_> = policies
        .iter()
        .filter_map(|policy| match policy {
            ListenerPolicy::TlsServer(policy) => is_enabled(policy).then_some(policy),
            _ => None,
        })
        .collect();
    for place in servers.iter().skip(1).filter_map(|policy| place(policy)) {
        let message = "the listener has a tls_server policy already";
        let problem = Problem::new(place.clone(), message);
        report.add(problem.hint("one policy takes several certificates, and chooses by SNI"));
    }
    servers
}

fn place<C>(policy: &raw::Policy<C>) -> Option<&Place> {
    policy.config.as_ref().map(|config| &config.place)
}
