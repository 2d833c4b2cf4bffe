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
    let request = names_of(unknown.map(|(id, _)| *id), on_behalf_of)?;
    Ok(request.map(|request| Question {
        request,
        note: Note::default(),
    }))
}

/// A Metadata request for the topics of some ids, if there are any.
pub(crate) fn names_of(
    ids: impl Iterator<Item = [u8; 16]>,
    on_behalf_of: &Request,
) -> Result<Option<Request>, WalkError> {
    let ids: Vec<_> = ids.take(MOST).collect();
    match ids.is_empty() {
        true => Ok(None),
        false => metadata(on_behalf_of, |body| set_ids(body, ids)),
    }
}

/// A Metadata request of the gateway's own, which makes no topics; `ask` says which it is about.
pub(crate) fn metadata(on_behalf_of: &Request, ask: impl FnOnce(&mut Struct)) -> Result<Option<Request>, WalkError> {
    let Some(api) = Api::of(ApiKey::METADATA) else {
        return Ok(None);
    };
    let mut body = Struct::new(api.request.fields, FIRST_BY_ID);
    body.set("AllowAutoTopicCreation", Value::Integer(0));
    ask(&mut body);
    Request::local(api, FIRST_BY_ID, &body, on_behalf_of).map(Some)
}

/// The name and the id of a topic.
type Told = (Vec<u8>, [u8; 16]);

/// The topics that the broker has told of.
pub(crate) fn told(reply: Reply) -> Result<Vec<Told>, WalkError> {
    let (Reply::Response(mut response), Some(api)) = (reply, Api::of(ApiKey::METADATA)) else {
        return Ok(Vec::new());
    };
    let response = Struct::read(&api.response, FIRST_BY_ID, &response.body_bytes())?;
    let named = |topic: &Struct| match (topic.get("Name")?, topic.get("TopicId")?) {
        (Value::Bytes(name), Value::Uuid(id)) => Some((name.clone(), *id)),
        _ => None,
    };
    Ok(response.elements("Topics").filter_map(named).collect())
}

fn set_ids(body: &mut Struct, ids: Vec<[u8; 16]>) {
    let topics = ids.into_iter().filter_map(|id| {
        let mut topic = body.nested("Topics", FIRST_BY_ID)?;
        topic.set("TopicId", Value::Uuid(id));
        topic.set("Name", Value::Null);
        Some(Value::Struct(topic))
    });
    let topics = topics.collect();
    body.set("Topics", Value::Array(topics));
}

impl Namespace {
    /// Learns what the broker has answered. What it doesn't tell stays unknown, which fails closed.
    pub(super) fn learn(&self, reply: Reply) -> Result<(), WalkError> {
        let told = told(reply)?;
        let shown = told
            .iter()
            .filter(|(name, _)| self.names.shows(Entity::TopicName, name));
        let ids = shown.map(|(name, id)| (*id, self.names.is_additional(Entity::TopicName, name)));
        self.topic_ids.learn(&ids.collect::<Vec<_>>());
        Ok(())
    }
}
