//! Metadata: topics by their ids (version 12 and newer), and topics that must not be made because they are asked for.

use std::collections::BTreeSet;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, EntitySet, Field, Type};
use keg_codec::walk::{UuidEdit, Visitor, WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode};

use super::names::{Names, Owner};
use super::topic_ids::NO_TOPIC_ID;

/// From this version on brokers take topic ids in requests; the two before it only have the field.
pub(crate) const FIRST_BY_ID: i16 = 12;

/// The longest name that a topic can have, in bytes.
pub(crate) const LONGEST_TOPIC: usize = 249;

/// The names of topics that are asked for, where all are.
pub(crate) type Picked = BTreeSet<Vec<u8>>;

/// From this version on a request says whether what it names is to be made. Before, all of it is.
const FIRST_WITHOUT_CREATION: i16 = 4;

/// Whether a request names a topic by its id.
pub(crate) fn asks_by_id(api: &'static Api, version: i16, body: &[u8]) -> Result<bool, WalkError> {
    struct Ids(bool);

    impl Visitor for Ids {
        fn interest(&self) -> EntitySet {
            const { EntitySet::of(&[Entity::TopicId]) }
        }

        fn uuid(&mut self, _field: &'static Field, id: &[u8; 16]) -> UuidEdit {
            self.0 |= *id != NO_TOPIC_ID;
            UuidEdit::Keep
        }
    }

    let mut ids = Ids(false);
    if version >= FIRST_BY_ID {
        walk(&api.request, version, body, &mut ids)?;
    }
    Ok(ids.0)
}

/// Makes the topics of others what a broker answers for an id that it doesn't know.
pub(super) fn hide_others(names: &Names, api: &'static Api, version: i16, body: &Bytes) -> Result<Bytes, WalkError> {
    let mut response = Struct::read(&api.response, version, body)?;
    if let Some(Value::Array(topics)) = response.get_mut("Topics") {
        for topic in topics {
            let Value::Struct(topic) = topic else { continue };
            let owner = match topic.get("Name") {
                Some(Value::Bytes(name)) => names.owner(Entity::TopicName, name),
                _ => Owner::Nobody,
            };
            if matches!(owner, Owner::Other | Owner::Shadowed(_)) {
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

/// Whether a broker may make the topics that a request names.
pub(crate) fn creates(version: i16, body: &[u8]) -> Result<bool, WalkError> {
    let Some(api) = Api::of(ApiKey::METADATA).filter(|_| version >= FIRST_WITHOUT_CREATION) else {
        return Ok(true);
    };
    let request = Struct::read(&api.request, version, body)?;
    Ok(request.get("AllowAutoTopicCreation") != Some(&Value::Integer(0)))
}

/// Where a request says whether topics may be made. It is near the end, and found from there; so not in one that has tagged
/// fields of its own behind the known ones.
pub(crate) fn creation_flag(version: i16, body: &[u8]) -> Option<usize> {
    let from_end = match version {
        ..FIRST_WITHOUT_CREATION => return None,
        FIRST_WITHOUT_CREATION..=7 => 1,
        // What the client may do to the cluster and to the topics may be asked for behind it, and there may be tagged fields.
        8 => 3,
        9..=10 => 4,
        _ => 3,
    };
    body.len().checked_sub(from_end)
}

/// Keeps a broker from making the topics that a request names, which has the backend's names already.
///
/// Where the version has no place to say so, all topics are asked for: these are the ones to [`pick`].
pub(crate) fn without_creation(
    api: &'static Api,
    version: i16,
    body: &[u8],
) -> Result<(Bytes, Option<Picked>), WalkError> {
    let mut request = Struct::read(&api.request, version, body)?;
    let mut picked = None;
    if version >= FIRST_WITHOUT_CREATION {
        request.set("AllowAutoTopicCreation", Value::Integer(0));
    } else if let Some(topics) = request.get_mut("Topics") {
        picked = Some(names(topics));
        // Version 0 has no null.
        *topics = if version == 0 {
            Value::Array(Vec::new())
        } else {
            Value::Null
        };
    }
    let body = request.write(&api.request, version)?;
    Ok((body.into(), picked))
}

/// Leaves of all topics those that were asked for; the ones that aren't there are said to be unknown.
pub(crate) fn pick(wanted: &Picked, api: &'static Api, version: i16, body: &[u8]) -> Result<Bytes, WalkError> {
    let mut response = Struct::read(&api.response, version, body)?;
    if let (Some(table), Some(Value::Array(topics))) = (topics_table(api), response.get_mut("Topics")) {
        topics.retain(|topic| name(topic).is_some_and(|name| wanted.contains(name)));
        let found: Picked = topics.iter().filter_map(name).map(<[u8]>::to_vec).collect();
        for missing in wanted.difference(&found) {
            let code = match is_name(missing) {
                true => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                false => ErrorCode::INVALID_TOPIC_EXCEPTION,
            };
            let mut topic = Struct::new(table, version);
            topic.set("ErrorCode", Value::Integer(code.0.into()));
            topic.set("Name", Value::Bytes(missing.clone()));
            topics.push(Value::Struct(topic));
        }
    }
    response.write(&api.response, version).map(Bytes::from)
}

/// Whether a topic can be called so (Kafka's `Topic.isValid`).
pub(crate) fn is_name(topic: &[u8]) -> bool {
    let is_legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(topic, b"" | b"." | b"..") && topic.len() <= LONGEST_TOPIC && topic.iter().all(is_legal)
}

fn names(topics: &Value) -> Picked {
    let topics = topics.as_array().unwrap_or_default();
    topics.iter().filter_map(name).map(<[u8]>::to_vec).collect()
}

fn name(topic: &Value) -> Option<&[u8]> {
    match topic.as_struct()?.get("Name")? {
        Value::Bytes(name) => Some(name),
        _ => None,
    }
}

fn topics_table(api: &'static Api) -> Option<&'static [Field]> {
    let topics = api.response.fields.iter().find(|field| field.name == "Topics")?;
    match topics.ty {
        Type::Struct(table) => Some(table),
        _ => None,
    }
}
