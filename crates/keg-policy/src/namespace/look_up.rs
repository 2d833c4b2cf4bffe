//! Topic ids that nobody has told yet: the broker is asked whose they are.

use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};

use super::Namespace;
use super::metadata::FIRST_BY_ID;
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::policy::{Note, Question};

/// Whether the broker takes topic ids in Metadata; one that was not asked for its versions is taken at the client's word,
/// which uses ids.
pub(super) fn is_possible(connection: &Connection) -> bool {
    connection
        .broker_versions(ApiKey::METADATA)
        .is_none_or(|versions| versions.contains(FIRST_BY_ID))
}

/// How many ids are looked up for one request. More than that are known from Metadata, or for the next request, or nobody's.
const MOST: usize = 10_000;

/// A Metadata request for topics by their ids.
pub(super) fn question(ids: &[[u8; 16]], on_behalf_of: &Request) -> Result<Option<Question>, WalkError> {
    let Some(api) = Api::of(ApiKey::METADATA) else {
        return Ok(None);
    };
    let mut body = Struct::new(api.request.fields, FIRST_BY_ID);
    let Some(table) = topics(&body) else {
        return Ok(None);
    };
    let topics = ids.iter().take(MOST).map(|id| {
        let mut topic = Struct::new(table, FIRST_BY_ID);
        topic.set("TopicId", Value::Uuid(*id));
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
                && self.prefix.owns(name)
            {
                self.topic_ids.learn(id);
            }
        }
        Ok(())
    }
}
