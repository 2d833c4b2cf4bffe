//! Rules by the names that they are about.

mod table;

use super::operation::Operations;
use super::pattern::{NamePattern, Rest};
use super::rule::AclAction;
use table::Table;

/// The rules of one resource type, found by what names begin with; or by what they end with, for patterns that begin with
/// anything.
///
/// Only patterns that say neither, such as `*-dlq-*`, are all tried.
#[derive(Debug, Default)]
pub(super) struct Index {
    starts: Table,
    /// The ends, each read backwards.
    ends: Table,
}

/// A pattern of a rule.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) pattern: NamePattern,
    /// What that says of the rest of a name that has its start.
    pub(super) rest: Rest,
    pub(super) action: AclAction,
    pub(super) operations: Operations,
    /// The number of the rule among those of all policies, and that of its policy.
    pub(super) rule: usize,
    pub(super) policy: usize,
}

impl Entry {
    /// Whether it is about a name that has its pattern's start.
    fn fits(&self, name: &str) -> bool {
        match self.rest {
            Rest::Nothing => name.len() == self.pattern.start().len(),
            Rest::Anything => true,
            Rest::Pattern => self.pattern.matches(name),
        }
    }
}

impl Index {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let by_end = |entry: &Entry| entry.pattern.start().is_empty() && !entry.pattern.end().is_empty();
        let (ends, starts): (Vec<_>, Vec<_>) = entries.into_iter().partition(by_end);
        Self {
            starts: Table::new(starts, |entry| entry.pattern.start().as_bytes().to_vec()),
            ends: Table::new(ends, |entry| entry.pattern.end().bytes().rev().collect()),
        }
    }

    /// Sees all that is about a name.
    ///
    /// To be handed one after the other takes longer, and every name of every request is looked for here.
    pub(super) fn each_about(&self, name: &str, mut see: impl FnMut(&Entry)) {
        let mut see = |entry: &Entry| {
            if entry.fits(name) {
                see(entry);
            }
        };
        self.starts.each_from(self.starts.longest(name.as_bytes()), &mut see);
        self.ends.each_from(self.ends.longest_backwards(name.as_bytes()), see);
    }

    /// All that covers a pattern.
    pub(super) fn covering<'a>(&'a self, pattern: &'a NamePattern) -> impl Iterator<Item = &'a Entry> {
        let end = match pattern.rest() {
            Rest::Nothing => pattern.start(),
            Rest::Anything | Rest::Pattern => pattern.end(),
        };
        let ends = self.ends.longest_backwards(end.as_bytes());
        let starts = self.starts.longest(pattern.start().as_bytes());
        let found = self.starts.from(starts).chain(self.ends.from(ends));
        found.filter(move |entry| entry.pattern.covers(pattern))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.starts.all().chain(self.ends.all())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::acl::operation::Operation;

    fn index(patterns: &[String]) -> Index {
        let entry = |(rule, text): (usize, &String)| {
            let pattern = NamePattern::new(text).unwrap();
            Entry {
                rest: pattern.rest(),
                pattern,
                action: AclAction::Allow,
                operations: Operations::of(&[Operation::Read]),
                rule,
                policy: 0,
            }
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
            let mut found = Vec::new();
            index.each_about(&name, |entry| found.push(entry.rule));
            found.sort_unstable();
            let matching = (0..patterns.len()).filter(|rule| NamePattern::new(&patterns[*rule]).unwrap().matches(&name));
            prop_assert_eq!(found, matching.collect::<Vec<_>>());
            prop_assert_eq!(index.all().count(), patterns.len());
        }

        #[test]
        fn it_finds_long_names_that_begin_alike(
            patterns in prop::collection::vec("topic-[ab\u{0}]{0,12}[*]?|[*]|[*](aaaaaaaa)?[ab]{1,3}", 0..30),
            name in "(topic-)?[ab\u{0}]{1,13}|t|topic-",
        ) {
            let index = index(&patterns);
            let mut found = Vec::new();
            index.each_about(&name, |entry| found.push(entry.rule));
            found.sort_unstable();
            let matching = (0..patterns.len()).filter(|rule| NamePattern::new(&patterns[*rule]).unwrap().matches(&name));
            prop_assert_eq!(found, matching.collect::<Vec<_>>());
        }

        #[test]
        fn it_finds_what_covers_a_pattern_and_nothing_else(
            patterns in prop::collection::vec("[ab*?]{1,4}", 0..30),
            pattern in "[ab*?]{1,4}",
        ) {
            let (index, pattern) = (index(&patterns), NamePattern::new(&pattern).unwrap());
            let mut found: Vec<_> = index.covering(&pattern).map(|entry| entry.rule).collect();
            found.sort_unstable();
            let covers = |rule: &usize| NamePattern::new(&patterns[*rule]).unwrap().covers(&pattern);
            prop_assert_eq!(found, (0..patterns.len()).filter(covers).collect::<Vec<_>>());
        }
    }
}
