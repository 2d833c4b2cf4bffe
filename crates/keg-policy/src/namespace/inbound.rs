//! Requests: the client's names become the backend's.

use keg_codec::message::Struct;
use keg_codec::schema::{Entity, EntitySet, Field, Type};
use keg_codec::walk::{Edit, IntegerEdit, Verdict, Visitor, WalkError};
use keg_codec::{Api, ApiKey, ErrorCode};

use super::coverage::NAMED;
use super::memory::JoinedGroups;
use super::topic_ids::NO_TOPIC_ID;
use super::{Asked, Mode, Namespace, embedded, metadata};
use crate::connection::Connection;

/// From this version on brokers take topic ids in Metadata requests.
const FIRST_METADATA_BY_ID: i16 = 12;

/// Which part of a request is wanted, where not all of it is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What is admitted, under the backend's names.
    Admitted,
    /// What is denied, under the client's names.
    Denied,
}

/// What must be known of a request before its first name.
pub(super) fn selectors(
    api: &'static Api,
    version: i16,
    body: &[u8],
    connection: &Connection,
) -> Result<Asked, WalkError> {
    let mut asked = Asked::default();
    let by_id = api.key == ApiKey::METADATA && version >= FIRST_METADATA_BY_ID;
    if !by_id
        && !matches!(
            api.key,
            ApiKey::FIND_COORDINATOR | ApiKey::JOIN_GROUP | ApiKey::SYNC_GROUP
        )
    {
        return Ok(asked);
    }
    let request = Struct::read(&api.request, version, body)?;
    let text = |name| request.get(name).and_then(|value| value.as_text());
    let group = text("GroupId").unwrap_or_default().as_bytes();
    let said = text("ProtocolType")
        .filter(|protocol| !protocol.is_empty())
        .map(|protocol| protocol == "consumer");
    match api.key {
        ApiKey::METADATA => asked.by_id = metadata::asks_by_id(&request),
        ApiKey::FIND_COORDINATOR => {
            asked.coordinator_type = request
                .get("KeyType")
                .and_then(|value| value.as_integer())
                .unwrap_or_default();
        }
        ApiKey::JOIN_GROUP => {
            asked.consumers = said.unwrap_or_default();
            connection.remember(|groups: &mut JoinedGroups| groups.joined(group, asked.consumers));
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

/// Where a name stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside of arrays: it is what the whole request is about.
    Top,
    /// In an element of a top-level array, which has an answer of its own.
    Element,
    /// Further down, where there is no place for an error of its own.
    Deeper,
}

impl Place {
    fn of(field: &'static Field, api: &'static Api, version: i16) -> Self {
        let is = |it: &Field| std::ptr::eq(it, field);
        let mut present = api.request.fields.iter().filter(|it| it.versions.contains(version));
        let found = present.find_map(|it| match it.ty {
            _ if is(it) => Some(if it.array { Self::Element } else { Self::Top }),
            Type::Struct(nested) if it.array && !field.array && nested.iter().any(is) => Some(Self::Element),
            _ => None,
        });
        found.unwrap_or(Self::Deeper)
    }
}

/// The visitor of a request.
#[derive(Debug)]
pub(super) struct Inbound<'a> {
    namespace: &'a Namespace,
    api: &'static Api,
    version: i16,
    side: Side,
    pub(super) asked: Asked,
    /// Why the whole request is refused.
    pub(super) refusal: Option<ErrorCode>,
    /// Why a part of it is denied.
    pub(super) denied: Option<ErrorCode>,
    /// How many array elements were admitted by their name.
    pub(super) kept: usize,
    config_type: i64,
}

impl<'a> Inbound<'a> {
    pub(super) fn new(namespace: &'a Namespace, api: &'static Api, version: i16, asked: Asked, side: Side) -> Self {
        Self {
            namespace,
            api,
            version,
            side,
            asked,
            refusal: None,
            denied: None,
            kept: 0,
            config_type: 0,
        }
    }

    fn refuse(&mut self, code: ErrorCode) -> Edit<'static> {
        self.refusal = Some(code);
        Edit::Refuse
    }

    fn rename(&mut self, entity: Entity, field: &'static Field, name: &[u8]) -> Edit<'_> {
        let place = Place::of(field, self.api, self.version);
        match (self.namespace.admits(entity, name), self.side) {
            (Ok(()), Side::Admitted) => {
                self.kept += usize::from(place != Place::Top);
                match self.namespace.mode {
                    Mode::HidePrefix => Edit::Prepend(&self.namespace.prefix),
                    Mode::EnforcePrefix => Edit::Keep,
                }
            }
            (Err(code), Side::Admitted) if place == Place::Element => {
                self.denied = Some(code);
                Edit::Drop
            }
            (Err(code), Side::Admitted) => self.refuse(code),
            (Ok(()), Side::Denied) if place == Place::Element => Edit::Drop,
            (_, Side::Denied) => Edit::Keep,
        }
    }

    fn group(&mut self, field: &'static Field, name: &[u8]) -> Edit<'_> {
        if self.asked.unknown_group {
            // The member joins again, on this connection, and says what its protocol is.
            return self.refuse(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        // Brokers refuse the empty group everywhere but for offsets, where it is a group like any other.
        let joins = matches!(
            self.api.key,
            ApiKey::JOIN_GROUP
                | ApiKey::SYNC_GROUP
                | ApiKey::HEARTBEAT
                | ApiKey::LEAVE_GROUP
                | ApiKey::CONSUMER_GROUP_HEARTBEAT
        );
        if joins && name.is_empty() {
            return self.refuse(ErrorCode::INVALID_GROUP_ID);
        }
        self.rename(Entity::GroupId, field, name)
    }
}

impl Visitor for Inbound<'_> {
    fn interest(&self) -> EntitySet {
        const { NAMED.union(EntitySet::of(&[Entity::BrokerId])) }
    }

    fn uuid(&mut self, _field: &'static Field, id: &[u8; 16]) -> Verdict {
        // Metadata by id is answered by the broker, and what is others' is hidden in the response.
        if self.api.key != ApiKey::DELETE_TOPICS || *id == NO_TOPIC_ID {
            return Verdict::Keep;
        }
        match (self.namespace.topic_ids.contains(id), self.side) {
            (true, Side::Admitted) => {
                self.kept += 1;
                Verdict::Keep
            }
            (true, Side::Denied) => Verdict::Drop,
            (false, Side::Admitted) => {
                self.denied = Some(ErrorCode::UNKNOWN_TOPIC_ID);
                Verdict::Drop
            }
            (false, Side::Denied) => Verdict::Keep,
        }
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let Some(name) = value else { return Edit::Keep };
        match field.entity {
            Entity::TopicName | Entity::TransactionalId => self.rename(field.entity, field, name),
            Entity::GroupId => self.group(field, name),
            Entity::CoordinatorKey => match self.asked.coordinator_type {
                0 => self.rename(Entity::GroupId, field, name),
                1 => self.rename(Entity::TransactionalId, field, name),
                _ => self.refuse(ErrorCode::INVALID_REQUEST),
            },
            Entity::ConfigResourceName => match self.config_type {
                2 => self.rename(Entity::TopicName, field, name),
                32 => self.rename(Entity::GroupId, field, name),
                // Brokers and client metrics are the operator's: their values hold addresses and others' names.
                _ => self.refuse(ErrorCode::CLUSTER_AUTHORIZATION_FAILED),
            },
            Entity::TopicNameRegex if !name.is_empty() => self.refuse(ErrorCode::INVALID_REGULAR_EXPRESSION),
            _ => Edit::Keep,
        }
    }

    fn bytes(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let (Some(bytes), Side::Admitted, true) = (value, self.side, self.asked.consumers) else {
            return Edit::Keep;
        };
        let namespace = self.namespace;
        let mut denial = None;
        let rewritten = embedded::rewrite(field.entity, bytes, |topic| {
            match (namespace.admits(Entity::TopicName, topic), namespace.mode) {
                (Ok(()), Mode::HidePrefix) => Edit::Replace([&namespace.prefix, topic].concat().into()),
                (Ok(()), Mode::EnforcePrefix) => Edit::Keep,
                (Err(code), _) => {
                    denial = Some(code);
                    Edit::Refuse
                }
            }
        });
        match rewritten {
            Ok(Some(bytes)) => Edit::Replace(bytes.into()),
            Ok(None) => Edit::Keep,
            Err(_) => self.refuse(denial.unwrap_or(ErrorCode::INVALID_REQUEST)),
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        match field.entity {
            Entity::ConfigResourceType => self.config_type = value,
            // A consumer is -1, a debugging one -2; what is not negative claims to be a broker.
            Entity::BrokerId if field.name == "ReplicaId" && value >= 0 => {
                self.refusal = Some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
                return IntegerEdit::Refuse;
            }
            _ => {}
        }
        IntegerEdit::Keep
    }

    fn null_array(&mut self, _field: &'static Field) -> Verdict {
        // All partitions of the cluster, other tenants' included.
        if self.api.key == ApiKey::ELECT_LEADERS {
            self.refusal = Some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
            return Verdict::Refuse;
        }
        Verdict::Keep
    }
}
