//! What virtual clusters show beside their namespaces.

mod overlap;

use std::collections::BTreeSet;

use keg_policy::{NameSet, is_internal_topic};

use super::super::decode::At;
use super::super::model::{Additional, AdditionalTopics};
use super::super::problem::{Problem, Report};
use super::super::{raw, value};
pub(super) use overlap::check;

pub(super) fn additional(raw: &raw::Additional, report: &Report) -> Option<Additional> {
    let topics = raw.topics.as_ref()?.iter().map(|topics| {
        let (names, conflict) = match topics {
            raw::AdditionalTopics::Glob(topics) => (glob(topics.glob.as_ref()?), topics.conflict),
            raw::AdditionalTopics::ExactList(topics) => {
                let topic = |it: &raw::AdditionalTopic| Some(it.backend.as_ref()?.value.0.clone());
                let listed = &topics.exact_list.as_ref()?.0;
                for topic in listed.iter().filter_map(|it| it.backend.as_ref()) {
                    refuse_internal(topic, report);
                }
                (exact(listed.iter().map(topic))?, topics.conflict)
            }
        };
        let conflict = conflict?;
        Some(AdditionalTopics { names, conflict })
    });
    let groups = raw.consumer_groups.as_ref()?.iter().map(|groups| match groups {
        raw::AdditionalGroups::Glob(groups) => Some(glob(groups.glob.as_ref()?)),
        raw::AdditionalGroups::ExactList(groups) => {
            let group = |it: &raw::AdditionalGroup| Some(it.value.as_ref()?.value.0.clone());
            exact(groups.exact_list.as_ref()?.0.iter().map(group))
        }
    });
    Some(Additional {
        topics: topics.collect::<Option<_>>()?,
        groups: groups.collect::<Option<_>>()?,
    })
}

fn glob(raw: &At<value::NameGlob>) -> NameSet {
    NameSet::Glob(raw.value.0.clone())
}

fn exact(names: impl Iterator<Item = Option<String>>) -> Option<NameSet> {
    names.collect::<Option<BTreeSet<_>>>().map(NameSet::Exact)
}

fn refuse_internal(topic: &At<value::TopicName>, report: &Report) {
    if is_internal_topic(topic.value.0.as_bytes()) {
        let message = format!("{} is Kafka's own, and never shown", topic.show(&topic.value.0));
        report.add(Problem::new(topic.place.clone(), message).hint("remove it"));
    }
}
