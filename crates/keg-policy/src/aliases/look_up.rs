//! Ids of aliases that nobody has told here: the broker is asked for those of their topics.

use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;

use super::TopicAliases;
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::namespace::look_up::{metadata, told};
use crate::namespace::metadata::FIRST_BY_ID;

/// A Metadata request for the topics of the client's aliases.
pub(super) fn question(
    policy: &TopicAliases,
    connection: &Connection,
    on_behalf_of: &Request,
) -> Result<Option<Request>, WalkError> {
    let topics = policy.set.active(connection);
    if topics.is_empty() {
        return Ok(None);
    }
    metadata(on_behalf_of, |body| {
        set_topics(body, FIRST_BY_ID, topics.iter().map(|(topic, _)| topic.name.to_vec()));
    })
}

/// Makes a request ask for topics by name.
pub(crate) fn set_topics(body: &mut Struct, version: i16, names: impl Iterator<Item = Vec<u8>>) {
    let topics = names.filter_map(|name| {
        let mut topic = body.nested("Topics", version)?;
        topic.set("Name", Value::Bytes(name));
        Some(Value::Struct(topic))
    });
    let topics = topics.collect();
    body.set("Topics", Value::Array(topics));
}

impl TopicAliases {
    /// Learns what the broker has answered. What it doesn't tell stays unknown, and is left to the broker.
    pub(super) fn learn(&self, reply: Reply) -> Result<(), WalkError> {
        for (name, id) in told(reply)? {
            self.memory.learn(&self.set, &name, &id);
        }
        Ok(())
    }
}
