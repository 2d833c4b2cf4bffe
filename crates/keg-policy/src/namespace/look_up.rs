//! Topic ids that nobody has told yet: the broker is asked whose they are.

use std::collections::BTreeMap;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

use super::Namespace;
use super::metadata::FIRST_BY_ID;
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::policy::{Note, Question};

/// Whether the broker takes topic ids in Metadata; one that was not asked for its versions is taken at the client's word,
/// which uses ids.
pub(crate) fn is_possible(connection: &Connection) -> bool {
    connection
        .broker_versions(ApiKey::METADATA)
        .is_none_or(|versions| versions.contains(FIRST_BY_ID))
}

/// How many ids are looked up for one request. More than that are known from Metadata, or for the next request, or nobody's.
const MOST: usize = 10_000;

/// A Metadata request for the unknown ones among topic ids, if there are any.
pub(super) fn question(
    denied: &BTreeMap<[u8; 16], ErrorCode>,
    on_behalf_of: &Request,
) -> Result<Option<Question>, WalkError> {
    let unknown = denied.iter().filter(|(_, code)| **code == ErrorCode::UNKNOWN_TOPIC_ID);
    let ids: Vec<_> = unknown.map(|(id, _)| *id).take(MOST).collect();
    let Some(api) = Api::of(ApiKey::METADATA).filter(|_| !ids.is_empty()) else {
        return Ok(None);
    };
    let mut body = Struct::new(api.request.fields, FIRST_BY_ID);
    let Some(table) = topics(&body) else {
        return Ok(None);
    };
    let topics = ids.into_iter().map(|id| {
        let mut topic = Struct::new(table, FIRST_BY_ID);
        topic.set("TopicId", Value::Uuid(id));
        topic.set("Name", Value::Null);
        Value::Struct(topic)
    });
    body.set("Topics", Value::Array(topics.collect()));
    body.set("AllowAutoTopicCreation", Value::Integer(0));
    Ok(Some(Question {
        request: Request::local(api, FIRST_BY_ID, &body, on_behalf_of)?,
        note: Note::default(),
    }))
}

/// The table of the elements of `Topics`.
fn topics(body: &Struct) -> Option<&'static [keg_codec::schema::Field]> {
    let (field, _) = body.iter().find(|(field, _)| field.name == "Topics")?;
    match field.ty {
        keg_codec::schema::Type::Struct(table) => Some(table),
        _ => None,
    }
}

impl Namespace {
    /// Learns what the broker has answered. What it doesn't tell stays unknown, which fails closed.
    pub(super) fn learn(&self, reply: Reply) -> Result<(), WalkError> {
        let (Reply::Response(mut response), Some(api)) = (reply, Api::of(ApiKey::METADATA)) else {
            return Ok(());
        };
        let response = Struct::read(&api.response, FIRST_BY_ID, &response.body_bytes())?;
        let topics = response.get("Topics").and_then(Value::as_array).unwrap_or_default();
        for topic in topics.iter().filter_map(Value::as_struct) {
            if let (Some(Value::Bytes(name)), Some(Value::Uuid(id))) = (topic.get("Name"), topic.get("TopicId"))
                && self.names.shows(Entity::TopicName, name)
            {
                let is_additional = self.names.is_additional(Entity::TopicName, name);
                self.topic_ids.learn(id, is_additional);
            }
        }
        Ok(())
    }
}
