//! Which topic an id is of.

use std::sync::{Arc, PoisonError, RwLock};

use keg_codec::walk::WalkError;

use crate::message::Reply;
use crate::namespace::look_up::told;
use crate::namespace::topic_ids::{AT_ONCE, NO_TOPIC_ID};
use crate::recent::RecentIds;

/// How many ids are kept at most; ids of deleted topics would pile up without an end to it.
const MOST: usize = 1 << 16;

/// The names of topics, as clients see them, by their ids. Clones share what they know, so that it can outlive a change
/// of the rules.
///
/// Kafka never gives an id twice, and topics aren't renamed. What was not told for long is forgotten, and looked up again.
#[derive(Debug, Clone, Default)]
pub struct TopicNames(Arc<RwLock<Names>>);

type Names = RecentIds<Arc<[u8]>, MOST>;

impl TopicNames {
    pub(super) fn name(&self, id: &[u8; 16]) -> Option<Arc<[u8]>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(super) fn learn<'a>(&self, told: impl Iterator<Item = (&'a [u8; 16], &'a [u8])>) {
        let mut new = Vec::new();
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let is_new = |id, name: &[u8]| known.fresh(id).is_none_or(|known| **known != *name);
            new.extend(told.filter(|(id, name)| **id != NO_TOPIC_ID && !name.is_empty() && is_new(id, name)));
        }
        if !new.is_empty() {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            new.into_iter().for_each(|(id, name)| known.set(*id, name.into()));
        }
    }

    /// Learns what the broker has answered to a question about ids.
    pub(super) fn learn_from(&self, reply: Reply) -> Result<(), WalkError> {
        let told = told(reply)?;
        self.learn(told.iter().map(|(name, id)| (id, &**name)));
        Ok(())
    }
}

/// Names that a response tells with their ids, on their way to what is known: together they have to wait for others once.
#[derive(Debug)]
pub(super) struct Told<'a> {
    known: &'a TopicNames,
    /// Each id, and where its name ends among the names.
    ids: Vec<([u8; 16], usize)>,
    /// In one piece, and behind those with an id the one at hand.
    names: Vec<u8>,
}

impl<'a> Told<'a> {
    pub(super) fn new(known: &'a TopicNames) -> Self {
        Self {
            known,
            ids: Vec::new(),
            names: Vec::new(),
        }
    }

    /// A topic comes, which has no name if it is empty.
    pub(super) fn name(&mut self, name: &[u8]) {
        if self.ids.len() == AT_ONCE {
            self.learn();
        }
        if self.names.capacity() == 0 {
            self.ids.reserve(AT_ONCE);
            self.names.reserve(AT_ONCE * name.len());
        }
        self.names.truncate(self.end());
        self.names.extend_from_slice(name);
    }

    /// The id of the topic at hand, which comes once.
    pub(super) fn id(&mut self, id: &[u8; 16]) {
        if self.names.len() > self.end() {
            self.ids.push((*id, self.names.len()));
        }
    }

    /// To be called behind the last one.
    pub(super) fn learn(&mut self) {
        let starts = std::iter::once(0).chain(self.ids.iter().map(|(_, end)| *end));
        let told = self.ids.iter().zip(starts);
        let told = told.map(|((id, end), start)| (id, self.names.get(start..*end).unwrap_or_default()));
        self.known.learn(told);
        self.ids.clear();
        self.names.clear();
    }

    /// Where the last name with an id ends.
    fn end(&self) -> usize {
        self.ids.last().map_or(0, |(_, end)| *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> [u8; 16] {
        (number as u128 + 1).to_be_bytes()
    }

    #[test]
    fn names_are_learned_with_their_ids_however_many_they_are() {
        let known = TopicNames::default();
        let mut told = Told::new(&known);
        const COUNT: usize = 3 * AT_ONCE + 1;
        for number in 0..COUNT {
            // Of one without a name, or without an id, nothing is learned.
            told.name(b"");
            told.id(&id(COUNT + number));
            told.name(b"without");
            told.name(format!("topic-{number}").as_bytes());
            told.id(&id(number));
        }
        told.learn();
        let name = |number| {
            known
                .name(&id(number))
                .map(|name| String::from_utf8_lossy(&name).into_owned())
        };
        for number in 0..COUNT {
            assert_eq!(name(number), Some(format!("topic-{number}")));
            assert_eq!(name(COUNT + number), None);
        }
    }

    #[test]
    fn another_name_takes_the_place_of_the_one_before() {
        let known = TopicNames::default();
        for name in ["orders", "team-a-orders"] {
            let mut told = Told::new(&known);
            told.name(name.as_bytes());
            told.id(&id(0));
            told.name(b"nothing");
            told.id(&NO_TOPIC_ID);
            told.learn();
            assert_eq!(known.name(&id(0)).as_deref(), Some(name.as_bytes()));
        }
        assert_eq!(known.name(&NO_TOPIC_ID), None);
    }
}
