//! The ids of a namespace's topics, as responses tell them.

use std::sync::{Arc, PoisonError, RwLock};

use crate::recent::RecentIds;

/// The id that says that there is none.
pub(crate) const NO_TOPIC_ID: [u8; 16] = [0; 16];

/// How many ids are kept at most; ids of deleted topics would pile up without an end to it.
const MOST: usize = 1 << 16;

/// How many are learned at once, so that nobody waits long for it.
pub(crate) const AT_ONCE: usize = 64;

/// The ids of the topics that a namespace shows, each with whether it is an additional one. Clones share what they know,
/// so that it can outlive a change of policies.
///
/// Ids are learned from responses that name their topics. Kafka never gives an id twice, so that none has to be forgotten
/// for safety; those that were not told for long are forgotten for want of space, and looked up again when they are asked
/// for.
#[derive(Debug, Clone, Default)]
pub struct TopicIds(Arc<RwLock<RecentIds<bool, MOST>>>);

impl TopicIds {
    /// Whether the id is known to be of a topic that the namespace shows.
    pub fn contains(&self, id: &[u8; 16]) -> bool {
        self.is_additional(id).is_some()
    }

    /// Whether the id is of a topic that is shown beside the namespace's own, if it is known.
    pub(super) fn is_additional(&self, id: &[u8; 16]) -> Option<bool> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    /// Learns ids, each with whether it is of an additional topic.
    pub(super) fn learn(&self, told: &[([u8; 16], bool)]) {
        let mut new = Vec::new();
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let is_new = |id: &[u8; 16]| *id != NO_TOPIC_ID && known.fresh(id).is_none();
            new.extend(told.iter().filter(|(id, _)| is_new(id)).copied());
        }
        if !new.is_empty() {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            new.into_iter().for_each(|(id, additional)| known.set(id, additional));
        }
    }
}

/// Ids that a response tells, on their way to what is known: together they have to wait for others once.
#[derive(Debug)]
pub(super) struct Told<'a> {
    known: &'a TopicIds,
    ids: Vec<([u8; 16], bool)>,
}

impl<'a> Told<'a> {
    pub(super) fn new(known: &'a TopicIds) -> Self {
        Self { known, ids: Vec::new() }
    }

    pub(super) fn add(&mut self, id: &[u8; 16], additional: bool) {
        if self.ids.len() == AT_ONCE {
            self.learn();
        }
        if self.ids.is_empty() {
            self.ids.reserve(AT_ONCE);
        }
        self.ids.push((*id, additional));
    }

    /// To be called behind the last one.
    pub(super) fn learn(&mut self) {
        if !self.ids.is_empty() {
            self.known.learn(&self.ids);
            self.ids.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> [u8; 16] {
        (number as u128 + 1).to_be_bytes()
    }

    #[test]
    fn what_was_told_lately_is_kept_and_the_rest_ends_somewhere() {
        let ids = TopicIds::default();
        for number in 0..3 * MOST {
            ids.learn(&[(id(number), number % 2 == 1)]);
            ids.learn(&[(id(0), false)]);
        }
        assert_eq!(ids.is_additional(&id(0)), Some(false), "it was told all the time");
        let latest = 3 * MOST - MOST / 2..3 * MOST;
        assert!(
            latest
                .into_iter()
                .all(|number| ids.is_additional(&id(number)) == Some(number % 2 == 1))
        );
        assert!(!ids.contains(&id(1)));
        let known = (0..3 * MOST).filter(|number| ids.contains(&id(*number))).count();
        assert!(known <= MOST, "{known}");
    }

    #[test]
    fn all_that_is_told_is_learned_however_much_it_is() {
        let ids = TopicIds::default();
        let mut told = Told::new(&ids);
        for number in 0..3 * AT_ONCE + 1 {
            told.add(&id(number), number % 3 == 0);
        }
        told.learn();
        assert!((0..3 * AT_ONCE + 1).all(|number| ids.is_additional(&id(number)) == Some(number % 3 == 0)));
    }

    #[test]
    fn no_id_is_never_known() {
        let ids = TopicIds::default();
        ids.learn(&[(NO_TOPIC_ID, false)]);
        assert!(!ids.contains(&NO_TOPIC_ID));
    }
}
