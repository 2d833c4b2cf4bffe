//! What is known of a virtual cluster's topics.

use keg_policy::{AliasMemory, Conflicts, TopicIds, TopicNames};

use super::conflicts;
use crate::config::model::{TopicAlias, VirtualCluster};

/// What the policies of a virtual cluster know, and the next ones take over.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) topic_ids: TopicIds,
    pub(super) topic_names: TopicNames,
    /// Which of its topics are hidden by additional ones.
    pub(super) conflicts: Conflicts,
    pub(super) aliases: AliasMemory,
    /// Which of its topics are hidden by aliases; by which, since it is told anew when they change.
    pub(super) alias_conflicts: Conflicts,
    configured: Vec<TopicAlias>,
}

impl Known {
    /// What is known of a virtual cluster, whose connections stay if there is something from before.
    pub(super) fn of(cluster: &VirtualCluster, before: Option<&Self>) -> Self {
        let same_aliases = before.filter(|it| it.configured == cluster.topic_aliases);
        Self {
            topic_ids: before.map(|it| it.topic_ids.clone()).unwrap_or_default(),
            topic_names: before.map(|it| it.topic_names.clone()).unwrap_or_default(),
            conflicts: before.map_or_else(|| conflicts::of_additional(cluster), |it| it.conflicts.clone()),
            aliases: before.map(|it| it.aliases.clone()).unwrap_or_default(),
            alias_conflicts: same_aliases
                .map_or_else(|| conflicts::of_aliases(cluster), |it| it.alias_conflicts.clone()),
            configured: cluster.topic_aliases.clone(),
        }
    }
}
