//! Several files as one: lists are put one after the other, the rest may be given once.

use super::super::decode::{At, List};
use super::super::problem::{Problem, Report};
use super::super::raw::{BackendCluster, Listener, Observability, Root, Runtime, TrustBundle, VirtualCluster};

/// What all files together say.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) runtime: Option<At<Runtime>>,
    pub(crate) observability: Option<At<Observability>>,
    pub(crate) backend_clusters: List<At<BackendCluster>>,
    pub(crate) virtual_clusters: List<At<VirtualCluster>>,
    pub(crate) listeners: List<At<Listener>>,
    pub(crate) trust_bundles: List<At<TrustBundle>>,
}

impl Merged {
    /// Merges what was read from each file; none stands for a file that couldn't be read. `defaults` has
    /// the runtime and observability of a file that says nothing about them.
    pub(crate) fn new(files: Vec<Option<Root>>, defaults: Root, report: &Report) -> Self {
        let complete = files.iter().all(Option::is_some);
        let mut merged = Self {
            runtime: None,
            observability: None,
            backend_clusters: List::empty(complete),
            virtual_clusters: List::empty(complete),
            listeners: List::empty(complete),
            trust_bundles: List::empty(complete),
        };
        for root in files.into_iter().flatten() {
            once(&mut merged.runtime, root.runtime.flatten(), report);
            once(&mut merged.observability, root.observability.flatten(), report);
            merged.backend_clusters.append(root.backend_clusters);
            merged.virtual_clusters.append(root.virtual_clusters);
            merged.listeners.append(root.listeners);
            merged.trust_bundles.append(root.tls_trust_bundles);
        }
        merged.runtime = merged.runtime.or(defaults.runtime.flatten());
        merged.observability = merged.observability.or(defaults.observability.flatten());
        merged
    }
}

/// Keeps the first value and reports further ones.
fn once<T>(kept: &mut Option<At<T>>, next: Option<At<T>>, report: &Report) {
    match (&kept, next) {
        (None, next) => *kept = next,
        (Some(first), Some(next)) => {
            let message = format!("may be given once, and {} has it already", first.place.brief());
            report.add(Problem::new(next.place, message).hint("merge the two"));
        }
        (Some(_), None) => {}
    }
}
