//! DescribeTopicPartitions: a walk over all topics of the backend in the order of their names, page by page (KIP-966).

use bytes::Bytes;
use keg_codec::Api;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Type;
use keg_codec::walk::WalkError;

use super::prefix::Prefix;

/// Begins a walk over all topics at the namespace's first, rather than page through the topics of others before it.
///
/// The request has the backend's names already.
pub(super) fn begin_at_prefix(
    prefix: &Prefix,
    api: &'static Api,
    version: i16,
    body: &Bytes,
) -> Result<Bytes, WalkError> {
    let mut request = Struct::read(&api.request, version, body)?;
    let asks_for_all = request
        .get("Topics")
        .and_then(Value::as_array)
        .is_some_and(<[Value]>::is_empty);
    if asks_for_all && request.get("Cursor") == Some(&Value::Null) {
        let cursor = cursor(api, version, prefix.as_bytes());
        request.set("Cursor", cursor);
    }
    request.write(&api.request, version).map(Bytes::from)
}

/// Ends the walk where the next page would be of others.
pub(super) fn end_with_prefix(
    prefix: &Prefix,
    api: &'static Api,
    version: i16,
    body: &Bytes,
) -> Result<Bytes, WalkError> {
    let mut response = Struct::read(&api.response, version, body)?;
    let next = response
        .get("NextCursor")
        .and_then(Value::as_struct)
        .and_then(|cursor| cursor.get("TopicName"));
    let ends = matches!(next, Some(Value::Bytes(name)) if !prefix.owns(name));
    if ends {
        // All names of the namespace stand together in the order of names, and the walk began at the first.
        response.set("NextCursor", Value::Null);
    }
    response.write(&api.response, version).map(Bytes::from)
}

fn cursor(api: &'static Api, version: i16, topic: &[u8]) -> Value {
    let fields = api
        .request
        .fields
        .iter()
        .find(|field| field.name == "Cursor")
        .map(|field| field.ty);
    let Some(Type::Struct(fields)) = fields else {
        return Value::Null;
    };
    let mut cursor = Struct::new(fields, version);
    cursor.set("TopicName", Value::Bytes(topic.to_vec()));
    Value::Struct(cursor)
}
