//! Entities of one kind by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::decode::{At, List, nearest};
use super::super::problem::{Problem, Report};
use super::super::raw;
use super::super::value::Name;
use super::refuse_duplicates;

/// An entity with a name.
pub(super) trait Named {
    fn name(&self) -> Option<&At<Name>>;
}

macro_rules! named {
    ($($entity:ty),*) => {
        $( impl Named for $entity {
            fn name(&self) -> Option<&At<Name>> {
                self.name.as_ref()
            }
        } )*
    };
}

named!(
    raw::BackendCluster,
    raw::VirtualCluster,
    raw::Listener,
    raw::TrustBundle
);

/// The entities of one kind, as written (`R`) and as built (`M`).
pub(super) struct Table<'a, R, M> {
    kind: &'static str,
    entries: Vec<(&'a R, Option<Arc<M>>)>,
    by_name: BTreeMap<&'a str, usize>,
    /// Whether every entity's name is known, so that a name that isn't in the table is in no file.
    complete: bool,
}

impl<'a, R: Named, M> Table<'a, R, M> {
    pub(super) fn new(
        kind: &'static str,
        list: &'a List<At<R>>,
        report: &Report,
        build: impl FnMut(&'a At<R>) -> Option<M>,
    ) -> Self {
        let names = || list.items.iter().filter_map(|item| item.value.name());
        refuse_duplicates(&format!("{kind} name"), names(), report);
        let built = list.items.iter().map(build);
        let entries: Vec<_> = list
            .items
            .iter()
            .zip(built)
            .map(|(item, built)| (&item.value, built.map(Arc::new)))
            .collect();
        let named = entries.iter().enumerate().rev();
        let by_name = named
            .filter_map(|(index, (raw, _))| Some((raw.name()?.value.0.as_str(), index)))
            .collect();
        Self {
            kind,
            complete: list.complete && names().count() == list.items.len(),
            entries,
            by_name,
        }
    }

    /// The entity that `reference` names; reports when there is none.
    pub(super) fn find(&self, reference: &raw::Reference, report: &Report) -> Option<(&'a R, Option<Arc<M>>)> {
        let name = reference.name.as_ref()?;
        let found = self.by_name.get(name.value.0.as_str());
        if let Some((raw, built)) = found.and_then(|index| self.entries.get(*index)) {
            return Some((raw, built.clone()));
        }
        if self.complete {
            let message = format!("there is no {} {}", self.kind, name.show(&name.value.0));
            let problem = Problem::new(name.place.clone(), message);
            report.add(problem.hint(self.known(name)));
        }
        None
    }

    /// Everything that was built, when everything was.
    pub(super) fn into_built(self) -> Option<Vec<Arc<M>>> {
        self.entries.into_iter().map(|(_, built)| built).collect()
    }

    fn known(&self, wanted: &At<Name>) -> String {
        const SHOWN: usize = 10;
        let names = || {
            let entries = self.entries.iter().filter_map(|(raw, _)| raw.name());
            let written_out = entries.filter(|name| name.is_written_out());
            written_out.map(|name| name.value.0.as_str())
        };
        if let Some(name) = nearest(&wanted.value.0, names()) {
            return format!("did you mean {name}?");
        }
        let shown: Vec<_> = names().take(SHOWN).collect();
        match names().count() {
            0 => format!("no {} is declared", self.kind),
            count if count > SHOWN => format!("known: {}, and {} more", shown.join(", "), count - SHOWN),
            _ => format!("known: {}", shown.join(", ")),
        }
    }
}
