//! What must be known of a request before its first name, and what it leaves for its response.

use std::collections::BTreeMap;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

use super::memory::JoinedGroups;
use super::metadata::{self, Picked};
use crate::connection::Connection;
use crate::partial::Denied;
use crate::policy::Note;

/// What is kept of a request.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// FindCoordinator: the kind of its keys.
    pub(super) coordinator_type: i64,
    /// JoinGroup and SyncGroup: whether the group's members are consumers.
    pub(super) consumers: bool,
    /// JoinGroup: the group, under the client's name for it.
    pub(super) joining: Option<Box<[u8]>>,
    /// SyncGroup: that isn't known, because the version doesn't say it and the member joined on another connection.
    pub(super) unknown_group: bool,
    /// Metadata: whether a topic is named by its id.
    pub(super) by_id: bool,
    /// Metadata: none of the named topics was admitted. In version 0 no names ask for all topics.
    pub(super) no_topics: bool,
    /// Whether something of the empty name is named.
    pub(super) empty_name: bool,
    /// The topic ids that are denied, and why, once that is settled; until then they are judged by what is known of them,
    /// which other connections may add to.
    pub(super) denied_ids: Option<BTreeMap<[u8; 16], ErrorCode>>,
    /// Fetch: there is to be no session, since the broker would have one without what was denied, of which the client
    /// thinks that it is part of it.
    pub(super) no_session: bool,
    /// Metadata: all topics are asked for, to pick these out of them.
    pub(super) picked: Option<Picked>,
    /// What the response is to say of what was denied.
    pub(super) denied: Vec<Denied>,
}

impl Asked {
    /// FindCoordinator: what its keys name.
    pub(super) fn coordinator(&self) -> Entity {
        match self.coordinator_type {
            0 => Entity::GroupId,
            _ => Entity::TransactionalId,
        }
    }

    /// Reads what stands behind the names that it decides on.
    pub(super) fn read(
        api: &'static Api,
        version: i16,
        body: &[u8],
        connection: &Connection,
    ) -> Result<Self, WalkError> {
        let mut asked = Self::default();
        match api.key {
            ApiKey::FIND_COORDINATOR | ApiKey::JOIN_GROUP | ApiKey::SYNC_GROUP => {}
            ApiKey::METADATA => {
                asked.by_id = metadata::asks_by_id(api, version, body)?;
                return Ok(asked);
            }
            _ => return Ok(asked),
        }
        let request = Struct::read(&api.request, version, body)?;
        let group = request.bytes("GroupId");
        let said = Some(request.bytes("ProtocolType"))
            .filter(|protocol| !protocol.is_empty())
            .map(is_consumer);
        match api.key {
            ApiKey::FIND_COORDINATOR => {
                asked.coordinator_type = request.integer("KeyType").unwrap_or_default();
            }
            ApiKey::JOIN_GROUP => {
                asked.consumers = said.unwrap_or_default();
                asked.joining = Some(group.into());
            }
            _ => {
                let joined = || connection.remember(|groups: &mut JoinedGroups| groups.consumers(group));
                match said.or_else(joined) {
                    Some(consumers) => asked.consumers = consumers,
                    None => asked.unknown_group = true,
                }
            }
        }
        Ok(asked)
    }

    /// What is noted for the response: nothing, where nothing was found out that makes a difference to it. Of a Fetch request
    /// it makes a difference that it was looked at.
    pub(super) fn note(self, api: ApiKey) -> Note {
        let Self {
            coordinator_type: 0,
            consumers: false,
            joining: None,
            unknown_group: false,
            by_id: false,
            no_topics: false,
            empty_name: false,
            denied_ids: None,
            no_session: false,
            picked: None,
            denied,
        } = &self
        else {
            return Note::new(self);
        };
        match denied.is_empty() && api != ApiKey::FETCH {
            true => Note::default(),
            false => Note::new(self),
        }
    }

    /// Remembers what a group is of once its coordinator has let the member in. One that is refused, for being of another
    /// protocol type than the group, says nothing of it.
    pub(super) fn answered(
        &self,
        connection: &Connection,
        api: &'static Api,
        version: i16,
        body: &[u8],
    ) -> Result<(), WalkError> {
        let Some(group) = &self.joining else {
            return Ok(());
        };
        let response = Struct::read(&api.response, version, body)?;
        if response.get("ErrorCode") == Some(&Value::Integer(0)) {
            connection.remember(|groups: &mut JoinedGroups| groups.joined(group, self.consumers));
        }
        Ok(())
    }
}

/// Whether members of this protocol type exchange the consumer protocol.
pub(super) fn is_consumer(protocol_type: &[u8]) -> bool {
    protocol_type == b"consumer"
}
