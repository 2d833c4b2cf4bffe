//! A map that forgets what was not set lately.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

/// At most so many entries, in two halves: when the young one is full, it takes the place of the old one.
#[derive(Debug)]
pub(crate) struct Recent<K, V, const MOST: usize, S = RandomState> {
    young: HashMap<K, V, S>,
    old: HashMap<K, V, S>,
}

/// What was told of topics by their ids, lately.
///
/// A hash that is quick to find will do: brokers draw ids at random, and nothing is kept of those that clients make up. It has
/// a seed all the same.
pub(crate) type RecentIds<V, const MOST: usize> = Recent<[u8; 16], V, MOST, foldhash::fast::RandomState>;

impl<K, V, const MOST: usize, S: Default> Default for Recent<K, V, MOST, S> {
    fn default() -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
        }
    }
}

impl<K: Eq + Hash, V: PartialEq, const MOST: usize, S: BuildHasher + Default> Recent<K, V, MOST, S> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Whether the entry would outlive another half.
    pub(crate) fn is_fresh(&self, key: &K, value: &V) -> bool {
        self.fresh(key) == Some(value)
    }

    /// The value of an entry that would.
    pub(crate) fn fresh(&self, key: &K) -> Option<&V> {
        self.young.get(key)
    }

    pub(crate) fn set(&mut self, key: K, value: V) {
        if self.young.len() >= MOST / 2 && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_lately_is_there_and_the_rest_ends_somewhere() {
        let mut recent = Recent::<usize, usize, 8>::default();
        for number in 0..100 {
            recent.set(number, number);
            recent.set(0, number);
        }
        assert_eq!(recent.get(&0), Some(&99));
        assert!(recent.is_fresh(&0, &99) && !recent.is_fresh(&0, &98));
        assert!((96..100).all(|number| recent.get(&number) == Some(&number)));
        assert_eq!(recent.get(&50), None);
        assert!(recent.young.len() + recent.old.len() <= 8);
    }
}
