//! The ids of a namespace's topics, as responses tell them.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

/// The id that says that there is none.
pub(super) const NO_TOPIC_ID: [u8; 16] = [0; 16];

/// The ids of a namespace's topics. Clones share what they know, so that it can outlive a change of policies.
///
/// Ids are learned from responses that name their topics. One that was never learned, or is another tenant's, is
/// unknown: that fails closed. Kafka never gives an id twice, so that none has to be forgotten for safety.
#[derive(Debug, Clone, Default)]
pub struct TopicIds(Arc<RwLock<HashSet<[u8; 16]>>>);

impl TopicIds {
    /// Whether the id is of one of the namespace's topics.
    pub fn contains(&self, id: &[u8; 16]) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    pub(super) fn learn(&self, id: &[u8; 16]) {
        if *id != NO_TOPIC_ID && !self.contains(id) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(*id);
        }
    }
}
