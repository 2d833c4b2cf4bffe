//! Which name of a client is which of the backend: the namespace's own, and the additional ones.

use std::sync::Arc;

use keg_codec::schema::Entity;
use keg_codec::walk::Edit;
use keg_codec::{ApiKey, ErrorCode};

use super::additional::{Additional, OnConflict};
use super::conflicts::Conflicts;
use super::prefix::Prefix;
use super::{Mode, alters};
use crate::chain::StreamedNames;

/// What Kafka keeps for itself (`org.apache.kafka.common.internals.Topic`). They hold the names of all tenants.
const INTERNAL_TOPICS: [&[u8]; 4] = [
    b"__consumer_offsets",
    b"__transaction_state",
    b"__share_group_state",
    b"__cluster_metadata",
];

/// The names of a namespace. Each of the backend has at most one for clients, and each of a client at most one on the
/// backend: an additional one is the same on both sides, and comes first.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: Prefix,
    additional: Arc<Additional>,
    conflicts: Conflicts,
}

/// Whose a name of the backend is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The namespace's.
    Own,
    /// Shown beside the namespace.
    Additional,
    /// The namespace's, but hidden: an additional one has the name that clients would see.
    Shadowed(OnConflict),
    /// Nobody's: no topic or transactional id can be called so.
    Nobody,
    /// Somebody else's.
    Other,
}

impl Names {
    pub(super) fn new(mode: Mode, prefix: &str) -> Self {
        Self {
            prefix: Prefix::new(mode, prefix),
            additional: Arc::default(),
            conflicts: Conflicts::default(),
        }
    }

    pub(super) fn set_additional(&mut self, additional: Additional, conflicts: Conflicts) {
        self.additional = Arc::new(additional);
        self.conflicts = conflicts;
    }

    /// What all own names begin with.
    pub(super) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// What becomes of the names of topics that the client was admitted to, if that is the same for all.
    pub(super) fn streamed(&self) -> Option<StreamedNames> {
        let owns_all = self.stand_together() && self.owns_all(Entity::TopicName, self.prefix.as_bytes());
        owns_all.then(|| self.prefix.streamed())
    }

    /// Whether all topics of the namespace stand together in the order of the backend's names.
    pub(super) fn stand_together(&self) -> bool {
        self.additional.topics.is_empty()
    }

    /// Whether names of topics all become longer by as much, or stay as they are.
    pub(super) fn prefixes_all(&self) -> bool {
        self.stand_together() || !self.prefix.is_hidden()
    }

    /// Whose a name of the backend is.
    pub(super) fn owner(&self, entity: Entity, name: &[u8]) -> Owner {
        if self.additional(entity, name).is_some() {
            return Owner::Additional;
        }
        if self.prefix.is_nobodys(entity, name) {
            return Owner::Nobody;
        }
        let Some(bare) = self.prefix.bare(name) else {
            return Owner::Other;
        };
        match self.additional(entity, bare) {
            _ if is_internal(entity, name) => Owner::Other,
            Some(conflict) if self.prefix.is_hidden() => Owner::Shadowed(conflict),
            _ => Owner::Own,
        }
    }

    /// Whether every name of the backend that begins with this would be the namespace's.
    pub(super) fn owns_all(&self, entity: Entity, beginning: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(beginning) else {
            return false;
        };
        let reaches_others = match entity {
            Entity::TopicName => {
                INTERNAL_TOPICS.iter().any(|topic| topic.starts_with(beginning))
                    || self.additional.topics.iter().any(|topics| topics.names.reaches(text))
            }
            Entity::GroupId => self.additional.groups.iter().any(|groups| groups.reaches(text)),
            _ => false,
        };
        self.prefix.owns(beginning) && !reaches_others
    }

    /// Whether clients see a name of the backend.
    pub(super) fn shows(&self, entity: Entity, name: &[u8]) -> bool {
        matches!(self.owner(entity, name), Owner::Own | Owner::Additional)
    }

    /// Makes a name that a client uses the backend's; or why it may not be used in requests of this API.
    pub(super) fn admit(&self, api: ApiKey, entity: Entity, name: &[u8]) -> Result<Edit<'_>, ErrorCode> {
        if self.is_additional(entity, name) {
            return match alters(api, entity) {
                true => Err(unauthorized(entity)),
                false => Ok(Edit::Keep),
            };
        }
        if self.prefix.is_nobodys(entity, name) {
            return Ok(Edit::Keep);
        }
        self.prefix.admits(entity, name)?;
        // With the prefix it may be a name that isn't the namespace's to give.
        match self.is_plain() || self.owner(entity, &self.prefix.backend_name(name)) == Owner::Own {
            true => Ok(self.prefix.add()),
            false => Err(unauthorized(entity)),
        }
    }

    /// The backend's name for an admitted one.
    pub(super) fn backend_name(&self, entity: Entity, name: &[u8]) -> Box<[u8]> {
        match self.is_additional(entity, name) || self.prefix.is_nobodys(entity, name) {
            true => name.into(),
            false => self.prefix.backend_name(name),
        }
    }

    /// Whether a name is an additional one, which is the same for clients and on the backend.
    pub(super) fn is_additional(&self, entity: Entity, name: &[u8]) -> bool {
        self.additional(entity, name).is_some()
    }

    /// Makes a name of the backend the client's, or drops it with what it belongs to.
    pub(super) fn remove(&self, entity: Entity, name: &[u8]) -> Edit<'static> {
        self.remove_from(self.owner(entity, name), name)
    }

    /// The same where it is known whose the name is.
    pub(super) fn remove_from(&self, owner: Owner, name: &[u8]) -> Edit<'static> {
        match owner {
            Owner::Own => self.prefix.remove(),
            Owner::Additional | Owner::Nobody => Edit::Keep,
            Owner::Shadowed(OnConflict::Warn) => {
                self.conflicts.found(name);
                Edit::Drop
            }
            Owner::Shadowed(OnConflict::Ignore) | Owner::Other => Edit::Drop,
        }
    }

    /// Whether all names with the prefix are the namespace's own.
    fn is_plain(&self) -> bool {
        let prefix = self.prefix.as_bytes();
        *self.additional == Additional::default() && !INTERNAL_TOPICS.iter().any(|topic| topic.starts_with(prefix))
    }

    fn additional(&self, entity: Entity, name: &[u8]) -> Option<OnConflict> {
        match entity {
            Entity::TopicName if is_internal(entity, name) => None,
            Entity::TopicName => self.additional.topic(name),
            Entity::GroupId if self.additional.has_group(name) => Some(OnConflict::Ignore),
            _ => None,
        }
    }
}

fn is_internal(entity: Entity, name: &[u8]) -> bool {
    entity == Entity::TopicName && is_internal_topic(name)
}

/// Whether a topic of this name is Kafka's own. No [`Namespace`](super::Namespace) shows it.
pub fn is_internal_topic(name: &[u8]) -> bool {
    INTERNAL_TOPICS.contains(&name)
}

/// What a broker says of a name for lack of a permission.
pub(super) fn unauthorized(entity: Entity) -> ErrorCode {
    match entity {
        Entity::GroupId => ErrorCode::GROUP_AUTHORIZATION_FAILED,
        Entity::TransactionalId => ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        _ => ErrorCode::TOPIC_AUTHORIZATION_FAILED,
    }
}

#[cfg(test)]
mod tests;
