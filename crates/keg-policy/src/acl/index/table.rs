//! Entries by a text that names have to begin with.

use super::Entry;
use crate::namespace::metadata::LONGEST_TOPIC;

/// How many bytes of a text a [`key`] has.
const KEY: usize = size_of::<u64>();

/// Entries by a text that names have to begin with.
///
/// All that fit a name are on one path from the longest text to the shortest. So finding them is one search among the texts,
/// however many there are, and then as many steps as texts fit.
///
/// Every name of every request is looked for here. So what tells most texts apart is compared as a number: to have the
/// processor compare memory takes many times as long, for texts as short as names.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// In the order of their texts.
    places: Vec<Place>,
    /// What all texts begin with, but an empty one.
    common: Box<[u8]>,
    /// Of each place the [`key`] of its text behind that: they lie close together, and tell most texts apart.
    keys: Vec<u64>,
}

#[derive(Debug)]
struct Place {
    text: Box<[u8]>,
    /// The longest other text that this one begins with.
    shorter: Option<usize>,
    entries: Vec<Entry>,
}

impl Table {
    pub(super) fn new(entries: Vec<Entry>, text: impl Fn(&Entry) -> Vec<u8>) -> Self {
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
                self.keys.push(key(&text, self.common.len()));
                self.places.push(Place {
                    shorter,
                    text: text.into(),
                    entries: vec![entry],
                });
            }
        }
    }

    /// The same as [`longest`](Self::longest) of a name that is read backwards, which takes no allocation for what can be a
    /// topic.
    pub(super) fn longest_backwards(&self, name: &[u8]) -> Option<usize> {
        let end = name.iter().rev().take(self.common.len());
        if self.places.is_empty() || !end.eq(self.common.iter()) {
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
    pub(super) fn longest(&self, name: &[u8]) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        if !begins(name, &self.common) {
            return self.places.first().filter(|it| it.text.is_empty()).map(|_| 0);
        }
        let key = key(name, self.common.len());
        let less = self.keys.partition_point(|it| *it < key);
        let alike = self.keys.iter().skip(less).take_while(|it| **it == key).count();
        let before = match alike {
            // One that comes behind the name, for what follows the key, begins with all shorter texts that the name begins with.
            0 | 1 => less + alike,
            _ => {
                let alike = self.places.get(less..less + alike).unwrap_or_default();
                less + alike.partition_point(|it| *it.text <= *name)
            }
        };
        let mut at = before.checked_sub(1);
        while let Some(place) = at.and_then(|at| self.places.get(at)) {
            if self.starts(name, key, at, place) {
                return at;
            }
            at = place.shorter;
        }
        None
    }

    /// Whether a name with this key begins with the text of a place. What all texts begin with, it does.
    fn starts(&self, name: &[u8], key: u64, at: Option<usize>, place: &Place) -> bool {
        let told = at.and_then(|at| self.keys.get(at)).map_or(u64::MAX, |it| it ^ key);
        match place.text.len().saturating_sub(self.common.len()) {
            behind @ 0..=KEY => {
                let unlike = u64::MAX.checked_shl(u64::BITS - 8 * behind as u32).unwrap_or_default() & told;
                unlike == 0 && name.len() >= place.text.len()
            }
            _ => told == 0 && begins(name, &place.text),
        }
    }

    /// Sees the entries of a place, and of all shorter texts.
    pub(super) fn each_from(&self, mut place: Option<usize>, mut see: impl FnMut(&Entry)) {
        while let Some(at) = place.and_then(|at| self.places.get(at)) {
            at.entries.iter().for_each(&mut see);
            place = at.shorter;
        }
    }

    /// The same, one after the other.
    pub(super) fn from(&self, place: Option<usize>) -> impl Iterator<Item = &Entry> {
        let at = |place: Option<usize>| self.places.get(place?);
        std::iter::successors(at(place), move |it| at(it.shorter)).flat_map(|it| &it.entries)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.places.iter().flat_map(|place| &place.entries)
    }
}

/// The bytes of a text from a place on, as a number: the smaller one comes first, and of texts with the same one that isn't
/// said.
fn key(text: &[u8], from: usize) -> u64 {
    let rest = text.get(from..).unwrap_or_default();
    match (rest.first_chunk(), text.last_chunk()) {
        (Some(first), _) => u64::from_be_bytes(*first),
        // Of the last bytes of the text, those from the place on.
        (None, Some(last)) => {
            let before = KEY - rest.len();
            u64::from_be_bytes(*last)
                .checked_shl(8 * before as u32)
                .unwrap_or_default()
        }
        (None, None) => {
            let mut first = [0; KEY];
            first.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(first)
        }
    }
}

/// Whether a name begins with a text.
fn begins(name: &[u8], text: &[u8]) -> bool {
    let Some(start) = name.get(..text.len()) else {
        return false;
    };
    let ((names, name_rest), (texts, text_rest)) = (start.as_chunks::<KEY>(), text.as_chunks::<KEY>());
    let is_same = names.iter().zip(texts).all(|(one, other)| one == other);
    is_same && name_rest.iter().zip(text_rest).all(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_the_first_bytes_from_a_place_on(text in prop::collection::vec(any::<u8>(), 0..20), from in 0_usize..22) {
            let rest = text.get(from..).unwrap_or_default();
            let first: Vec<u8> = rest.iter().copied().chain([0; KEY]).take(KEY).collect();
            prop_assert_eq!(key(&text, from).to_be_bytes().to_vec(), first);
        }

        #[test]
        fn a_name_begins_with_what_it_begins_with(name in "[ab]{0,20}", text in "[ab]{0,3}", count in 0_usize..22) {
            prop_assert_eq!(begins(name.as_bytes(), text.as_bytes()), name.starts_with(&text));
            let start = name.get(..count).unwrap_or(&name);
            prop_assert!(begins(name.as_bytes(), start.as_bytes()));
            let other = format!("{start}c");
            prop_assert!(!begins(name.as_bytes(), other.as_bytes()));
        }
    }
}
