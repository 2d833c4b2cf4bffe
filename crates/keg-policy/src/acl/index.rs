//! Rules by the names that they are about.

use super::operation::Operations;
use super::pattern::{NamePattern, Rest};
use super::rule::AclAction;

/// The longest name of a topic, in bytes.
const LONGEST_TOPIC: usize = 249;

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
    /// What all texts begin with, but an empty one.
    common: Box<[u8]>,
    /// Of each place the [`key`] of its text: they lie close together, and tell most texts apart.
    keys: Vec<u64>,
}

#[derive(Debug)]
struct Place {
    text: Box<[u8]>,
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
            starts: Table::new(starts, |entry| entry.pattern.start().as_bytes().to_vec()),
            ends: Table::new(ends, |entry| entry.pattern.end().bytes().rev().collect()),
        }
    }

    /// All that is about a name.
    pub(super) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.between(name, name).filter(move |entry| entry.fits(name))
    }

    /// All that covers a pattern.
    pub(super) fn covering<'a>(&'a self, pattern: &'a NamePattern) -> impl Iterator<Item = &'a Entry> {
        let end = match pattern.rest() {
            Rest::Nothing => pattern.start(),
            Rest::Anything | Rest::Pattern => pattern.end(),
        };
        let found = self.between(pattern.start(), end);
        found.filter(move |entry| entry.pattern.covers(pattern))
    }

    /// What is found by a start, or by an end.
    fn between(&self, start: &str, end: &str) -> impl Iterator<Item = &Entry> {
        let ends = match self.ends.places.is_empty() {
            true => None,
            false => self.ends.longest_backwards(end.as_bytes()),
        };
        let starts = self.starts.longest(start.as_bytes());
        self.starts.from(starts).chain(self.ends.from(ends))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        let places = self.starts.places.iter().chain(&self.ends.places);
        places.flat_map(|place| &place.entries)
    }
}

impl Table {
    fn new(entries: Vec<Entry>, text: impl Fn(&Entry) -> Vec<u8>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().map(|entry| (text(&entry), entry)).collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let texts = || entries.iter().map(|(text, _)| text).filter(|text| !text.is_empty());
        // In the order of texts, what is between the first and the last begins with what those two have in common.
        let ends = texts().next().zip(texts().next_back());
        let alike = ends.map_or(0, |(first, last)| {
            first.iter().zip(last).take_while(|(one, other)| one == other).count()
        });
        let common = texts().next().into_iter().flatten().take(alike);
        let mut table = Self {
            common: common.copied().collect(),
            ..Self::default()
        };
        for (text, entry) in entries {
            table.add(text, entry);
        }
        table
    }

    /// Adds what stands behind all others.
    fn add(&mut self, text: Vec<u8>, entry: Entry) {
        match self.places.last_mut() {
            Some(last) if *last.text == *text => last.entries.push(entry),
            _ => {
                let shorter = self.longest(&text);
                self.keys
                    .push(key(text.strip_prefix(&*self.common).unwrap_or_default()));
                self.places.push(Place {
                    shorter,
                    text: text.into(),
                    entries: vec![entry],
                });
            }
        }
    }

    /// The same of a name that is read backwards, which takes no allocation for what can be a topic.
    fn longest_backwards(&self, name: &[u8]) -> Option<usize> {
        let end = name.iter().rev().take(self.common.len());
        if !end.eq(self.common.iter()) {
            // There is no empty text among the ends.
            return None;
        }
        let mut room = [0; LONGEST_TOPIC];
        let Some(read) = room.get_mut(..name.len()) else {
            return self.longest(&name.iter().rev().copied().collect::<Vec<_>>());
        };
        read.copy_from_slice(name);
        read.reverse();
        self.longest(read)
    }

    /// The longest text that a name begins with.
    ///
    /// What stands between a name and its longest text begins with that text as well.
    fn longest(&self, name: &[u8]) -> Option<usize> {
        let Some(behind) = name.strip_prefix(&*self.common) else {
            return self.places.first().filter(|it| it.text.is_empty()).map(|_| 0);
        };
        let key = key(behind);
        let less = self.keys.partition_point(|it| *it < key);
        let alike = self.keys.iter().skip(less).take_while(|it| **it == key).count();
        let alike = self.places.get(less..less + alike).unwrap_or_default();
        let before = less + alike.partition_point(|it| *it.text <= *name);
        let mut place = before.checked_sub(1);
        while let Some(it) = place.and_then(|place| self.places.get(place)) {
            if name.starts_with(&it.text) {
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

/// The first bytes of a text, as a number. What has the smaller one comes first; of texts with the same, that isn't said.
fn key(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(first)
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

        #[test]
        fn it_finds_long_names_that_begin_alike(
            patterns in prop::collection::vec("topic-[ab\u{0}]{0,12}[*]?|[*]|[*](aaaaaaaa)?[ab]{1,3}", 0..30),
            name in "(topic-)?[ab\u{0}]{1,13}|t|topic-",
        ) {
            let index = index(&patterns);
            let mut found: Vec<_> = index.of(&name).map(|entry| entry.rule).collect();
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
