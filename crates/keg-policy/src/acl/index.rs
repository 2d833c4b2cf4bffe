//! Rules by the names that they are about.

use super::operation::Operations;
use super::pattern::{NamePattern, Rest};
use super::rule::AclAction;

/// The rules of one resource type, found by what names begin with.
///
/// All patterns whose start a name has are on one path from the longest such start to the shortest. So finding them is one
/// search among the starts, however many there are, and then as many steps as starts fit.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// In the order of their texts.
    starts: Vec<Start>,
}

#[derive(Debug)]
struct Start {
    text: Box<str>,
    /// The longest other start that this one begins with.
    shorter: Option<usize>,
    entries: Vec<Entry>,
}

/// A pattern of a rule.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) pattern: NamePattern,
    pub(super) action: AclAction,
    pub(super) operations: Operations,
    /// The number of the rule among those of all policies.
    pub(super) rule: usize,
}

impl Entry {
    /// Whether it is about a name that begins with its pattern's start.
    fn fits(&self, name: &str, start: &str) -> bool {
        match self.pattern.rest() {
            Rest::Nothing => name.len() == start.len(),
            Rest::Anything => true,
            Rest::Pattern => self.pattern.matches(name),
        }
    }
}

impl Index {
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|one, other| one.pattern.start().cmp(other.pattern.start()));
        let mut index = Self::default();
        for entry in entries {
            index.add(entry);
        }
        index
    }

    /// Adds what stands behind all others.
    fn add(&mut self, entry: Entry) {
        let start = entry.pattern.start();
        match self.starts.last_mut() {
            Some(last) if *last.text == *start => last.entries.push(entry),
            _ => self.starts.push(Start {
                text: start.into(),
                shorter: self.longest(start),
                entries: vec![entry],
            }),
        }
    }

    /// The longest start that a name has, of those that stand before it.
    ///
    /// What stands between a name and its longest start has that start as well.
    fn longest(&self, name: &str) -> Option<usize> {
        let mut place = self.starts.partition_point(|start| *start.text <= *name).checked_sub(1);
        while let Some(start) = place.and_then(|place| self.starts.get(place)) {
            if name.starts_with(&*start.text) {
                return place;
            }
            place = start.shorter;
        }
        None
    }

    /// All that is about a name.
    pub(super) fn of(&self, name: &str) -> impl Iterator<Item = &Entry> {
        let starts = std::iter::successors(self.start(self.longest(name)), |start| self.start(start.shorter));
        starts.flat_map(move |start| start.entries.iter().filter(move |entry| entry.fits(name, &start.text)))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.starts.iter().flat_map(|start| &start.entries)
    }

    fn start(&self, place: Option<usize>) -> Option<&Start> {
        self.starts.get(place?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::acl::operation::Operation;

    fn index(patterns: &[String]) -> Index {
        let entry = |(rule, text): (usize, &String)| Entry {
            pattern: NamePattern::new(text).unwrap(),
            action: AclAction::Allow,
            operations: Operations::of(&[Operation::Read]),
            rule,
        };
        Index::new(patterns.iter().enumerate().map(entry).collect())
    }

    proptest! {
        #[test]
        fn it_finds_what_matches_and_nothing_else(
            patterns in prop::collection::vec("[ab*?]{1,5}", 0..20),
            name in "[ab]{0,6}",
        ) {
            let index = index(&patterns);
            let mut found: Vec<_> = index.of(&name).map(|entry| entry.rule).collect();
            found.sort_unstable();
            let matching = (0..patterns.len()).filter(|rule| NamePattern::new(&patterns[*rule]).unwrap().matches(&name));
            prop_assert_eq!(found, matching.collect::<Vec<_>>());
            prop_assert_eq!(index.all().count(), patterns.len());
        }
    }
}
