//! Responses: what the client may not see is left out, and what was denied is said.

use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Visitor, WalkError};
use keg_codec::{Api, ApiKey};

use super::client::Client;
use super::ids::{Told, TopicNames};
use super::offsets;
use super::operation::{Operation, ResourceType};
use super::request::Kept;
use crate::namespace::outbound::tells_ids;
use crate::namespace::topic_ids::NO_TOPIC_ID;
use crate::partial::Waiting;

/// What is looked at in responses: what is filtered, and what names the elements beside which denials are told.
pub(super) const NAMED: EntitySet = EntitySet::of(&[
    Entity::ConfigResourceName,
    Entity::CoordinatorKey,
    Entity::FetchSessionId,
    Entity::GroupId,
    Entity::TopicId,
    Entity::TopicName,
    Entity::TransactionalId,
]);

/// Whether responses of this API are looked at whatever the request was: they list what the client may not see, or tell the
/// ids of topics.
pub(super) fn concerns(api: ApiKey) -> bool {
    is_filtered(api)
        || matches!(
            api,
            ApiKey::CREATE_TOPICS | ApiKey::LIST_GROUPS | ApiKey::LIST_TRANSACTIONS
        )
}

/// Whether topics may be left out: they are listed where none is named.
fn is_filtered(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS
            | ApiKey::DESCRIBE_TOPIC_PARTITIONS
            | ApiKey::DESCRIBE_TRANSACTIONS
            | ApiKey::METADATA
            | ApiKey::OFFSET_FETCH
    )
}

/// The visitor of a response.
#[derive(Debug)]
pub(super) struct Outbound<'a> {
    client: &'a Client<'a>,
    names: &'a TopicNames,
    api: &'static Api,
    kept: &'a Kept,
    waiting: Waiting<'a>,
    /// The group that the elements at hand belong to.
    group: Vec<u8>,
    /// Whether all groups may be seen.
    all_groups: bool,
    /// The ids of topics, where they are told.
    told: Option<Told<'a>>,
    /// Whether the topics are those that the request named, all of which may be described.
    admitted: bool,
    /// Fetch: the session that there is now.
    pub(super) session: i64,
}

impl<'a> Outbound<'a> {
    pub(super) fn new(
        client: &'a Client<'a>,
        names: &'a TopicNames,
        kept: &'a Kept,
        api: &'static Api,
        version: i16,
        body: &[u8],
    ) -> Result<Self, WalkError> {
        let lists_groups = api.key == ApiKey::LIST_GROUPS;
        Ok(Self {
            client,
            names,
            api,
            kept,
            waiting: Waiting::new(&kept.denied, api, version, body)?,
            group: Vec::new(),
            all_groups: !lists_groups || client.could_with_cluster(Operation::Describe),
            told: tells_ids(api.key).then(|| Told::new(names)),
            admitted: kept.is_admitted_by(client.applied()),
            session: 0,
        })
    }

    /// Whether all that was denied has found its place.
    pub(super) fn is_complete(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Learns what was told, which is to be done behind the walk.
    pub(super) fn learn(&mut self) {
        if let Some(told) = &mut self.told {
            told.learn();
        }
    }

    fn topic(&mut self, name: &[u8]) -> Edit<'a> {
        let may_see = || self.admitted || self.client.could(Operation::Describe, ResourceType::Topic, name);
        if self.kept.no_topics || is_filtered(self.api.key) && !name.is_empty() && !may_see() {
            return Edit::Drop;
        }
        Edit::Keep
    }
}

impl Visitor for Outbound<'_> {
    fn interest(&self) -> EntitySet {
        NAMED
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let Some(name) = value else {
            if field.entity == Entity::TopicName
                && let Some(told) = &mut self.told
            {
                told.name(&[]);
            }
            return Edit::Keep;
        };
        match field.entity {
            Entity::TopicName => {
                if let Some(told) = &mut self.told {
                    told.name(name);
                }
                self.topic(name)
            }
            Entity::GroupId => {
                if !self.waiting.is_empty() {
                    self.group = name.to_vec();
                }
                match self.all_groups || self.client.could(Operation::Describe, ResourceType::Group, name) {
                    true => Edit::Keep,
                    false => Edit::Drop,
                }
            }
            Entity::TransactionalId if self.api.key == ApiKey::LIST_TRANSACTIONS => {
                match self
                    .client
                    .could(Operation::Describe, ResourceType::TransactionalId, name)
                {
                    true => Edit::Keep,
                    false => Edit::Drop,
                }
            }
            _ => Edit::Keep,
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        if field.entity == Entity::FetchSessionId {
            self.session = value;
            if self.kept.no_session {
                return IntegerEdit::Set(0);
            }
        }
        IntegerEdit::Keep
    }

    fn uuid(&mut self, _field: &'static Field, id: &[u8; 16]) -> UuidEdit {
        if offsets::name_topics_by_id(self.api) && *id != NO_TOPIC_ID {
            // Of one that nobody knows can't be said who may see it.
            let may_see = |name: &[u8]| self.client.could(Operation::Describe, ResourceType::Topic, name);
            return match self.names.name(id).is_some_and(|name| may_see(&name)) {
                true => UuidEdit::Keep,
                false => UuidEdit::Drop,
            };
        }
        // In these the id stands behind the name that it belongs to.
        if let Some(told) = &mut self.told {
            told.id(id);
        }
        UuidEdit::Keep
    }

    fn append(&mut self, field: &'static Field) -> Option<(usize, Vec<u8>)> {
        self.waiting.take(field, &self.group)
    }
}
