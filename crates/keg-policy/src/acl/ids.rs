//! Which topic an id is of.

use std::sync::{Arc, PoisonError, RwLock};

use keg_codec::walk::WalkError;

use crate::message::Reply;
use crate::namespace::look_up::told;
use crate::namespace::topic_ids::NO_TOPIC_ID;
use crate::recent::Recent;

/// How many ids are kept at most; ids of deleted topics would pile up without an end to it.
const MOST: usize = 1 << 16;

/// The names of topics, as clients see them, by their ids. Clones share what they know, so that it can outlive a change
/// of the rules.
///
/// Kafka never gives an id twice, and topics aren't renamed. What was not told for long is forgotten, and looked up again.
#[derive(Debug, Clone, Default)]
pub struct TopicNames(Arc<RwLock<Names>>);

type Names = Recent<[u8; 16], Arc<[u8]>, MOST>;

impl TopicNames {
    pub(super) fn name(&self, id: &[u8; 16]) -> Option<Arc<[u8]>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(super) fn learn(&self, id: &[u8; 16], name: &[u8]) {
        let is_fresh = || {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            known.fresh(id).is_some_and(|known| **known == *name)
        };
        if *id != NO_TOPIC_ID && !name.is_empty() && !is_fresh() {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.set(*id, name.into());
        }
    }

    /// Learns what the broker has answered to a question about ids.
    pub(super) fn learn_from(&self, reply: Reply) -> Result<(), WalkError> {
        for (name, id) in told(reply)? {
            self.learn(&id, &name);
        }
        Ok(())
    }
}
