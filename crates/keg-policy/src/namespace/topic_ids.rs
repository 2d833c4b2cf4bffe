//! The ids of a namespace's topics, as responses tell them.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

/// The id that says that there is none.
pub(super) const NO_TOPIC_ID: [u8; 16] = [0; 16];

/// How many ids are kept at most, in two halves; ids of deleted topics would pile up without an end to it.
const MOST: usize = 1 << 16;

/// The ids of a namespace's topics. Clones share what they know, so that it can outlive a change of policies.
///
/// Ids are learned from responses that name their topics. Kafka never gives an id twice, so that none has to be forgotten
/// for safety; those that were not told for long are forgotten for want of space, and looked up again when they are asked
/// for.
#[derive(Debug, Clone, Default)]
pub struct TopicIds(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    young: HashSet<[u8; 16]>,
    old: HashSet<[u8; 16]>,
}

impl TopicIds {
    /// Whether the id is known to be of one of the namespace's topics.
    pub fn contains(&self, id: &[u8; 16]) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.young.contains(id) || known.old.contains(id)
    }

    pub(super) fn learn(&self, id: &[u8; 16]) {
        let is_young = || self.0.read().unwrap_or_else(PoisonError::into_inner).young.contains(id);
        if *id == NO_TOPIC_ID || is_young() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.young.len() >= MOST / 2 {
            known.old = std::mem::take(&mut known.young);
        }
        known.young.insert(*id);
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
            ids.learn(&id(number));
            ids.learn(&id(0));
        }
        assert!(ids.contains(&id(0)), "it was told all the time");
        assert!((3 * MOST - MOST / 2..3 * MOST).all(|number| ids.contains(&id(number))));
        assert!(!ids.contains(&id(1)));
        let known = ids.0.read().unwrap();
        assert!(known.young.len() + known.old.len() <= MOST);
    }

    #[test]
    fn no_id_is_never_known() {
        let ids = TopicIds::default();
        ids.learn(&NO_TOPIC_ID);
        assert!(!ids.contains(&NO_TOPIC_ID));
    }
}
