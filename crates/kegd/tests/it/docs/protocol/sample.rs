//! A request that a tenant may send, of every version of every API.

use bytes::Bytes;
use keg_codec::Api;
use keg_codec::header::request_head;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field, Type};
use keg_policy::{Request, Streams};

/// What names begin with, which may be used in both modes then.
pub(crate) const PREFIX: &str = "team-a-";

/// A request with one element in every array, and names that may be used.
pub(crate) fn sample(api: &'static Api, version: i16) -> Request {
    let body = fields(api.request.fields, version)
        .write(&api.request, version)
        .unwrap();
    Request {
        api,
        version,
        correlation_id: 0,
        head: request_head(api, version, b"documentation"),
        body: Bytes::from(body).into(),
        rest: None,
        streams: Streams::No,
    }
}

fn fields(table: &'static [Field], version: i16) -> Struct {
    let mut made = Struct::new(table, version);
    let present = made.iter_mut().filter(|(field, _)| field.versions.contains(version));
    for (field, value) in present {
        match (field.ty, field.array) {
            (Type::Struct(nested), true) => *value = Value::Array(vec![Value::Struct(fields(nested, version))]),
            (Type::Struct(nested), false) if *value != Value::Null => *value = Value::Struct(fields(nested, version)),
            (Type::Struct(_), false) => {}
            (_, true) => *value = Value::Array(vec![scalar(field)]),
            (_, false) => *value = scalar(field),
        }
    }
    made
}

fn scalar(field: &Field) -> Value {
    match (field.entity, field.ty) {
        (Entity::ProtocolType, _) => Value::text("consumer"),
        (Entity::TopicNameRegex | Entity::TransactionalIdRegex, _) => Value::text(""),
        (Entity::Plain | Entity::FreeText, Type::String) => Value::text(""),
        (_, Type::String) => Value::text(&format!("{PREFIX}name")),
        (_, Type::Bytes | Type::Records) => Value::Bytes(Vec::new()),
        (_, Type::Uuid) => Value::Uuid([0; 16]),
        (_, Type::Float64) => Value::Float(0.0),
        // Topics, as literals; all brokers answer, and nobody claims to be one.
        (Entity::ConfigResourceType | Entity::AclResourceType, _) => Value::Integer(2),
        (Entity::AclPatternType, _) => Value::Integer(3),
        (Entity::Acks | Entity::BrokerId, _) => Value::Integer(-1),
        // To read is allowed; brokers close the connection at what is neither allowed nor denied.
        _ if matches!(field.name, "Operation" | "PermissionType") => Value::Integer(3),
        _ => Value::Integer(0),
    }
}
