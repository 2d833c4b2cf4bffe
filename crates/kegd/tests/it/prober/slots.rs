//! Where a request can name something, and what kind of thing.

use super::definitions::{Field, Message, Type};

/// What a field names, by Kafka's annotation of it, or by what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Topic,
    Group,
    Transaction,
    TopicId,
    /// Of FindCoordinator.
    Key,
    /// Of a configuration or an access control list.
    Resource,
    Expression,
    Member,
    Instance,
    User,
    Host,
    Producer,
    Broker,
    /// Bytes that the consumer protocol embeds.
    Subscription,
    Assignment,
    /// Any other text may name something to somebody.
    Text,
    OtherId,
    /// A small number that says what another field means.
    Choice,
}

impl Kind {
    /// Whether it can be the name of a topic, a group or a transaction.
    pub(crate) fn is_name(self) -> bool {
        matches!(
            self,
            Self::Topic
                | Self::Group
                | Self::Transaction
                | Self::Producer
                | Self::TopicId
                | Self::Key
                | Self::Resource
                | Self::Expression
                | Self::Subscription
                | Self::Assignment
        )
    }
}

/// A field that can name something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The names of the fields on the way to it; of arrays the first element is meant.
    pub(crate) path: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    pub(crate) list: bool,
}

/// An array, of whatever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) path: Vec<String>,
    pub(crate) nullable: bool,
}

pub(crate) fn slots(message: &Message, version: i16) -> (Vec<Slot>, Vec<List>) {
    let mut found = (Vec::new(), Vec::new());
    collect(&message.api, &message.fields, version, &[], &mut found);
    found
}

fn collect(api: &str, fields: &[Field], version: i16, path: &[String], found: &mut (Vec<Slot>, Vec<List>)) {
    for field in fields.iter().filter(|field| field.versions.contains(version)) {
        let path = [path, std::slice::from_ref(&field.name)].concat();
        let nullable = field.nullable.contains(version);
        let list = matches!(field.ty, Type::Array(_));
        if list {
            found.1.push(List {
                path: path.clone(),
                nullable,
            });
        }
        if *field.ty.innermost() == Type::Struct {
            collect(api, &field.fields, version, &path, found);
        } else if let Some(kind) = kind(api, field) {
            found.0.push(Slot {
                path,
                kind,
                nullable,
                list,
            });
        }
    }
}

pub(crate) fn kind(api: &str, field: &Field) -> Option<Kind> {
    let name = field.name.as_str();
    let by_entity = match field.entity.as_deref() {
        Some("topicName") => Some(Kind::Topic),
        Some("groupId") => Some(Kind::Group),
        Some("transactionalId") => Some(Kind::Transaction),
        Some("producerId") => Some(Kind::Producer),
        Some("brokerId") => Some(Kind::Broker),
        _ => None,
    };
    by_entity.or_else(|| match field.ty.innermost() {
        Type::Uuid if name == "TopicId" => Some(Kind::TopicId),
        Type::Uuid => Some(Kind::OtherId),
        Type::Int8 => Some(Kind::Choice),
        Type::Bytes if api == "JoinGroup" => Some(Kind::Subscription),
        Type::Bytes if api == "SyncGroup" => Some(Kind::Assignment),
        Type::Text => Some(match name {
            "GroupId" => Kind::Group,
            "Key" | "CoordinatorKeys" if api == "FindCoordinator" => Kind::Key,
            "MemberId" => Kind::Member,
            "EntityName" | "Match" => Kind::User,
            "Name" if api.contains("Scram") => Kind::User,
            _ if name.contains("ResourceName") => Kind::Resource,
            _ if name.contains("Pattern") || name.contains("Regex") => Kind::Expression,
            _ if name.contains("InstanceId") => Kind::Instance,
            _ if name.contains("Principal") => Kind::User,
            _ if name.contains("Host") => Kind::Host,
            _ => Kind::Text,
        }),
        _ => None,
    })
}
