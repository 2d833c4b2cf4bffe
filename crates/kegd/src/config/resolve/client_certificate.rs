//! Clients that are known by their certificates, and listeners that ask for these.

use super::super::decode::{At, List};
use super::super::problem::{Problem, Report};
use super::super::raw::{
    self, ForwardToVirtualCluster, ListenerPolicy, VirtualClusterAuthentication as Authentication,
};
use super::is_enabled;

/// Whoever uses no SASL is anonymous by an earlier item, certificate or not.
pub(super) fn refuse_behind_anonymous(methods: &[At<Authentication>], report: &Report) {
    let behind = methods
        .iter()
        .skip_while(|method| !matches!(method.value, Authentication::Anonymous(_)));
    for method in behind.filter(|method| is_certificate(method)) {
        let message = "all clients without SASL are anonymous by an earlier item of the list, certificate or not";
        let problem = Problem::new(method.place.clone(), message);
        report.add(problem.hint("put client_certificate in front of anonymous"));
    }
}

/// Refuses the method where no client can have a certificate that counts: all listeners that lead to the virtual cluster
/// ask for none, or pass TLS on to its backend cluster as it is.
pub(super) fn check(
    virtual_clusters: &[At<raw::VirtualCluster>],
    listeners: &List<At<raw::Listener>>,
    report: &Report,
) {
    let complete = listeners.complete
        && listeners
            .items
            .iter()
            .all(|it| it.value.policies.as_ref().is_some_and(|policies| policies.complete));
    if !complete {
        return;
    }
    for cluster in virtual_clusters {
        let methods = cluster.value.authentication.iter().flat_map(|list| &list.0);
        for method in methods.filter(|method| is_certificate(method)) {
            let leading = listeners.items.iter().filter(|it| leads_to(&it.value, &cluster.value));
            let mut leading = leading.peekable();
            if leading.peek().is_some() && !leading.any(|it| asks(&it.value)) {
                let message = "no listener that leads to this virtual cluster asks clients for certificates";
                let problem = Problem::new(method.place.clone(), message);
                report.add(problem.hint("add client_authentication to the tls_server policy of the listener"));
            }
        }
    }
}

fn is_certificate(method: &At<Authentication>) -> bool {
    matches!(method.value, Authentication::ClientCertificate(_))
}

fn policies(listener: &raw::Listener) -> impl Iterator<Item = &ListenerPolicy> {
    listener.policies.iter().flat_map(|list| &list.items)
}

fn leads_to(listener: &raw::Listener, cluster: &raw::VirtualCluster) -> bool {
    let is_named = |reference: &Option<raw::Reference>, name: Option<&str>| {
        let found = reference.as_ref().and_then(|it| it.name.as_ref());
        name.is_some() && found.map(|it| it.value.0.as_str()) == name
    };
    let own = cluster.name.as_ref().map(|name| name.value.0.as_str());
    let backend = cluster.destination.as_ref().and_then(|it| it.name.as_ref());
    let backend = backend.map(|name| name.value.0.as_str());
    policies(listener).any(|policy| match policy {
        ListenerPolicy::ForwardToVirtualCluster(policy) if is_enabled(policy) => {
            policy.config.as_ref().is_some_and(|config| match &config.value {
                ForwardToVirtualCluster::Sni(_) => matches!(cluster.dns_label, Some(Some(_))),
                ForwardToVirtualCluster::PortMapping(rule) => is_named(&rule.destination, own),
            })
        }
        ListenerPolicy::ForwardToBackendCluster(policy) if is_enabled(policy) => {
            policy.config.as_ref().is_some_and(|config| match &config.value {
                raw::ForwardToBackendCluster::SniPassthrough(rule) => is_named(&rule.destination, backend),
            })
        }
        _ => false,
    })
}

/// Whether it asks; one of which that can't be told is taken to do so.
fn asks(listener: &raw::Listener) -> bool {
    policies(listener).any(|policy| match policy {
        ListenerPolicy::TlsServer(policy) if is_enabled(policy) => {
            let config = policy.config.as_ref();
            config.is_none_or(|config| !matches!(config.value.client_authentication, Some(None)))
        }
        _ => false,
    })
}
