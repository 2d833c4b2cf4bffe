//! From what is written to the model: references are looked up, and entities checked against each other.
//!
//! Nothing is reported twice: a check that needs a value which decoding has already refused is left out.

use super::decode::At;
use super::model::Config;
use super::problem::{Problem, Report};
use super::raw;

mod acls;
mod additional;
mod advertised;
mod backend_cluster;
mod client_certificate;
mod dns;
mod forward;
mod listener;
mod merge;
mod oauth;
mod port_mapping;
mod prefix;
mod runtime;
mod sasl;
mod socket;
mod table;
mod tls;
mod topic_aliases;
mod transport;
mod virtual_cluster;

pub(crate) use merge::Merged;
use table::Table;

type BackendClusters<'a> = Table<'a, raw::BackendCluster, super::model::BackendCluster>;
type VirtualClusters<'a> = Table<'a, raw::VirtualCluster, super::model::VirtualCluster>;
type TrustBundles<'a> = Table<'a, raw::TrustBundle, super::model::TrustBundle>;

/// The configuration that all files together make; none when something was reported.
pub(crate) fn resolve(merged: &Merged, report: &Report) -> Option<Config> {
    let runtime = runtime::runtime(merged.runtime.as_ref()?);
    let observability = runtime::observability(merged.observability.as_ref()?);
    let trust_bundles = Table::new("trust bundle", &merged.trust_bundles, report, |bundle| {
        tls::trust_bundle(&bundle.value)
    });
    let backend_clusters = Table::new("backend cluster", &merged.backend_clusters, report, |it| {
        backend_cluster::backend_cluster(&it.value, report)
    });
    let virtual_clusters = Table::new("virtual cluster", &merged.virtual_clusters, report, |it| {
        virtual_cluster::virtual_cluster(&it.value, &backend_clusters, report)
    });
    let targets = forward::Targets {
        virtual_clusters: &virtual_clusters,
        backend_clusters: &backend_clusters,
    };
    let listeners = Table::new("listener", &merged.listeners, report, |it| {
        listener::listener(&it.value, &targets, &trust_bundles, report)
    });
    prefix::check(&merged.virtual_clusters.items, report);
    additional::check(&merged.virtual_clusters.items, report);
    dns::check(&merged.virtual_clusters.items, &merged.listeners.items, report);
    client_certificate::check(&merged.virtual_clusters.items, &merged.listeners, report);
    socket::check(&merged.listeners.items, merged.runtime.as_ref(), report);
    advertised::check(&merged.listeners.items, report);
    Some(Config {
        runtime: runtime?,
        observability: observability?,
        backend_clusters: backend_clusters.into_built()?,
        virtual_clusters: virtual_clusters.into_built()?,
        listeners: listeners.into_built()?,
        trust_bundles: trust_bundles.into_built()?,
    })
}

/// Whether a policy is in force, or was meant to be when that can't be told.
fn is_enabled<C>(policy: &raw::Policy<C>) -> bool {
    policy.enabled.unwrap_or(true)
}

fn is_in_force<C>(policy: &raw::RequestPolicy<C>) -> bool {
    policy.enabled.unwrap_or(true)
}

/// Reports the second and every further use of a name.
fn refuse_duplicates<'a, T: AsRef<str> + 'a>(kind: &str, names: impl Iterator<Item = &'a At<T>>, report: &Report) {
    let mut first = std::collections::BTreeMap::new();
    for name in names {
        let text = name.value.as_ref();
        match first.get(text) {
            None => {
                first.insert(text, &name.place);
            }
            Some(place) => {
                let message = format!("duplicate {kind} {}, first used at {}", name.show(text), place.brief());
                let problem = Problem::new(name.place.clone(), message);
                report.add(problem.hint("give each its own"));
            }
        }
    }
}
