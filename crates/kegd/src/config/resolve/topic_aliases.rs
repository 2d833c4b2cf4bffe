//! Other names of topics.

use std::collections::BTreeMap;

use keg_policy::is_internal_topic;

use super::super::decode::At;
use super::super::model::{Namespace, NamespaceMode, TopicAlias};
use super::super::problem::{Problem, Report};
use super::super::{raw, value};
use super::refuse_duplicates;

pub(super) fn topic_aliases(raw: &[raw::TopicAlias], report: &Report) -> Option<Vec<TopicAlias>> {
    let names = || raw.iter().filter_map(|it| it.alias.as_ref());
    refuse_duplicates("alias", names(), report);
    let aliases: BTreeMap<&str, &At<value::TopicName>> = names().map(|it| (it.value.0.as_str(), it)).collect();
    for alias in raw {
        for name in alias.alias.iter().chain(&alias.topic) {
            refuse_internal(name, report);
        }
        if let (Some(alias), Some(topic)) = (&alias.alias, &alias.topic) {
            refuse_alias_of_alias(alias, topic, &aliases, report);
        }
    }
    let alias = |it: &raw::TopicAlias| {
        Some(TopicAlias {
            alias: it.alias.as_ref()?.value.0.clone(),
            topic: it.topic.as_ref()?.value.0.clone(),
            conflict: it.conflict?,
            condition: it.condition.as_ref()?.clone(),
        })
    };
    raw.iter().map(alias).collect()
}

/// Reports topics that clients could not reach without their aliases either.
pub(super) fn refuse_hidden(raw: &[raw::TopicAlias], namespace: &Namespace, report: &Report) {
    if namespace.mode == NamespaceMode::HidePrefix {
        // Every name is one of the namespace.
        return;
    }
    for topic in raw.iter().filter_map(|it| it.topic.as_ref()) {
        let name = topic.value.0.as_str();
        let mut additional = namespace.additional.topics.iter();
        if !name.starts_with(&namespace.prefix) && !additional.any(|it| it.names.contains(name.as_bytes())) {
            let message = format!("the namespace does not show a topic {}", topic.show(name));
            let hint = format!(
                "name one that begins with {}, or add it to namespace.additional",
                namespace.prefix
            );
            report.add(Problem::new(topic.place.clone(), message).hint(hint));
        }
    }
}

fn refuse_alias_of_alias(
    alias: &At<value::TopicName>,
    topic: &At<value::TopicName>,
    aliases: &BTreeMap<&str, &At<value::TopicName>>,
    report: &Report,
) {
    let name = topic.value.0.as_str();
    let problem = if name == alias.value.0 {
        let message = format!("{} is an alias of itself", alias.show(name));
        Problem::new(topic.place.clone(), message).hint("remove it, or name another topic")
    } else if let Some(other) = aliases.get(name) {
        let message = format!("{} is an alias itself, at {}", topic.show(name), other.place.brief());
        Problem::new(topic.place.clone(), message).hint("name the topic that it is an alias of")
    } else {
        return;
    };
    report.add(problem);
}

fn refuse_internal(name: &At<value::TopicName>, report: &Report) {
    if is_internal_topic(name.value.0.as_bytes()) {
        let message = format!("{} is Kafka's own, and never shown", name.show(&name.value.0));
        report.add(Problem::new(name.place.clone(), message).hint("name another topic"));
    }
}
