//! What is remembered beyond a request, and beyond a change of the aliases.

use std::sync::{Arc, PoisonError, RwLock};

use super::ids::{Id, Meaning};
use super::recent::Recent;

/// How many ids are kept. Those of deleted topics would pile up without an end to it.
const MOST_IDS: usize = 1 << 16;

/// How many of the places that idempotent producers write to.
const MOST_WRITERS: usize = 1 << 16;

/// What is known of topic ids and producers. Clones share it, so that it can outlive a change of the aliases.
///
/// Nothing is lost with it but time: ids are looked up again.
#[derive(Debug, Clone, Default)]
pub struct AliasMemory(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    ids: RwLock<Recent<Id, Meaning, MOST_IDS>>,
    writers: RwLock<Recent<Writer, Arc<[u8]>, MOST_WRITERS>>,
}

/// A producer's sequence on a partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Writer {
    pub(super) producer: (i64, i16),
    pub(super) topic: Arc<[u8]>,
    pub(super) partition: i64,
}

impl AliasMemory {
    pub(super) fn meaning(&self, id: &Id) -> Option<Meaning> {
        let ids = self.0.ids.read().unwrap_or_else(PoisonError::into_inner);
        ids.get(id).cloned()
    }

    pub(super) fn set_meaning(&self, id: Id, meaning: Meaning) {
        let ids = self.0.ids.read().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = ids.is_fresh(&id, &meaning);
        drop(ids);
        if !is_fresh {
            let mut ids = self.0.ids.write().unwrap_or_else(PoisonError::into_inner);
            ids.set(id, meaning);
        }
    }

    /// Whether a sequence may be continued under this name: the first that was used is its only one.
    pub(super) fn may_write(&self, writer: Writer, name: &Arc<[u8]>) -> bool {
        {
            let writers = self.0.writers.read().unwrap_or_else(PoisonError::into_inner);
            match writers.get(&writer) {
                Some(known) if known != name => return false,
                Some(_) if writers.is_fresh(&writer, name) => return true,
                _ => {}
            }
        }
        let mut writers = self.0.writers.write().unwrap_or_else(PoisonError::into_inner);
        if writers.get(&writer).is_some_and(|known| known != name) {
            return false;
        }
        writers.set(writer, Arc::clone(name));
        true
    }
}
