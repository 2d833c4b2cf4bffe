//! Names that a namespace shows beside its own.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::glob::Glob;

/// Topics and groups of the backend that a namespace shows under their own names, in both modes.
///
/// Clients produce to, consume, commit to and describe what is there. They neither create, alter nor delete it: that is
/// for whoever it belongs to. Kafka's internal topics are never shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Additional {
    /// Topics; the first that match a name say what becomes of a conflict about it.
    pub topics: Vec<AdditionalTopics>,
    /// Groups of all kinds.
    pub groups: Vec<NameSet>,
}

/// Topics that a namespace shows beside its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionalTopics {
    /// Their names on the backend.
    pub names: NameSet,
    /// Whether it is told when one of them takes the name of a topic of the namespace.
    pub conflict: OnConflict,
}

/// What becomes of a conflict: two topics of the backend would have the same name for clients, `x` as an additional
/// one, and the prefix and `x` as the namespace's own, whose prefix is hidden. Clients see the additional one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// It is [told](super::Conflicts), once.
    #[default]
    Warn,
    /// Nothing.
    Ignore,
}

/// Some names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameSet {
    /// All that match.
    Glob(Glob),
    /// These.
    Exact(BTreeSet<String>),
}

impl NameSet {
    /// Whether the name is one of them.
    pub fn contains(&self, name: &[u8]) -> bool {
        match self {
            Self::Glob(glob) => glob.matches(name),
            Self::Exact(names) => std::str::from_utf8(name).is_ok_and(|name| names.contains(name)),
        }
    }

    /// Whether there can be names among them that begin with this.
    pub fn reaches(&self, prefix: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.reaches(prefix),
            // In the order of names, what begins with the prefix comes first of all that is not before it.
            Self::Exact(names) => names
                .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
                .next()
                .is_some_and(|name| name.starts_with(prefix)),
        }
    }
}

impl Additional {
    /// What becomes of a conflict about the topic's name; `None` when it is not one of these.
    pub(super) fn topic(&self, name: &[u8]) -> Option<OnConflict> {
        let topics = self.topics.iter().find(|topics| topics.names.contains(name))?;
        Some(topics.conflict)
    }

    /// Whether the group's name is one of these.
    pub(super) fn has_group(&self, name: &[u8]) -> bool {
        self.groups.iter().any(|groups| groups.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(names: &[&str]) -> NameSet {
        NameSet::Exact(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn lists_have_the_names_that_are_in_them() {
        let names = exact(&["legacy", "old.orders"]);
        assert!(names.contains(b"legacy"));
        assert!(!names.contains(b"legac"));
        assert!(!names.contains(b"legacy\xff"));
        assert!(names.reaches("old."));
        assert!(names.reaches("legacy"));
        assert!(!names.reaches("legacy-"));
        assert!(!names.reaches("zoo"));
        assert!(names.reaches(""));
        assert!(!exact(&[]).reaches(""));
    }

    #[test]
    fn the_first_that_match_a_topic_decide() {
        let topics = |names, conflict| AdditionalTopics { names, conflict };
        let additional = Additional {
            topics: vec![
                topics(exact(&["shared-a"]), OnConflict::Ignore),
                topics(NameSet::Glob(Glob::new("shared-*").unwrap()), OnConflict::Warn),
            ],
            groups: vec![exact(&["app"])],
        };
        assert_eq!(additional.topic(b"shared-a"), Some(OnConflict::Ignore));
        assert_eq!(additional.topic(b"shared-b"), Some(OnConflict::Warn));
        assert_eq!(additional.topic(b"app"), None);
        assert!(additional.has_group(b"app"));
        assert!(!additional.has_group(b"shared-a"));
    }
}
