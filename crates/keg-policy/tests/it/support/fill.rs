//! Messages in which every field that names something is set, and what a client may see of them.

use keg_codec::Direction;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION, Entity, Field, Type};
use keg_codec::{Api, ApiKey};

use super::PREFIX;
use super::book::{FIRST_PORT, GATEWAY};
use super::names::{Owner, TOPIC, backend_name, client_name, is_by_id, is_name, is_own, is_shared, topic_id};

pub(crate) const BACKEND_HOST: &str = "backend.internal";
pub(crate) const BACKEND_PORT: u16 = 19_092;
/// The host of a group's member, as a broker sees it.
pub(crate) const MEMBER_HOST: &str = "/192.0.2.77";

/// Sets every field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filler {
    pub(crate) api: &'static Api,
    pub(crate) version: i16,
    pub(crate) direction: Direction,
    /// Whether names have the prefix.
    pub(crate) prefixed: bool,
    /// Each array has an element for each of these.
    pub(crate) owners: &'static [Owner],
}

impl Filler {
    pub(crate) fn message(self) -> Struct {
        self.fields(self.api.message(self.direction).fields, Owner::Client)
    }

    fn fields(self, table: &'static [Field], owner: Owner) -> Struct {
        let mut filled = Struct::new(table, self.version);
        for (field, value) in filled.iter_mut() {
            if field.versions.contains(self.version) {
                *value = self.value(field, owner);
            }
        }
        if self.asks_by_id(table) {
            filled.set("TopicId", topic_id(owner));
        }
        filled
    }

    /// Requests name everybody's ids; a broker tells the ids of what it was asked for.
    fn asks_by_id(self, table: &'static [Field]) -> bool {
        let in_request = self.direction == Direction::Request && self.api.key != ApiKey::CONSUMER_GROUP_HEARTBEAT;
        in_request && is_by_id(table, self.version)
    }

    fn value(self, field: &'static Field, owner: Owner) -> Value {
        match field.ty {
            Type::Struct(nested) if field.array && self.names_something(nested) => {
                self.for_each_owner(|it| Value::Struct(self.fields(nested, it)))
            }
            Type::Struct(nested) if field.array => Value::Array(vec![Value::Struct(self.fields(nested, owner))]),
            Type::Struct(nested) => Value::Struct(self.fields(nested, owner)),
            _ if field.array && is_name(field.entity) => {
                self.for_each_owner(|it| Value::text(&self.name(field.entity, it)))
            }
            _ if field.array => Value::Array(vec![self.scalar(field, owner)]),
            _ => self.scalar(field, owner),
        }
    }

    fn names_something(self, table: &'static [Field]) -> bool {
        let mut present = table.iter().filter(|field| field.versions.contains(self.version));
        self.asks_by_id(table)
            || present.any(|field| match field.ty {
                Type::Struct(nested) => self.names_something(nested),
                _ => is_name(field.entity),
            })
    }

    fn for_each_owner(self, element: impl Fn(Owner) -> Value) -> Value {
        Value::Array(self.owners.iter().map(|owner| element(*owner)).collect())
    }

    fn name(self, entity: Entity, owner: Owner) -> String {
        match owner {
            Owner::Client if !self.prefixed => client_name(entity).to_owned(),
            owner => backend_name(entity, owner),
        }
    }

    fn scalar(self, field: &'static Field, owner: Owner) -> Value {
        let topics = || -> Vec<_> {
            let topics = self.owners.iter();
            topics.map(|owner| self.name(Entity::TopicName, *owner)).collect()
        };
        let in_request = self.direction == Direction::Request;
        match field.entity {
            entity if is_name(entity) => Value::text(&self.name(entity, owner)),
            Entity::AclResourceType => Value::Integer(2),
            Entity::AclPatternType => Value::Integer(3),
            Entity::Acks => Value::Integer(-1),
            Entity::BrokerHost => Value::text(BACKEND_HOST),
            Entity::ClientHost => Value::text(MEMBER_HOST),
            Entity::BrokerId if field.name == "ReplicaId" => Value::Integer(-1),
            Entity::BrokerPort => Value::Integer(BACKEND_PORT.into()),
            Entity::ConfigResourceType => Value::Integer(2),
            Entity::CoordinatorKeyType | Entity::ErrorCode => Value::Integer(0),
            Entity::ConsumerAssignment | Entity::ConsumerSubscription => {
                Value::Bytes(embedded(field.entity, 3, &topics()))
            }
            Entity::FreeText => Value::text(&format!("Topic '{PREFIX}{TOPIC}' isn't fit")),
            Entity::ProtocolType => Value::text("consumer"),
            Entity::TopicId if in_request => Value::Uuid([0; 16]),
            Entity::TopicId => topic_id(Owner::Client),
            Entity::FetchSessionId | Entity::FetchSessionEpoch => Value::Integer(0),
            Entity::TopicNameRegex | Entity::TransactionalIdRegex => {
                Value::text(if in_request { "" } else { "team-.*" })
            }
            _ if field.name == "ShareSessionEpoch" => Value::Integer(0),
            _ => match field.ty {
                Type::String => Value::text("x"),
                Type::Bytes | Type::Records => Value::Bytes(b"y".to_vec()),
                Type::Uuid => Value::Uuid([9; 16]),
                Type::Float64 => Value::Float(1.0),
                _ => Value::Integer(1),
            },
        }
    }

    /// What a client sees of the response, when the prefix is hidden or not, and shared names are shown or not.
    pub(crate) fn seen(self, hidden: bool, shared: bool) -> Struct {
        let mut seen = self.message();
        let filler = self;
        Seen { filler, hidden, shared }.fields(&mut seen);
        seen
    }
}

/// Makes a response of the backend what the client is to see, field by field.
#[derive(Debug, Clone, Copy)]
struct Seen {
    filler: Filler,
    hidden: bool,
    shared: bool,
}

impl Seen {
    fn fields(self, fields: &mut Struct) {
        let version = self.filler.version;
        for (field, value) in fields.iter_mut().filter(|(field, _)| field.versions.contains(version)) {
            match value {
                Value::Array(elements) => {
                    elements.retain(|element| match element {
                        Value::Struct(element) => self.is_own(element),
                        name => !is_name(field.entity) || self.shows(field, name),
                    });
                    elements.iter_mut().for_each(|element| self.value(field, element));
                }
                value => self.value(field, value),
            }
        }
    }

    fn shows(self, field: &'static Field, name: &Value) -> bool {
        is_own(name) || self.shared && is_shared(field.entity, name)
    }

    /// Whether all names in it that are not in an array of their own are the client's.
    fn is_own(self, element: &Struct) -> bool {
        let version = self.filler.version;
        let has_type = |it: &Struct| {
            it.iter()
                .any(|(field, _)| field.entity == Entity::ConfigResourceType && field.versions.contains(version))
        };
        let mut present = element.iter().filter(|(field, _)| field.versions.contains(version));
        present.all(|(field, value)| match value {
            Value::Struct(nested) => self.is_own(nested),
            _ if field.entity == Entity::ConfigResourceName && !has_type(element) => false,
            value => field.array || !is_name(field.entity) || self.shows(field, value),
        })
    }

    fn value(self, field: &'static Field, value: &mut Value) {
        match value {
            Value::Struct(nested) => self.fields(nested),
            name if is_name(field.entity) && !is_own(name) => {}
            Value::Bytes(bytes) if is_name(field.entity) && self.hidden => drop(bytes.drain(..PREFIX.len())),
            Value::Bytes(bytes) => match field.entity {
                Entity::BrokerHost => *bytes = GATEWAY.into(),
                Entity::ClientHost => *bytes = "/0.0.0.0".into(),
                Entity::TopicNameRegex => bytes.clear(),
                Entity::FreeText if self.hidden => *bytes = format!("Topic '{TOPIC}' isn't fit").into(),
                Entity::ConsumerAssignment | Entity::ConsumerSubscription => {
                    let topic = self.filler.name(Entity::TopicName, Owner::Client);
                    let mut topics = vec![if self.hidden { TOPIC.to_owned() } else { topic }];
                    if self.shared {
                        topics.push(backend_name(Entity::TopicName, Owner::Shared));
                    }
                    *bytes = embedded(field.entity, 3, &topics);
                }
                _ => {}
            },
            Value::Integer(port) if field.entity == Entity::BrokerPort => *port = i64::from(FIRST_PORT) + 1,
            _ => {}
        }
    }
}

/// What consumers send each other about these topics.
pub(crate) fn embedded(kind: Entity, version: i16, topics: &[impl AsRef<str>]) -> Vec<u8> {
    let (message, array) = match kind {
        Entity::ConsumerAssignment => (CONSUMER_PROTOCOL_ASSIGNMENT, "AssignedPartitions"),
        _ => (CONSUMER_PROTOCOL_SUBSCRIPTION, "OwnedPartitions"),
    };
    let table = message.fields.iter().find(|field| field.name == array).unwrap();
    let Type::Struct(table) = table.ty else {
        panic!("partitions of topics")
    };
    let partitions = topics.iter().map(|topic| {
        let mut partitions = Struct::new(table, version);
        partitions.set("Topic", Value::text(topic.as_ref()));
        partitions.set("Partitions", Value::Array(vec![Value::Integer(4)]));
        Value::Struct(partitions)
    });
    let mut made = Struct::new(message.fields, version);
    made.set(array, Value::Array(partitions.collect()));
    made.set(
        "Topics",
        Value::Array(topics.iter().map(|topic| Value::text(topic.as_ref())).collect()),
    );
    made.set("UserData", Value::Bytes(format!("{PREFIX}user-data").into()));
    let mut bytes = version.to_be_bytes().to_vec();
    bytes.extend(made.write(message, version).unwrap());
    bytes
}
