//! Topics of a namespace that clients don't see, since an additional one has their name: logged and counted.

use std::sync::atomic::{AtomicU32, Ordering};

use keg_policy::Conflicts;
use metrics::{Gauge, gauge};

use crate::config::model;

/// How many are known of in a namespace, for as long as it is in force.
struct Count {
    gauge: Gauge,
    known: AtomicU32,
}

impl Count {
    fn add(&self) {
        self.known.fetch_add(1, Ordering::Relaxed);
        self.gauge.increment(1);
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.gauge.decrement(*self.known.get_mut());
    }
}

/// Where a virtual cluster's conflicts go.
pub(super) fn conflicts(cluster: &model::VirtualCluster) -> Conflicts {
    let labels = [
        ("virtual_cluster", cluster.name.clone()),
        ("backend_cluster", cluster.backend.name.clone()),
    ];
    let count = Count {
        gauge: gauge!("kong_keg_kafka_namespace_topic_conflict", &labels),
        known: AtomicU32::new(0),
    };
    let virtual_cluster = cluster.name.clone();
    Conflicts::new(move |topic| {
        count.add();
        tracing::warn!(
            virtual_cluster,
            topic,
            "clients don't see this topic of the namespace: namespace.additional shows one under its name; rename one, or \
             set conflict: ignore"
        );
    })
}
