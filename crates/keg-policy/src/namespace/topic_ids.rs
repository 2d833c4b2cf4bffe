//! The ids of a namespace's topics, as responses tell them.

use std::sync::{Arc, PoisonError, RwLock};

use crate::recent::Recent;

/// The id that says that there is none.
pub(crate) const NO_TOPIC_ID: [u8; 16] = [0; 16];

/// How many ids are kept at most; ids of deleted topics would pile up without an end to it.
const MOST: usize = 1 << 16;

/// The ids of the topics that a namespace shows, each with whether it is an additional one. Clones share what they know,
/// so that it can outlive a change of policies.
///
/// Ids are learned from responses that name their topics. Kafka never gives an id twice, so that none has to be forgotten
/// for safety; those that were not told for long are forgotten for want of space, and looked up again when they are asked
/// for.
#[derive(Debug, Clone, Default)]
pub struct TopicIds(Arc<RwLock<Recent<[u8; 16], bool, MOST>>>);

impl TopicIds {
    /// Whether the id is known to be of a topic that the namespace shows.
    pub fn contains(&self, id: &[u8; 16]) -> bool {
        self.is_additional(id).is_some()
    }

    /// Whether the id is of a topic that is shown beside the namespace's own, if it is known.
    pub(super) fn is_additional(&self, id: &[u8; 16]) -> Option<bool> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    pub(super) fn learn(&self, id: &[u8; 16], additional: bool) {
        let is_fresh = || {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            known.fresh(id).is_some()
        };
        if *id != NO_TOPIC_ID && !is_fresh() {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.set(*id, additional);
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
            ids.learn(&id(number), number % 2 == 1);
            ids.learn(&id(0), false);
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
    fn no_id_is_never_known() {
        let ids = TopicIds::default();
        ids.learn(&NO_TOPIC_ID, false);
        assert!(!ids.contains(&NO_TOPIC_ID));
    }
}
