//! Ids of aliases that nobody has told here: the broker is asked for those of their topics.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Field, Type};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};

use super::TopicAliases;
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::namespace::metadata::FIRST_BY_ID;

/// A Metadata request for the topics of the client's aliases.
pub(super) fn question(
    policy: &TopicAliases,
    connection: &Connection,
    on_behalf_of: &Request,
) -> Result<Option<Request>, WalkError> {
    let Some(api) = Api::of(ApiKey::METADATA) else {
        return Ok(None);
    };
    let topics = policy.set.active(connection);
    let mut body = Struct::new(api.request.fields, FIRST_BY_ID);
    set_topics(
        &mut body,
        FIRST_BY_ID,
        topics.iter().map(|(topic, _)| topic.name.to_vec()),
    );
    body.set("AllowAutoTopicCreation", Value::Integer(0));
    match topics.is_empty() {
        true => Ok(None),
        false => Request::local(api, FIRST_BY_ID, &body, on_behalf_of).map(Some),
    }
}

/// Makes a request ask for topics by name.
pub(super) fn set_topics(body: &mut Struct, version: i16, names: impl Iterator<Item = Vec<u8>>) {
    let Some(table) = table(body.table(), "Topics") else {
        return;
    };
    let topics = names.map(|name| {
        let mut topic = Struct::new(table, version);
        topic.set("Name", Value::Bytes(name));
        Value::Struct(topic)
    });
    body.set("Topics", Value::Array(topics.collect()));
}

/// The table of the structures in a field.
pub(super) fn table(fields: &'static [Field], name: &str) -> Option<&'static [Field]> {
    match fields.iter().find(|field| field.name == name)?.ty {
        Type::Struct(table) => Some(table),
        _ => None,
    }
}

impl TopicAliases {
    /// Learns what the broker has answered. What it doesn't tell stays unknown, and is left to the broker.
    pub(super) fn learn(&self, reply: Reply) -> Result<(), WalkError> {
        let (Reply::Response(mut response), Some(api)) = (reply, Api::of(ApiKey::METADATA)) else {
            return Ok(());
        };
        let response = Struct::read(&api.response, FIRST_BY_ID, &response.body_bytes())?;
        let topics = response.get("Topics").and_then(Value::as_array).unwrap_or_default();
        for topic in topics.iter().filter_map(Value::as_struct) {
            if let (Some(Value::Bytes(name)), Some(Value::Uuid(id))) = (topic.get("Name"), topic.get("TopicId")) {
                self.memory.learn(&self.set, name, id);
            }
        }
        Ok(())
    }
}
