//! What a new configuration means for what is running.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod connections;

use super::model::{Config, Listener};
use connections::{backend_cluster, virtual_cluster};

/// What a new configuration means, by the names of what it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The virtual clusters of both configurations.
    pub virtual_clusters: BTreeMap<String, Change>,
    /// The backend clusters of both configurations. Draining concerns connections that a listener passes through to
    /// them; those of virtual clusters are under `virtual_clusters`.
    pub backend_clusters: BTreeMap<String, Change>,
    /// The listeners of both configurations.
    pub listeners: BTreeMap<String, ListenerChange>,
    /// Whether `runtime` differs.
    pub runtime: bool,
    /// Whether `observability` differs.
    pub observability: bool,
}

impl Changes {
    /// Whether the two configurations mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let unchanged = |change: &Change| *change == Change::Unchanged;
        self.virtual_clusters.values().all(unchanged)
            && self.backend_clusters.values().all(unchanged)
            && self.listeners.values().all(|it| *it == ListenerChange::Unchanged)
            && !self.runtime
            && !self.observability
    }
}

/// What a change means for the connections of a virtual cluster or a backend cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There are none yet.
    Added,
    /// All end.
    Removed,
    /// Nothing.
    Unchanged,
    /// They stay, and the change is in force from the next request or handshake on.
    Live,
    /// They drain: clients come back to what is new.
    Drain,
}

/// What a change means for a listener's sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerChange {
    /// They are opened.
    Added,
    /// They are closed, and their connections drain.
    Removed,
    /// Nothing.
    Unchanged,
    /// They stay open; something else about the listener, or behind it, differs.
    Kept,
    /// Addresses or ports differ: the old ones are closed, their connections drain, and the new ones are opened.
    Moved,
}

/// Compares two configurations.
#[must_use]
pub fn changes(old: &Config, new: &Config) -> Changes {
    let old_listeners = by_name(&old.listeners, |listener| &listener.name);
    let new_listeners = by_name(&new.listeners, |listener| &listener.name);
    let kept: Vec<(&Listener, &Listener)> = old_listeners
        .iter()
        .filter_map(|(name, old)| Some((*old, *new_listeners.get(name)?)))
        .filter(|(old, new)| has_same_sockets(old, new))
        .collect();
    Changes {
        virtual_clusters: pair(
            &by_name(&old.virtual_clusters, |it| &it.name),
            &by_name(&new.virtual_clusters, |it| &it.name),
            |old, new| match (old, new) {
                (None, _) => Change::Added,
                (_, None) => Change::Removed,
                (Some(old), Some(new)) => virtual_cluster(old, new, &kept),
            },
        ),
        backend_clusters: pair(
            &by_name(&old.backend_clusters, |it| &it.name),
            &by_name(&new.backend_clusters, |it| &it.name),
            |old, new| match (old, new) {
                (None, _) => Change::Added,
                (_, None) => Change::Removed,
                (Some(old), Some(new)) => backend_cluster(old, new, &kept),
            },
        ),
        listeners: pair(&old_listeners, &new_listeners, |old, new| match (old, new) {
            (None, _) => ListenerChange::Added,
            (_, None) => ListenerChange::Removed,
            (Some(old), Some(new)) if old == new => ListenerChange::Unchanged,
            (Some(old), Some(new)) if has_same_sockets(old, new) => ListenerChange::Kept,
            _ => ListenerChange::Moved,
        }),
        runtime: old.runtime != new.runtime,
        observability: old.observability != new.observability,
    }
}

fn has_same_sockets(old: &Listener, new: &Listener) -> bool {
    let sorted = |listener: &Listener| {
        let mut addresses = listener.addresses.clone();
        addresses.sort();
        let mut ports = listener.ports.clone();
        ports.sort();
        (addresses, ports)
    };
    sorted(old) == sorted(new)
}

fn by_name<T>(items: &[Arc<T>], name: impl Fn(&T) -> &String) -> BTreeMap<&str, &T> {
    items.iter().map(|item| (name(item).as_str(), item.as_ref())).collect()
}

/// Looks at each name's old and new value.
fn pair<T, C>(
    old: &BTreeMap<&str, &T>,
    new: &BTreeMap<&str, &T>,
    compare: impl Fn(Option<&T>, Option<&T>) -> C,
) -> BTreeMap<String, C> {
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    names
        .into_iter()
        .map(|name| {
            let change = compare(old.get(name).copied(), new.get(name).copied());
            (name.to_owned(), change)
        })
        .collect()
}
