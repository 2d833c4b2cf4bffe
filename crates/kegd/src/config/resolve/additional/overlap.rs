//! What is shown beside a namespace must not be another namespace's on the same backend cluster.

use std::collections::BTreeMap;

use keg_policy::Glob;

use super::super::super::decode::At;
use super::super::super::problem::{Place, Problem, Report};
use super::super::super::{raw, value};

/// The namespace of a virtual cluster.
struct Namespace<'a> {
    prefix: &'a At<value::Prefix>,
    owner: String,
    allow_overlap: bool,
    additional: Option<&'a raw::Additional>,
}

/// A pattern or a name that a namespace shows beside its own.
struct Shown<'a> {
    kind: &'static str,
    text: String,
    place: &'a Place,
    names: Shows<'a>,
}

enum Shows<'a> {
    Matches(&'a Glob),
    Only(&'a str),
}

impl Shown<'_> {
    fn reaches(&self, prefix: &str) -> bool {
        match self.names {
            Shows::Matches(glob) => glob.reaches(prefix),
            Shows::Only(name) => name.starts_with(prefix),
        }
    }
}

/// Refuses to show names that can be another namespace's.
pub(in super::super) fn check(virtual_clusters: &[At<raw::VirtualCluster>], report: &Report) {
    let mut by_backend: BTreeMap<&str, Vec<Namespace<'_>>> = BTreeMap::new();
    for (backend, namespace) in virtual_clusters.iter().filter_map(|it| namespace(&it.value)) {
        by_backend.entry(backend).or_default().push(namespace);
    }
    for namespaces in by_backend.values() {
        for (index, namespace) in namespaces.iter().enumerate() {
            for shown in namespace.additional.map(shown).unwrap_or_default() {
                let others = namespaces.iter().enumerate().filter(|(other, _)| *other != index);
                let reached = others
                    .map(|(_, other)| other)
                    .filter(|other| !(namespace.allow_overlap && other.allow_overlap))
                    .find(|other| shown.reaches(&other.prefix.value.0));
                if let Some(other) = reached {
                    refuse(&shown, other, report);
                }
            }
        }
    }
}

fn namespace(raw: &raw::VirtualCluster) -> Option<(&str, Namespace<'_>)> {
    let backend = raw.destination.as_ref()?.name.as_ref()?;
    let namespace = raw.namespace.as_ref()?.as_ref()?;
    let found = Namespace {
        prefix: namespace.prefix.as_ref()?,
        owner: raw.name.as_ref().map_or("?".into(), |name| name.show(&name.value.0)),
        allow_overlap: namespace.allow_overlap?,
        additional: namespace.additional.as_ref().and_then(Option::as_ref),
    };
    Some((&backend.value.0, found))
}

/// What can be read of what is shown: the rest was refused already.
fn shown(raw: &raw::Additional) -> Vec<Shown<'_>> {
    let mut all = Vec::new();
    for topics in raw.topics.iter().flatten() {
        match topics {
            raw::AdditionalTopics::Glob(topics) => all.extend(topics.glob.as_ref().map(|it| matching("topic", it))),
            raw::AdditionalTopics::ExactList(topics) => {
                let listed = topics.exact_list.iter().flat_map(|it| &it.0);
                let names = listed.filter_map(|topic| topic.backend.as_ref());
                all.extend(names.map(|it| only("topic", it, &it.value.0)));
            }
        }
    }
    for groups in raw.consumer_groups.iter().flatten() {
        match groups {
            raw::AdditionalGroups::Glob(groups) => all.extend(groups.glob.as_ref().map(|it| matching("group", it))),
            raw::AdditionalGroups::ExactList(groups) => {
                let listed = groups.exact_list.iter().flat_map(|it| &it.0);
                let names = listed.filter_map(|group| group.value.as_ref());
                all.extend(names.map(|it| only("group", it, &it.value.0)));
            }
        }
    }
    all
}

fn matching<'a>(kind: &'static str, glob: &'a At<value::NameGlob>) -> Shown<'a> {
    Shown {
        kind,
        text: glob.show(glob.value.0.as_str()),
        place: &glob.place,
        names: Shows::Matches(&glob.value.0),
    }
}

fn only<'a, T>(kind: &'static str, at: &'a At<T>, name: &'a str) -> Shown<'a> {
    Shown {
        kind,
        text: at.show(name),
        place: &at.place,
        names: Shows::Only(name),
    }
}

fn refuse(shown: &Shown<'_>, other: &Namespace<'_>, report: &Report) {
    let verb = match shown.names {
        Shows::Matches(_) => "can match a",
        Shows::Only(_) => "is a",
    };
    let message = format!(
        "{} {verb} {} with the prefix {} of virtual cluster {} at {} on the same backend cluster",
        shown.text,
        shown.kind,
        other.prefix.show(&other.prefix.value.0),
        other.owner,
        other.prefix.place.brief(),
    );
    let hint = "name what is shared so that no prefix begins it, or set namespace.allow_overlap: true on both to let \
                this one see the other's names";
    report.add(Problem::new(shown.place.clone(), message).hint(hint));
}
