//! Requests: the client's names become the backend's.

use std::collections::BTreeMap;

use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor};
use keg_codec::{Api, ApiKey, ErrorCode};

use super::asked::Asked;
use super::coverage::NAMED;
use super::embedded;
use super::empty_group;
use super::fetch_sessions::FetchSessions;
use super::names::Names;
use super::regex::Unconfinable;
use super::topic_ids::NO_TOPIC_ID;
use super::{Namespace, metadata, share_keys, topologies};
use crate::connection::Connection;
use crate::partial::{Judge, Place, Side};

/// What is looked at in requests.
pub(super) const INTEREST: EntitySet = NAMED.union(EntitySet::of(&[Entity::BrokerId, Entity::FetchSessionEpoch]));

/// The visitor of a request.
#[derive(Debug)]
pub(super) struct Inbound<'a> {
    namespace: &'a Namespace,
    names: &'a Names,
    api: &'static Api,
    version: i16,
    asked: &'a Asked,
    pub(super) judge: Judge,
    /// Whose fetch sessions may be used; none where it doesn't matter.
    pub(super) connection: Option<&'a Connection>,
    /// The topic ids that may not be used, and why.
    pub(super) denied_ids: BTreeMap<[u8; 16], ErrorCode>,
    foreign_session: bool,
    /// What the client is told of it, where a response has a place for that.
    pub(super) reason: Option<Unconfinable>,
    /// Whether a topic or group was admitted that is not the namespace's own.
    pub(super) additional: bool,
    /// Whether something of the empty name was admitted.
    pub(super) empty_name: bool,
    config_type: i64,
    /// DeleteTopics: whether the topic at hand has a name, which comes before its id.
    named: bool,
    /// Metadata: whether the topic at hand has an id, which comes before its name.
    by_id: bool,
}

impl<'a> Inbound<'a> {
    pub(super) fn new(namespace: &'a Namespace, api: &'static Api, version: i16, asked: &'a Asked, side: Side) -> Self {
        Self {
            namespace,
            names: &namespace.names,
            api,
            version,
            asked,
            judge: Judge::new(api, version, side),
            connection: None,
            denied_ids: BTreeMap::new(),
            foreign_session: false,
            reason: None,
            additional: false,
            empty_name: false,
            config_type: 0,
            named: false,
            by_id: false,
        }
    }

    fn rename(&mut self, entity: Entity, field: &'static Field, name: &[u8]) -> Edit<'a> {
        let admitted = match (self.api.key, entity) {
            (ApiKey::STREAMS_GROUP_HEARTBEAT, Entity::TopicName) => topologies::admit(self.names, field, name),
            _ => self.names.admit(self.api.key, entity, name),
        };
        self.additional |= admitted.is_ok() && self.names.is_additional(entity, name);
        if self.api.key == ApiKey::FETCH && self.names.prefix().is_nobodys(entity, name) {
            self.fetches_nobodys();
        }
        self.empty_name |= entity != Entity::GroupId && name.is_empty();
        self.judge.judge(field, admitted)
    }

    fn topic_id(&mut self, field: &'static Field, id: &[u8; 16]) -> Edit<'a> {
        let denied = match &self.asked.denied_ids {
            Some(denied) => denied.get(id).copied(),
            None => self.namespace.denied_id(self.api.key, id),
        };
        if let Some(code) = denied {
            self.denied_ids.insert(*id, code);
        }
        self.judge.judge(field, denied.map_or(Ok(Edit::Keep), Err))
    }

    /// A topic without the prefix may be in responses from now on, if only because a session holds it.
    fn fetches_nobodys(&self) {
        if let Some(connection) = self.connection {
            connection.remember(|sessions: &mut FetchSessions| sessions.nobodys = true);
        }
    }

    /// A session holds topics that the request doesn't name: a client may use only those that it was given itself.
    fn session(&mut self, id: i64) -> IntegerEdit {
        let own = |connection: &Connection| connection.remember(|sessions: &mut FetchSessions| sessions.contains(id));
        self.foreign_session = id != 0 && self.connection.is_some_and(|connection| !own(connection));
        if self.foreign_session {
            IntegerEdit::Set(0)
        } else {
            IntegerEdit::Keep
        }
    }

    fn session_epoch(&mut self, epoch: i64) -> IntegerEdit {
        if self.foreign_session && epoch > 0 {
            self.judge.refusal = Some(ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
            return IntegerEdit::Refuse;
        }
        if self.asked.no_session && epoch == 0 {
            return IntegerEdit::Set(-1);
        }
        IntegerEdit::Keep
    }

    fn group(&mut self, field: &'static Field, name: &[u8]) -> Edit<'a> {
        if let Some(code) = empty_group::refusal(self.api.key, name) {
            return match self.judge.place(field) {
                Place::Element => self.judge.judge(field, Err(code)),
                _ => self.judge.refuse(code),
            };
        }
        let renamed = self.rename(Entity::GroupId, field, name);
        if self.asked.unknown_group && self.judge.refusal.is_none() {
            // The member joins again, on this connection, and says what its protocol is.
            return self.judge.refuse(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        renamed
    }

    fn regex(&mut self, entity: Entity, regex: &[u8]) -> Edit<'a> {
        if self.judge.side() != Side::Admitted {
            return Edit::Keep;
        }
        match self.names.prefix().confine(entity, regex) {
            Ok(confined) => Edit::Replace(confined.into()),
            Err(why) => {
                self.reason = Some(why);
                self.judge.refuse(ErrorCode::INVALID_REGULAR_EXPRESSION)
            }
        }
    }

    fn resource(&mut self, field: &'static Field, name: &[u8]) -> Edit<'a> {
        match self.config_type {
            2 => self.rename(Entity::TopicName, field, name),
            32 => self.rename(Entity::GroupId, field, name),
            // Brokers and client metrics are the operator's: their values hold addresses and others' names.
            4 | 8 | 16 => self.judge.judge(field, Err(ErrorCode::CLUSTER_AUTHORIZATION_FAILED)),
            // As brokers do.
            _ if self.api.key == ApiKey::DESCRIBE_CONFIGS => self.judge.refuse(ErrorCode::INVALID_REQUEST),
            _ => self.judge.judge(field, Err(ErrorCode::INVALID_REQUEST)),
        }
    }
}

impl Visitor for Inbound<'_> {
    fn interest(&self) -> EntitySet {
        INTEREST
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        self.named = value.is_some();
        let Some(name) = value else {
            return match field.entity {
                Entity::TopicName if self.by_id => self.judge.pass(),
                // The id stands behind it.
                Entity::TopicName if self.api.key == ApiKey::DELETE_TOPICS => Edit::Keep,
                // A sink whose topic is chosen for each record, or a node that is no sink.
                Entity::TopicName if self.api.key == ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE => Edit::Keep,
                Entity::TopicName | Entity::GroupId => self.judge.refuse(ErrorCode::INVALID_REQUEST),
                _ => Edit::Keep,
            };
        };
        match field.entity {
            // Behind an id, the Java client leaves the name empty rather than null, and brokers don't look at it.
            Entity::TopicName if name.is_empty() && self.by_id => self.judge.pass(),
            Entity::TopicName | Entity::TransactionalId => self.rename(field.entity, field, name),
            Entity::GroupId => self.group(field, name),
            Entity::CoordinatorKey => match self.asked.coordinator_type {
                0 => self.rename(Entity::GroupId, field, name),
                1 => self.rename(Entity::TransactionalId, field, name),
                2 if self.version >= share_keys::FIRST => self
                    .judge
                    .judge(field, share_keys::admit(self.names, self.api.key, name)),
                // As brokers do.
                _ => self.judge.refuse(ErrorCode::INVALID_REQUEST),
            },
            Entity::ConfigResourceName => self.resource(field, name),
            Entity::TopicNameRegex | Entity::TransactionalIdRegex if !name.is_empty() => self.regex(field.entity, name),
            _ => Edit::Keep,
        }
    }

    fn bytes(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let (Some(bytes), Side::Admitted, true) = (value, self.judge.side(), self.asked.consumers) else {
            return Edit::Keep;
        };
        let (names, api) = (self.names, self.api.key);
        let mut denial = None;
        let rewritten = embedded::rewrite(field.entity, bytes, |topic| {
            match names.admit(api, Entity::TopicName, topic) {
                Ok(edit) => edit,
                Err(code) => {
                    denial = Some(code);
                    Edit::Refuse
                }
            }
        });
        match rewritten {
            Ok(Some(bytes)) => Edit::Replace(bytes.into()),
            Ok(None) => Edit::Keep,
            Err(_) => self.judge.refuse(denial.unwrap_or(ErrorCode::INVALID_REQUEST)),
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        match field.entity {
            Entity::ConfigResourceType => self.config_type = value,
            // A consumer is -1, a debugging one -2; what is not negative claims to be a broker.
            Entity::BrokerId if field.name == "ReplicaId" && value >= 0 => {
                self.judge.refusal = Some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
                return IntegerEdit::Refuse;
            }
            Entity::FetchSessionId => return self.session(value),
            Entity::FetchSessionEpoch => return self.session_epoch(value),
            _ => {}
        }
        IntegerEdit::Keep
    }

    fn uuid(&mut self, field: &'static Field, id: &[u8; 16]) -> UuidEdit {
        let by_id = *id != NO_TOPIC_ID;
        let edit = match self.api.key {
            ApiKey::METADATA if self.version >= metadata::FIRST_BY_ID => {
                self.by_id = by_id;
                Edit::Keep
            }
            // What a member says it owns; the coordinator assigns only what the group has subscribed to by name.
            ApiKey::CONSUMER_GROUP_HEARTBEAT => Edit::Keep,
            ApiKey::METADATA if !by_id => Edit::Keep,
            ApiKey::DELETE_TOPICS if !by_id && self.named => Edit::Keep,
            // Nobody's: it is the broker's to say so.
            _ if !by_id => self.judge.pass(),
            // As brokers do where there is only the field.
            ApiKey::METADATA => self.judge.refuse(ErrorCode::INVALID_REQUEST),
            // Of a topic that has both, brokers say that it may not. That is not relied on for what isn't the client's.
            ApiKey::DELETE_TOPICS if self.named && self.namespace.topic_ids.contains(id) => Edit::Keep,
            ApiKey::DELETE_TOPICS if self.named => self.judge.refuse(ErrorCode::INVALID_REQUEST),
            _ => self.topic_id(field, id),
        };
        match edit {
            Edit::Drop => UuidEdit::Drop,
            Edit::Refuse => UuidEdit::Refuse,
            _ => UuidEdit::Keep,
        }
    }

    fn null_array(&mut self, _field: &'static Field) -> Verdict {
        // All partitions of the cluster, other tenants' included.
        if self.api.key == ApiKey::ELECT_LEADERS {
            self.judge.refusal = Some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
            return Verdict::Refuse;
        }
        Verdict::Keep
    }

    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        // It may name something.
        self.judge.refusal = Some(ErrorCode::INVALID_REQUEST);
        Verdict::Refuse
    }
}
