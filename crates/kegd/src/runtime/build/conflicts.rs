//! Topics that clients don't see, since an additional one or an alias has their name: logged and counted.

use std::sync::atomic::{AtomicU32, Ordering};

use keg_policy::Conflicts;
use metrics::{Gauge, gauge};

use crate::config::model;

/// How many are known of, for as long as what hides them is in force.
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

/// Where a virtual cluster's conflicts with additional topics go.
pub(super) fn of_additional(cluster: &model::VirtualCluster) -> Conflicts {
    told(
        cluster,
        gauge!("kong_keg_kafka_namespace_topic_conflict", &labels(cluster)),
        "clients don't see this topic of the namespace: namespace.additional shows one under its name; rename one, or set \
         conflict: ignore",
    )
}

/// Where a virtual cluster's conflicts with aliases go.
pub(super) fn of_aliases(cluster: &model::VirtualCluster) -> Conflicts {
    told(
        cluster,
        gauge!("kong_keg_kafka_topic_alias_conflict", &labels(cluster)),
        "clients don't see the topic of this name: it is a topic alias; rename one, or set conflict: ignore",
    )
}

fn told(cluster: &model::VirtualCluster, gauge: Gauge, what: &'static str) -> Conflicts {
    let count = Count {
        gauge,
        known: AtomicU32::new(0),
    };
    let virtual_cluster = cluster.name.clone();
    Conflicts::new(move |topic| {
        count.add();
        tracing::warn!(virtual_cluster, topic, "{what}");
    })
}

fn labels(cluster: &model::VirtualCluster) -> [(&'static str, String); 2] {
    [
        ("virtual_cluster", cluster.name.clone()),
        ("backend_cluster", cluster.backend.name.clone()),
    ]
}
