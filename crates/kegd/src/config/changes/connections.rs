//! Which connections a change ends.
//!
//! Namespace, backend and routing drain; policies, authentication and certificates are live.

use super::super::model::{BackendCluster, BootstrapPort, Forward, Listener, PortRange, Sni, VirtualCluster};
use super::Change;

/// `kept` are the listeners whose sockets stay, old and new: the connections of others end with their sockets.
pub(super) fn virtual_cluster(old: &VirtualCluster, new: &VirtualCluster, kept: &[(&Listener, &Listener)]) -> Change {
    let same_routes = kept
        .iter()
        .all(|(before, after)| routes(before, old) == routes(after, new));
    let stays = same_routes
        && old.namespace == new.namespace
        && old.backend.name == new.backend.name
        && is_same_target(&old.backend, &new.backend);
    classify(stays, old == new)
}

pub(super) fn backend_cluster(old: &BackendCluster, new: &BackendCluster, kept: &[(&Listener, &Listener)]) -> Change {
    let same_routes = kept
        .iter()
        .all(|(before, after)| passthrough(before, old) == passthrough(after, new));
    classify(same_routes && is_same_target(old, new), old == new)
}

fn classify(stays: bool, equal: bool) -> Change {
    match (stays, equal) {
        (false, _) => Change::Drain,
        (true, false) => Change::Live,
        (true, true) => Change::Unchanged,
    }
}

/// Whether open connections to the backend cluster are still what the configuration asks for.
fn is_same_target(old: &BackendCluster, new: &BackendCluster) -> bool {
    let verifies = |cluster: &BackendCluster| {
        let tls = cluster.tls.as_ref()?;
        Some(tls.insecure_skip_verify)
    };
    old.bootstrap_servers == new.bootstrap_servers
        && old.node_addresses == new.node_addresses
        && verifies(old) == verifies(new)
}

/// How the connections of one virtual cluster come through a listener; none when none do.
fn routes<'a>(listener: &'a Listener, cluster: &'a VirtualCluster) -> Option<Routes<'a>> {
    let forwards: Vec<_> = listener
        .forwards
        .iter()
        .filter_map(|forward| match forward {
            Forward::Sni(rule) => Some(Route::Sni(cluster.dns_label.as_ref()?, rule)),
            Forward::PortMapping(rule) if rule.virtual_cluster.name == cluster.name => Some(Route::PortMapping(
                &rule.advertised_host,
                &rule.ports,
                rule.bootstrap_port,
                rule.min_broker_id,
            )),
            Forward::PortMapping(_) | Forward::SniPassthrough(_) => None,
        })
        .collect();
    (!forwards.is_empty()).then(|| Routes {
        forwards,
        allow_plaintext: listener.tls.as_ref().map(|tls| tls.allow_plaintext),
    })
}

#[derive(PartialEq)]
struct Routes<'a> {
    forwards: Vec<Route<'a>>,
    /// Whether plaintext is allowed; none where nothing else is. Certificates, and what a listener demands of those of
    /// clients, are live: connections end by themselves that could not come in any more.
    allow_plaintext: Option<bool>,
}

#[derive(PartialEq)]
enum Route<'a> {
    Sni(&'a str, &'a Sni),
    PortMapping(&'a str, &'a [PortRange], BootstrapPort, i32),
}

/// The host names under which a listener passes connections through to a backend cluster.
fn passthrough<'a>(listener: &'a Listener, cluster: &BackendCluster) -> Vec<(&'a str, &'a str)> {
    listener
        .forwards
        .iter()
        .filter_map(|forward| match forward {
            Forward::SniPassthrough(rule) if rule.backend.name == cluster.name => {
                Some((rule.bootstrap_host.as_str(), rule.broker_host.as_str()))
            }
            _ => None,
        })
        .collect()
}
