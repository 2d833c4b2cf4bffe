//! Metadata by topic id (version 12 and newer): what is another tenant's is unknown, not left out.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ErrorCode};

use super::prefix::Prefix;
use super::topic_ids::NO_TOPIC_ID;

/// From this version on brokers take topic ids in requests; the two before it only have the field.
pub(super) const FIRST_BY_ID: i16 = 12;

/// Whether a request names a topic by its id.
pub(super) fn asks_by_id(request: &Struct) -> bool {
    let topics = request.get("Topics").and_then(Value::as_array).unwrap_or_default();
    topics
        .iter()
        .filter_map(Value::as_struct)
        .any(|topic| !matches!(topic.get("TopicId"), None | Some(Value::Uuid(NO_TOPIC_ID))))
}

/// Makes the topics of others what a broker answers for an id that it doesn't know.
pub(super) fn hide_others(prefix: &Prefix, api: &'static Api, version: i16, body: &Bytes) -> Result<Bytes, WalkError> {
    let mut response = Struct::read(&api.response, version, body)?;
    if let Some(Value::Array(topics)) = response.get_mut("Topics") {
        for topic in topics {
            let Value::Struct(topic) = topic else { continue };
            let is_others = matches!(topic.get("Name"), Some(Value::Bytes(name)) if !prefix.owns(name));
            if is_others {
                let id = topic.get("TopicId").cloned().unwrap_or(Value::Uuid(NO_TOPIC_ID));
                topic.reset(version);
                topic.set("ErrorCode", Value::Integer(ErrorCode::UNKNOWN_TOPIC_ID.0.into()));
                topic.set("Name", Value::Null);
                topic.set("TopicId", id);
            }
        }
    }
    response.write(&api.response, version).map(Bytes::from)
}
