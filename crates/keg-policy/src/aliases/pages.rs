//! DescribeTopicPartitions: topics page by page, each with the place of the next (KIP-966).
//!
//! The client gets the place in its own names. A walk over all topics goes over the aliases at its end, and the places there
//! have a mark, which no topic's name has: a topic of the alias' name may stand on the way.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::{WalkError, walk};
use keg_codec::{ErrorCode, Rope};

use super::TopicAliases;
use super::inbound::{Inbound, Side};
use super::listing;
use super::look_up::set_topics;
use super::outbound::Naming;
use super::parts::{Plan, Step};
use super::set::Handle;
use crate::connection::Connection;
use crate::message::Request;

const MARK: u8 = b':';

pub(super) fn mark(alias: &[u8]) -> Vec<u8> {
    [&[MARK], alias].concat()
}

/// Whether there is another page.
pub(super) fn goes_on(response: &Struct) -> bool {
    response.get("NextCursor").is_some_and(|cursor| *cursor != Value::Null)
}

/// The parts of a request, each as it would be asked for from its beginning.
struct Parts {
    parts: Vec<(Struct, Naming)>,
    /// The part that the client's place is in.
    first: usize,
    /// The topic of that place, by its own name.
    topic: Option<Vec<u8>>,
}

/// What goes to the broker, in turns; the later ones only when the earlier ones have no further page.
pub(super) fn steps(
    policy: &TopicAliases,
    connection: &Connection,
    request: &Request,
    body: &Bytes,
) -> Result<Result<Vec<Step>, ErrorCode>, WalkError> {
    let (api, version) = (request.api, request.version);
    let asked = Struct::read(&api.request, version, body)?;
    let place = asked.get("Cursor").and_then(Value::as_struct);
    let place = place.and_then(|cursor| match cursor.get("TopicName")? {
        Value::Bytes(name) => Some(name.clone()),
        _ => None,
    });
    let topics = asked.get("Topics").and_then(Value::as_array).unwrap_or_default();
    let is_of_all = topics.is_empty();
    let parts = match is_of_all {
        true => of_all(policy, connection, version, asked, place.clone()),
        false => of_some(policy, connection, request, body, place.clone()).map(Some)?,
    };
    let Some(Parts { parts, first, topic }) = parts else {
        return Ok(Err(ErrorCode::INVALID_REQUEST));
    };
    let is_one = is_of_all || parts.len() == 1;
    let mut steps = Vec::new();
    for (turn, (mut part, naming)) in parts.into_iter().enumerate().skip(first) {
        let body = match (part.get_mut("Cursor"), &topic) {
            _ if turn == 0 && is_one && naming.is_direct() && topic == place => body.clone(),
            (Some(Value::Struct(cursor)), Some(topic)) if turn == first => {
                cursor.set("TopicName", Value::Bytes(topic.clone()));
                part.write(&api.request, version)?.into()
            }
            _ => {
                part.set("Cursor", Value::Null);
                part.write(&api.request, version)?.into()
            }
        };
        steps.push(Step {
            body: Rope::from(body),
            naming,
        });
    }
    Ok(Ok(steps))
}

/// All topics, and then the aliases; `None` when the client's place is none.
fn of_all(
    policy: &TopicAliases,
    connection: &Connection,
    version: i16,
    asked: Struct,
    place: Option<Vec<u8>>,
) -> Option<Parts> {
    let turns = listing::turns(policy, connection);
    let marked = place.as_deref().and_then(|place| place.strip_prefix(&[MARK]));
    let (first, topic) = match marked {
        None => (0, place),
        Some(name) => {
            let alias = policy.set.find(connection, name)?;
            let turn = turns.iter().position(|turn| turn.iter().any(|(_, it)| *it == alias))?;
            (turn + 1, Some(policy.set.topic_of(alias)?.name.to_vec()))
        }
    };
    let mut parts = vec![(asked.clone(), Naming::default())];
    for turn in &turns {
        let mut part = asked.clone();
        set_topics(&mut part, version, turn.iter().map(|(topic, _)| topic.name.to_vec()));
        parts.push((part, listing::naming(policy, turn)));
    }
    Some(Parts { parts, first, topic })
}

/// The topics that are named.
fn of_some(
    policy: &TopicAliases,
    connection: &Connection,
    request: &Request,
    body: &Bytes,
    place: Option<Vec<u8>>,
) -> Result<Parts, WalkError> {
    let (api, version) = (request.api, request.version);
    let mut visitor = Inbound::new(policy, connection, api, version, Side::Whole);
    walk(&api.request, version, body, &mut visitor)?;
    let mut found = visitor.found;
    let plan = Plan::new(&mut found, false);
    let handle = place.as_deref().and_then(|place| policy.set.handle(connection, place));
    let first = handle.map_or(0, |handle| plan.rank(&policy.set, handle));
    let topic = match handle {
        Some(Handle::Alias(alias)) => policy.set.topic_of(alias).map(|topic| topic.name.to_vec()),
        _ => place,
    };
    let mut parts = Vec::new();
    for turn in 0..plan.turns() {
        let mut visitor = Inbound::new(policy, connection, api, version, Side::Turn(&plan, turn));
        let part = walk(&api.request, version, body, &mut visitor)?
            .apply(body)
            .into_bytes();
        let part = Struct::read(&api.request, version, &part)?;
        parts.push((part, plan.naming(&policy.set, &found, turn)));
    }
    Ok(Parts { parts, first, topic })
}
