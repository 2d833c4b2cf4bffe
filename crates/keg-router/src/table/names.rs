use std::{collections::HashMap, sync::Arc};

use super::Entry;
use crate::{
    Endpoint,
    advertise::Hosts,
    name::{NodeName, PLACEHOLDER, digit_runs},
};

/// The names of one listener.
///
/// A bootstrap name is looked up as it is; a node's name with the placeholder in the place of one of its runs of
/// digits.
#[derive(Clone, Debug)]
pub(super) struct Names<D> {
    bootstraps: HashMap<String, Arc<Entry<D>>>,
    nodes: HashMap<String, Arc<Entry<D>>>,
    entries: Vec<Arc<Entry<D>>>,
}

impl<D> Names<D> {
    pub(super) fn new() -> Self {
        Self {
            bootstraps: HashMap::new(),
            nodes: HashMap::new(),
            entries: Vec::new(),
        }
    }

    /// Adds the names of `entry`; those that another entry has already stay with it, and are given back with their
    /// owner.
    pub(super) fn insert(&mut self, entry: &Arc<Entry<D>>) -> Vec<(String, Arc<Entry<D>>)> {
        let Some((bootstrap, node)) = entry.names() else {
            return Vec::new();
        };
        self.entries.push(Arc::clone(entry));
        let mut taken = Vec::new();
        let owner = self
            .bootstraps
            .entry(bootstrap.to_owned())
            .or_insert_with(|| Arc::clone(entry));
        if !Arc::ptr_eq(owner, entry) {
            taken.push((bootstrap.to_owned(), Arc::clone(owner)));
        }
        let owner = self
            .nodes
            .entry(pattern(node.prefix(), node.suffix()))
            .or_insert_with(|| Arc::clone(entry));
        if !Arc::ptr_eq(owner, entry) {
            taken.push((node.name(0).unwrap_or_default(), Arc::clone(owner)));
        }
        taken
    }

    /// Whose name `name` is. Case does not matter, nor does a dot at the end.
    pub(super) fn find(&self, name: &str) -> Option<(&Entry<D>, Endpoint)> {
        if self.is_empty() || name.len() > 254 {
            return None;
        }
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        if let Some(entry) = self.bootstraps.get(&name) {
            return Some((entry, Endpoint::Bootstrap));
        }
        self.find_node(&name).map(|(entry, node)| (entry, Endpoint::Node(node)))
    }

    /// Whose node's name `name` is; in lower case, without a dot at the end.
    pub(super) fn find_node(&self, name: &str) -> Option<(&Entry<D>, i32)> {
        digit_runs(name).find_map(|(prefix, _, suffix)| {
            let entry = self.nodes.get(&pattern(prefix, suffix))?;
            Some((&**entry, entry.names()?.1.node(name)?))
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Everything that has names, in the order of the rules.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<D>> {
        self.entries.iter().map(|entry| &**entry)
    }
}

impl<D> Entry<D> {
    /// The bootstrap name and the nodes' names, where names tell nodes apart.
    pub(super) fn names(&self) -> Option<(&str, &NodeName)> {
        match self.addresses.hosts() {
            Hosts::ByPort { .. } => None,
            Hosts::ByName { bootstrap, node, .. } => Some((bootstrap, node)),
        }
    }
}

fn pattern(prefix: &str, suffix: &str) -> String {
    [prefix, PLACEHOLDER, suffix].concat()
}
