//! DescribeTopicPartitions: walks over topics, page by page.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ErrorCode};

use super::Acls;
use super::client::Client;
use super::operation::{Operation, ResourceType};
use super::request::{Asks, Progress, Waiting};
use crate::message::{Request, Response};
use crate::namespace::look_up;
use crate::policy::Decision;

/// What becomes of a walk over topics.
pub(super) enum Pages {
    /// It is made of these.
    Of(Bytes),
    Decided(Decision),
}

impl Acls {
    /// A walk over all topics is one over those that the client may describe, which the broker is asked for first: pages are
    /// made of them, and cursors name them alone.
    pub(super) fn all_topics(
        &self,
        client: &Client<'_>,
        request: &Request,
        body: &Bytes,
        progress: &Progress,
    ) -> Result<Pages, WalkError> {
        let (api, version) = (request.api, request.version);
        let mut asked = Struct::read(&api.request, version, body)?;
        let first = match asked.get("Cursor") {
            Some(Value::Struct(cursor)) => Some(cursor.bytes("TopicName").to_vec()),
            _ => None,
        };
        if asked.elements("Topics").next().is_some() {
            return match first {
                Some(first) => {
                    let is_shown = client.could(Operation::Describe, ResourceType::Topic, &first);
                    from_cursor(asked, (&first, is_shown), (api, version), body)
                }
                None => Ok(Pages::Of(body.clone())),
            };
        }
        let Some(all) = &progress.all else {
            let question = look_up::metadata(request, |body| {
                body.set("Topics", Value::Null);
            })?;
            let Some(question) = question else {
                return Ok(Pages::Of(body.clone()));
            };
            return Ok(Pages::Decided(Decision::Ask(Waiting::question(
                question,
                Asks::All,
                progress.clone(),
            ))));
        };
        if lacks_partition(&asked) {
            return refused((api, version), body);
        }
        let first = first.unwrap_or_default();
        let may = |name: &&Vec<u8>| client.could(Operation::Describe, ResourceType::Topic, name);
        if !all.contains(&first) || !may(&&first) {
            // It goes on with the one behind, from its beginning.
            asked.set("Cursor", Value::Null);
        }
        let shown = all.iter().filter(|name| **name >= first).filter(may);
        let topics: Vec<_> = shown
            .filter_map(|name| {
                let mut topic = asked.nested("Topics", version)?;
                topic.set("Name", Value::Bytes(name.clone()));
                Some(Value::Struct(topic))
            })
            .collect();
        if topics.is_empty() {
            let nothing = Struct::new(api.response.fields, version).write(&api.response, version)?;
            return Ok(Pages::Decided(Decision::Answer(Response::local(api, version, nothing))));
        }
        asked.set("Topics", Value::Array(topics));
        asked.write(&api.request, version).map(|body| Pages::Of(body.into()))
    }
}

/// A walk over named topics that goes on at one of them: the broker forgets those before it, and refuses the walk if it isn't
/// among them, before it looks at what may be described.
fn from_cursor(
    mut asked: Struct,
    (first, is_shown): (&[u8], bool),
    (api, version): (&'static Api, i16),
    body: &Bytes,
) -> Result<Pages, WalkError> {
    if lacks_partition(&asked) || !asked.elements("Topics").any(|topic| topic.bytes("Name") == first) {
        return refused((api, version), body);
    }
    if let Some(Value::Array(topics)) = asked.get_mut("Topics") {
        topics.retain(|topic| topic.as_struct().is_some_and(|topic| topic.bytes("Name") >= first));
    }
    if !is_shown {
        // The broker, which doesn't get it, would refuse a cursor that is at none of the topics.
        asked.set("Cursor", Value::Null);
    }
    asked.write(&api.request, version).map(|body| Pages::Of(body.into()))
}

/// Whether the cursor is at no partition, which brokers refuse.
fn lacks_partition(asked: &Struct) -> bool {
    let cursor = asked.get("Cursor").and_then(Value::as_struct);
    let partition = cursor.and_then(|cursor| cursor.get("PartitionIndex")?.as_integer());
    partition.is_some_and(|partition| partition < 0)
}

fn refused((api, version): (&'static Api, i16), body: &Bytes) -> Result<Pages, WalkError> {
    let refused = Response::error(api, version, body, ErrorCode::INVALID_REQUEST, None)?;
    Ok(Pages::Decided(Decision::Answer(refused)))
}
