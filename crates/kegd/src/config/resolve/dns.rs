//! Host names of virtual clusters that are reached by SNI.

use super::super::decode::At;
use super::super::problem::{Place, Problem, Report};
use super::super::raw;
use super::super::value::{MAX_HOST, MAX_LABEL};
use super::{is_enabled, refuse_duplicates};

/// Checks that every virtual cluster has a label of its own, and that host names made of it are legal, as far as some
/// listener forwards by SNI.
pub(super) fn check(virtual_clusters: &[At<raw::VirtualCluster>], listeners: &[At<raw::Listener>], report: &Report) {
    let labels = virtual_clusters
        .iter()
        .filter_map(|it| it.value.dns_label.as_ref()?.as_ref());
    refuse_duplicates("dns_label", labels.clone(), report);
    let rules: Vec<&raw::Sni> = listeners
        .iter()
        .flat_map(|listener| sni_rules(&listener.value))
        .collect();
    if rules.is_empty() {
        return;
    }
    for virtual_cluster in virtual_clusters {
        if matches!(virtual_cluster.value.dns_label, Some(None)) {
            refuse_missing(&virtual_cluster.place, report);
        }
    }
    for label in labels {
        let host = rules
            .iter()
            .filter_map(|rule| longest_host(&label.value.0, rule))
            .find(|host| !is_legal(host));
        if let Some(host) = host {
            let message = format!(
                "SNI needs host names such as {host}, longer than DNS allows ({MAX_LABEL} characters between dots, {MAX_HOST} in all)"
            );
            let problem = Problem::new(label.place.clone(), message);
            report.add(problem.hint("shorten dns_label or sni_suffix"));
        }
    }
}

fn sni_rules(listener: &raw::Listener) -> impl Iterator<Item = &raw::Sni> {
    let policies = listener.policies.iter().flat_map(|list| &list.items);
    policies.filter_map(|policy| match policy {
        raw::ListenerPolicy::ForwardToVirtualCluster(policy) if is_enabled(policy) => {
            match &policy.config.as_ref()?.value {
                raw::ForwardToVirtualCluster::Sni(rule) => Some(rule),
                raw::ForwardToVirtualCluster::PortMapping(_) => None,
            }
        }
        _ => None,
    })
}

fn refuse_missing(virtual_cluster: &Place, report: &Report) {
    let message = "dns_label is missing, and a listener forwards by SNI";
    let problem = Problem::new(virtual_cluster.clone(), message);
    report.add(problem.hint("add dns_label: the virtual cluster's part of the host name"));
}

/// The host name of the node with the longest id.
fn longest_host(label: &str, rule: &raw::Sni) -> Option<String> {
    let separator = match rule.broker_host_format.as_ref()? {
        raw::HostFormat::PerClusterSuffix(_) => '.',
        raw::HostFormat::SharedSuffix(_) => '-',
    };
    let suffix = rule.sni_suffix.as_ref()?.as_ref();
    let suffix = suffix.map_or("", |suffix| &suffix.value.0);
    Some(format!("broker-{}{separator}{label}{suffix}", i32::MAX))
}

fn is_legal(host: &str) -> bool {
    host.len() <= MAX_HOST && host.split('.').all(|label| label.len() <= MAX_LABEL)
}
