//! What is remembered beyond a request, and beyond a change of the aliases.

use std::sync::{Arc, PoisonError, RwLock};

use super::ids::{Id, Meaning};
use super::members::Subscription;
use crate::recent::Recent;

/// How many ids are kept. Those of deleted topics would pile up without an end to it.
const MOST_IDS: usize = 1 << 16;

/// How many of the places that idempotent producers write to.
const MOST_WRITERS: usize = 1 << 16;

/// How many members that subscribed by aliases.
const MOST_MEMBERS: usize = 1 << 13;

/// How long the names of a group and its member may be together, to be remembered: clients choose them.
const LONGEST_MEMBER: usize = 1 << 10;

/// What is known of topic ids, producers and members. Clones share it, so that it can outlive a change of the aliases.
///
/// Ids that are lost with it are looked up again, and members asked again.
#[derive(Debug, Clone, Default)]
pub struct AliasMemory(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    ids: RwLock<Recent<Id, Meaning, MOST_IDS>>,
    writers: RwLock<Recent<Writer, Arc<[u8]>, MOST_WRITERS>>,
    members: RwLock<Recent<Member, Subscription, MOST_MEMBERS>>,
}

/// A member by its group and its id.
type Member = (Vec<u8>, Vec<u8>);

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

    /// Whether it is known, and not about to be forgotten, that the id is of the topic of this name.
    pub(super) fn is_of_topic(&self, id: &Id, name: &[u8]) -> bool {
        let ids = self.0.ids.read().unwrap_or_else(PoisonError::into_inner);
        matches!(ids.fresh(id), Some(Meaning::Topic(known)) if **known == *name)
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

    /// What a member said last, on whichever connection.
    pub(super) fn subscription(&self, group: &[u8], id: &[u8]) -> Option<Subscription> {
        let members = self.0.members.read().unwrap_or_else(PoisonError::into_inner);
        members.get(&(group.to_vec(), id.to_vec())).cloned()
    }

    pub(super) fn set_subscription(&self, group: &[u8], id: &[u8], subscription: &Subscription) {
        if group.len() + id.len() > LONGEST_MEMBER {
            return;
        }
        let key = (group.to_vec(), id.to_vec());
        {
            let members = self.0.members.read().unwrap_or_else(PoisonError::into_inner);
            // Most members have no aliases, and need no place.
            let says_nothing = subscription.is_empty() && members.get(&key).is_none();
            if says_nothing || members.is_fresh(&key, subscription) {
                return;
            }
        }
        let mut members = self.0.members.write().unwrap_or_else(PoisonError::into_inner);
        members.set(key, Arc::clone(subscription));
    }
}
