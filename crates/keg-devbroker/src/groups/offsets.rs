//! What a group has committed.

use std::collections::BTreeMap;

/// A committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
}

/// The committed offsets of one group, by topic and partition.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    topics: BTreeMap<String, BTreeMap<i32, Committed>>,
}

impl Offsets {
    pub(crate) fn commit(&mut self, topic: &str, partition: i32, committed: Committed) {
        self.topics
            .entry(topic.to_owned())
            .or_default()
            .insert(partition, committed);
    }

    pub(crate) fn fetch(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.topics.get(topic)?.get(&partition)
    }

    /// Forgets one partition's offset; true if there was one.
    pub(crate) fn delete(&mut self, topic: &str, partition: i32) -> bool {
        let Some(partitions) = self.topics.get_mut(topic) else {
            return false;
        };
        let deleted = partitions.remove(&partition).is_some();
        if partitions.is_empty() {
            self.topics.remove(topic);
        }
        deleted
    }

    pub(crate) fn forget_topic(&mut self, topic: &str) {
        self.topics.remove(topic);
    }

    /// Every topic that has an offset, with its partitions.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, Vec<i32>)> {
        self.topics
            .iter()
            .map(|(topic, partitions)| (topic.as_str(), partitions.keys().copied().collect()))
    }
}
