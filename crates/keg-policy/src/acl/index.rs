//! Rules by the names that they are about.

use super::operation::Operations;
use super::pattern::{NamePattern, Rest};
use super::rule::AclAction;

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

/// Entries by a text that names have to begin with.
///
/// All that fit a name are on one path from the longest text to the shortest. So finding them is one search among the texts,
/// however many there are, and then as many steps as texts fit.
#[derive(Debug, Default)]
struct Table {
    /// In the order of their texts.
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    text: Box<str>,
    /// The longest other text that this one begins with.
    shorter: Option<usize>,
    entries: Vec<Entry>,
}

/// A pattern of a rule.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) pattern: NamePattern,
    pub(super) action: AclAction,
    pub(super) operations: Operations,
    /// The number of the rule among those of all policies, and that of its policy.
    pub(super) rule: usize,
    pub(super) policy: usize,
}

impl Entry {
    /// Whether it is about a name that has its pattern's start.
    fn fits(&self, name: &str) -> bool {
        match self.pattern.rest() {
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
            starts: Table::new(starts, |entry| entry.pattern.start().to_owned()),
            ends: Table::new(ends, |entry| backwards(entry.pattern.end())),
        }
    }

    /// All that is about a name.
    pub(super) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        let ends = match self.ends.places.is_empty() {
            true => None,
            false => self.ends.longest(&backwards(name)),
        };
        let found = self.starts.from(self.starts.longest(name)).chain(self.ends.from(ends));
        found.filter(move |entry| entry.fits(name))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        let places = self.starts.places.iter().chain(&self.ends.places);
        places.flat_map(|place| &place.entries)
    }
}

fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

impl Table {
    fn new(entries: Vec<Entry>, text: impl Fn(&Entry) -> String) -> Self {
        let mut entries: Vec<_> = entries.into_iter().map(|entry| (text(&entry), entry)).collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut table = Self::default();
        for (text, entry) in entries {
            table.add(text, entry);
        }
        table
    }

    /// Adds what stands behind all others.
    fn add(&mut self, text: String, entry: Entry) {
        match self.places.last_mut() {
            Some(last) if *last.text == *text => last.entries.push(entry),
            _ => self.places.push(Place {
                shorter: self.longest(&text),
                text: text.into(),
                entries: vec![entry],
            }),
        }
    }

    /// The longest text that a name begins with.
    ///
    /// What stands between a name and its longest text begins with that text as well.
    fn longest(&self, name: &str) -> Option<usize> {
        let mut place = self.places.partition_point(|it| *it.text <= *name).checked_sub(1);
        while let Some(it) = place.and_then(|place| self.places.get(place)) {
            if name.starts_with(&*it.text) {
                return place;
            }
            place = it.shorter;
        }
        None
    }

    /// The entries of a place, and of all shorter texts.
    fn from(&self, place: Option<usize>) -> impl Iterator<Item = &Entry> {
        let at = |place: Option<usize>| self.places.get(place?);
        std::iter::successors(at(place), move |it| at(it.shorter)).flat_map(|it| &it.entries)
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
            policy: 0,
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
