//! Prefixes of virtual clusters on one backend cluster: where one begins with another, the two see each other's names.

use std::collections::BTreeMap;

use super::super::decode::At;
use super::super::problem::{Problem, Report};
use super::super::{raw, value};

struct Prefix<'a> {
    text: &'a str,
    prefix: &'a At<value::Prefix>,
    owner: String,
    allow_overlap: bool,
}

pub(super) fn check(virtual_clusters: &[At<raw::VirtualCluster>], report: &Report) {
    let mut by_backend: BTreeMap<&str, Vec<Prefix<'_>>> = BTreeMap::new();
    for (backend, prefix) in virtual_clusters.iter().filter_map(|it| prefix(&it.value)) {
        by_backend.entry(backend).or_default().push(prefix);
    }
    for mut prefixes in by_backend.into_values() {
        prefixes.sort_by(|one, other| (one.text, &one.prefix.place).cmp(&(other.text, &other.prefix.place)));
        // In this order a prefix comes after everything that it begins with, and what it doesn't begin with, nothing
        // after it does either.
        let mut beginnings: Vec<&Prefix<'_>> = Vec::new();
        for prefix in &prefixes {
            while beginnings.pop_if(|last| !prefix.text.starts_with(last.text)).is_some() {}
            let refused = beginnings
                .iter()
                .find(|beginning| !(beginning.allow_overlap && prefix.allow_overlap));
            if let Some(beginning) = refused {
                refuse(beginning, prefix, report);
            }
            beginnings.push(prefix);
        }
    }
}

fn prefix(raw: &raw::VirtualCluster) -> Option<(&str, Prefix<'_>)> {
    let backend = raw.destination.as_ref()?.name.as_ref()?;
    let namespace = raw.namespace.as_ref()?.as_ref()?;
    let prefix = namespace.prefix.as_ref()?;
    let prefix = Prefix {
        text: &prefix.value.0,
        prefix,
        owner: raw.name.as_ref().map_or("?".into(), |name| name.show(&name.value.0)),
        allow_overlap: namespace.allow_overlap?,
    };
    Some((&backend.value.0, prefix))
}

fn refuse(shorter: &Prefix<'_>, longer: &Prefix<'_>, report: &Report) {
    let relation = if shorter.text == longer.text {
        "is also the prefix"
    } else {
        "begins with the prefix"
    };
    let message = format!(
        "{} {relation} {} of virtual cluster {} at {} on the same backend cluster",
        longer.prefix.show(longer.text),
        shorter.prefix.show(shorter.text),
        shorter.owner,
        shorter.prefix.place.brief(),
    );
    let problem = Problem::new(longer.prefix.place.clone(), message);
    report.add(problem.hint(
        "end prefixes with a separator, or set namespace.allow_overlap: true on both to let them see each other's names",
    ));
}
