//! Names on the backend: the client's own, and all others.

use keg_codec::message::Value;
use keg_codec::schema::{Entity, Field};

use super::PREFIX;

/// Whose a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Client,
    OtherTenant,
    /// Begins like the prefix, and differs at its end.
    Neighbour,
    Kafka,
    /// Shown beside the client's own, where that was asked for.
    Shared,
    Nobody,
}

pub(crate) const OWNERS: [Owner; 6] = [
    Owner::OtherTenant,
    Owner::Client,
    Owner::Neighbour,
    Owner::Kafka,
    Owner::Shared,
    Owner::Nobody,
];

/// What must never be seen of names that aren't the client's.
pub(crate) const FOREIGN: [&str; 3] = ["team-b.", "team-aa", "__consumer_offsets"];

/// What names that can be shown beside the client's own begin with.
pub(crate) const SHARED: &str = "shared-";

/// What the client calls its own; none of it occurs elsewhere in a message.
pub(crate) const OWN: [&str; 3] = [TOPIC, GROUP, TRANSACTION];
pub(crate) const TOPIC: &str = "own-topic";
pub(crate) const GROUP: &str = "own-group";
pub(crate) const TRANSACTION: &str = "own-transaction";

/// A name of this kind on the backend; resources are topics.
pub(crate) fn backend_name(entity: Entity, owner: Owner) -> String {
    let own = client_name(entity);
    match owner {
        Owner::Client => format!("{PREFIX}{own}"),
        Owner::OtherTenant => "team-b.secret".to_owned(),
        Owner::Neighbour => "team-aa.secret".to_owned(),
        Owner::Kafka => "__consumer_offsets".to_owned(),
        Owner::Shared => match entity {
            Entity::GroupId | Entity::CoordinatorKey => format!("{SHARED}group"),
            Entity::TransactionalId => format!("{SHARED}transaction"),
            _ => format!("{SHARED}topic"),
        },
        Owner::Nobody => String::new(),
    }
}

/// The client's own name of this kind, under a hidden prefix.
pub(crate) fn client_name(entity: Entity) -> &'static str {
    match entity {
        Entity::GroupId | Entity::CoordinatorKey => GROUP,
        Entity::TransactionalId => TRANSACTION,
        _ => TOPIC,
    }
}

/// Whether a field of this kind names something of a tenant.
pub(crate) fn is_name(entity: Entity) -> bool {
    matches!(
        entity,
        Entity::TopicName
            | Entity::GroupId
            | Entity::TransactionalId
            | Entity::CoordinatorKey
            | Entity::ConfigResourceName
            | Entity::AclResourceName
    )
}

/// Whether the name is the client's, on the backend.
pub(crate) fn is_own(name: &Value) -> bool {
    matches!(name, Value::Bytes(name) if name.starts_with(PREFIX.as_bytes()))
}

/// The id of a topic; nobody's is unknown to the broker.
pub(crate) fn topic_id(owner: Owner) -> Value {
    Value::Uuid([1 + owner as u8; 16])
}

/// The topics that the broker has.
pub(crate) fn topics() -> [(Value, &'static str); 4] {
    [
        (topic_id(Owner::Client), "team-a.own-topic"),
        (topic_id(Owner::OtherTenant), "team-b.secret"),
        (topic_id(Owner::Neighbour), "team-aa.secret"),
        (topic_id(Owner::Shared), "shared-topic"),
    ]
}

/// Whether a table says by an id alone which topic it is about.
pub(crate) fn is_by_id(table: &[Field], version: i16) -> bool {
    let has = |entity| {
        let mut present = table.iter().filter(|field| field.versions.contains(version));
        present.any(|field| field.entity == entity)
    };
    has(Entity::TopicId) && !has(Entity::TopicName)
}

/// Whether the name is one that can be shown beside the client's own.
pub(crate) fn is_shared(entity: Entity, name: &Value) -> bool {
    let is_shown = !matches!(entity, Entity::TransactionalId | Entity::AclResourceName);
    is_shown && matches!(name, Value::Bytes(name) if name.starts_with(SHARED.as_bytes()))
}
