//! Responses: the backend's names become the client's, and what isn't the client's is left out.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor, WalkError};
use keg_codec::{Api, ApiKey};

use super::Namespace;
use super::asked::{Asked, is_consumer};
use super::coverage::NAMED;
use super::embedded;
use super::fetch_sessions::FetchSessions;
use super::names::{Names, Owner};
use super::share_keys;
use super::topic_ids::{NO_TOPIC_ID, Told};
use crate::connection::Connection;
use crate::partial::Waiting;

/// The visitor of a response.
#[derive(Debug)]
pub(super) struct Outbound<'a> {
    namespace: &'a Namespace,
    connection: &'a Connection,
    names: &'a Names,
    api: &'static Api,
    asked: &'a Asked,
    /// What was denied, and isn't appended yet.
    waiting: Waiting<'a>,
    /// The group that the elements at hand belong to, under its name in the backend.
    group: Vec<u8>,
    config_type: i64,
    /// The types of the resources to come, where they stand behind the names.
    config_types: std::vec::IntoIter<i64>,
    /// Whether the members at hand are consumers.
    consumers: bool,
    /// Whose the topic at hand is.
    topic: Owner,
    /// The ids of topics, where they are told.
    told: Option<Told<'a>>,
}

impl<'a> Outbound<'a> {
    pub(super) fn new(
        namespace: &'a Namespace,
        connection: &'a Connection,
        asked: &'a Asked,
        api: &'static Api,
        version: i16,
        body: &[u8],
    ) -> Result<Self, WalkError> {
        Ok(Self {
            namespace,
            connection,
            names: &namespace.names,
            api,
            asked,
            waiting: Waiting::new(&asked.denied, api, version, body)?,
            group: Vec::new(),
            config_type: 0,
            config_types: listed_types(api, version, body)?.into_iter(),
            consumers: asked.consumers,
            topic: Owner::Other,
            told: tells_ids(api.key).then(|| Told::new(&namespace.topic_ids)),
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
        self.topic = self.names.owner(Entity::TopicName, name);
        if self.asked.no_topics || self.is_unnamed(name) {
            return Edit::Drop;
        }
        self.names.remove_from(self.topic, name)
    }

    fn transaction(&self, name: &[u8]) -> Edit<'a> {
        if self.is_unnamed(name) {
            return Edit::Drop;
        }
        self.names.remove(Entity::TransactionalId, name)
    }

    /// What has no name may be anybody's, unless it was asked for by that.
    fn is_unnamed(&self, name: &[u8]) -> bool {
        name.is_empty() && !self.asked.empty_name
    }

    fn resource(&mut self, name: &[u8]) -> Edit<'a> {
        match self.config_type {
            2 => self.topic(name),
            32 => self.names.remove(Entity::GroupId, name),
            // Node ids, which are in Metadata as well.
            4 | 8 if self.api.key == ApiKey::LIST_CONFIG_RESOURCES => Edit::Keep,
            _ => Edit::Drop,
        }
    }
}

/// Whether responses of this API tell the ids of topics.
pub(crate) fn tells_ids(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::METADATA | ApiKey::CREATE_TOPICS | ApiKey::DESCRIBE_TOPIC_PARTITIONS
    )
}

/// What a response must have that can be another tenant's, or have the prefix, if that is known: one to Produce, which is
/// answered most often, has ids of topics that were asked for, and numbers.
pub(super) fn looks_for(api: ApiKey) -> Option<EntitySet> {
    const NAMES: EntitySet = EntitySet::of(&[Entity::TopicName, Entity::FreeText]);
    (api == ApiKey::PRODUCE).then_some(NAMES)
}

/// ListConfigResources: the types of what is listed.
fn listed_types(api: &'static Api, version: i16, body: &[u8]) -> Result<Vec<i64>, WalkError> {
    if api.key != ApiKey::LIST_CONFIG_RESOURCES {
        return Ok(Vec::new());
    }
    let response = Struct::read(&api.response, version, body)?;
    let listed = response.get("ConfigResources").and_then(Value::as_array);
    let type_of = |it: &Value| it.as_struct()?.get("ResourceType")?.as_integer();
    Ok(listed
        .unwrap_or_default()
        .iter()
        .map(|it| type_of(it).unwrap_or_default())
        .collect())
}

impl Visitor for Outbound<'_> {
    fn interest(&self) -> EntitySet {
        NAMED
    }

    fn enter(&mut self, _field: &'static Field) {
        if let Some(next) = self.config_types.next() {
            self.config_type = next;
        }
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let Some(text) = value else {
            self.topic = Owner::Other;
            return match (self.api.key, field.entity) {
                // Named by its id.
                (ApiKey::METADATA | ApiKey::DELETE_TOPICS, Entity::TopicName) => Edit::Keep,
                // Of a node that is no sink, or one whose topic is chosen for each record.
                (ApiKey::STREAMS_GROUP_DESCRIBE, Entity::TopicName) => Edit::Keep,
                (_, Entity::TopicName | Entity::GroupId) => Edit::Drop,
                _ => Edit::Keep,
            };
        };
        match field.entity {
            Entity::TopicName => self.topic(text),
            Entity::GroupId => {
                if !self.waiting.is_empty() {
                    self.group = text.to_vec();
                }
                self.names.remove(Entity::GroupId, text)
            }
            Entity::TransactionalId => self.transaction(text),
            Entity::CoordinatorKey if self.asked.coordinator_type == 2 => share_keys::remove(self.names, text),
            Entity::CoordinatorKey => match self.asked.coordinator() {
                Entity::TransactionalId => self.transaction(text),
                group => self.names.remove(group, text),
            },
            Entity::ConfigResourceName => self.resource(text),
            Entity::FreeText => self.names.scrub(text),
            Entity::ProtocolType => {
                self.consumers = is_consumer(text);
                Edit::Keep
            }
            // One that wasn't made here is over the backend's names.
            Entity::TopicNameRegex => Edit::Replace(self.names.prefix().reveal(text).unwrap_or_default().into()),
            _ => Edit::Keep,
        }
    }

    fn bytes(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let (Some(bytes), true) = (value, self.consumers) else {
            return Edit::Keep;
        };
        let rename = |topic: &[u8]| match topic.is_empty() {
            true => Edit::Drop,
            false => self.names.remove(Entity::TopicName, topic),
        };
        match embedded::rewrite(field.entity, bytes, rename) {
            Ok(Some(bytes)) => Edit::Replace(bytes.into()),
            Ok(None) => Edit::Keep,
            Err(_) => Edit::Refuse,
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        match field.entity {
            Entity::ConfigResourceType => self.config_type = value,
            Entity::FetchSessionId if self.asked.no_session => return IntegerEdit::Set(0),
            Entity::FetchSessionId => self
                .connection
                .remember(|sessions: &mut FetchSessions| sessions.given(value)),
            _ => {}
        }
        IntegerEdit::Keep
    }

    fn uuid(&mut self, _field: &'static Field, id: &[u8; 16]) -> UuidEdit {
        // The session may be another member's, whose id stands in the description of a group that is shared. The id that
        // is none was asked for.
        if self.api.key == ApiKey::SHARE_FETCH && *id != NO_TOPIC_ID && !self.namespace.topic_ids.contains(id) {
            return UuidEdit::Drop;
        }
        // In these the id stands behind the name that it belongs to.
        let topic = std::mem::replace(&mut self.topic, Owner::Other);
        if let (Some(told), Owner::Own | Owner::Additional) = (&mut self.told, topic) {
            told.add(id, topic == Owner::Additional);
        }
        UuidEdit::Keep
    }

    fn append(&mut self, field: &'static Field) -> Option<(usize, Vec<u8>)> {
        self.waiting.take(field, &self.group)
    }

    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        // It may name something. What the client gets is what a broker says that doesn't have the field yet.
        Verdict::Drop
    }
}
