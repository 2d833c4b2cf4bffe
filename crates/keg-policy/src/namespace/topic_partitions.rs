//! DescribeTopicPartitions: a walk over all topics of the backend in the order of their names, page by page (KIP-966).
//!
//! A page can end at a topic that the client must not see. Then the cursor that it gets is a word for that place, which
//! the connection remembers.

use std::collections::VecDeque;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ErrorCode};

use super::names::Names;
use crate::connection::Connection;

/// A client has one walk at a time, or a few; one that has more has to begin the older ones again.
const MOST: usize = 16;

/// What the words for places begin with. No topic's name has it.
const MARK: u8 = b'/';

/// A topic of the backend, and a partition of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    topic: Vec<u8>,
    partition: i64,
}

/// The places that a connection's client has words for.
#[derive(Debug, Default)]
pub(super) struct Places {
    last: u64,
    places: VecDeque<(u64, Place)>,
}

impl Places {
    fn word_for(&mut self, place: Place) -> Vec<u8> {
        if self.places.len() == MOST {
            self.places.pop_front();
        }
        self.last += 1;
        self.places.push_back((self.last, place));
        format!("{}{}", char::from(MARK), self.last).into()
    }

    fn find(&self, word: &[u8]) -> Option<Place> {
        let number: u64 = std::str::from_utf8(word).ok()?.parse().ok()?;
        let (_, place) = self.places.iter().find(|(known, _)| *known == number)?;
        Some(place.clone())
    }
}

/// Takes a word for a place out of a request, as the client sent it; an error when it stands for none.
pub(super) fn take_place(
    connection: &Connection,
    api: &'static Api,
    version: i16,
    body: &Bytes,
) -> Result<Result<(Bytes, Option<Place>), ErrorCode>, WalkError> {
    let mut request = Struct::read(&api.request, version, body)?;
    let Some([MARK, word @ ..]) = topic(&request, "Cursor") else {
        return Ok(Ok((body.clone(), None)));
    };
    let Some(place) = connection.remember(|places: &mut Places| places.find(word)) else {
        return Ok(Err(ErrorCode::INVALID_REQUEST));
    };
    request.set("Cursor", Value::Null);
    let body = request.write(&api.request, version)?;
    Ok(Ok((body.into(), Some(place))))
}

/// Begins a walk over all topics at the namespace's first, rather than page through the topics of others before it; or
/// goes on at a place.
///
/// The request has the backend's names already.
pub(super) fn begin(
    names: &Names,
    api: &'static Api,
    version: i16,
    body: &Bytes,
    place: Option<Place>,
) -> Result<Bytes, WalkError> {
    let mut request = Struct::read(&api.request, version, body)?;
    let asks_for_all = request
        .get("Topics")
        .and_then(Value::as_array)
        .is_some_and(<[Value]>::is_empty);
    let begins = asks_for_all && names.stand_together() && request.get("Cursor") == Some(&Value::Null);
    let first = || Place {
        topic: names.prefix().as_bytes().to_vec(),
        partition: 0,
    };
    if let Some(place) = place.or_else(|| begins.then(first)) {
        set_cursor(&mut request, "Cursor", version, place);
    }
    request.write(&api.request, version).map(Bytes::from)
}

/// Takes the place of the next page out of a response, where the client must not see it. The walk ends where there
/// is nothing of the namespace any more.
pub(super) fn end(
    names: &Names,
    api: &'static Api,
    version: i16,
    body: &Bytes,
) -> Result<(Bytes, Option<Place>), WalkError> {
    let mut response = Struct::read(&api.response, version, body)?;
    let Some(next) = topic(&response, "NextCursor").filter(|next| !names.shows(Entity::TopicName, next)) else {
        return Ok((body.clone(), None));
    };
    // All names with the prefix stand together in the order of names, and the walk began at the first.
    let ends = names.stand_together() && !names.prefix().owns(next);
    let partition = response.get("NextCursor").and_then(Value::as_struct);
    let partition = partition.and_then(|cursor| cursor.get("PartitionIndex")?.as_integer());
    let place = Place {
        topic: next.to_vec(),
        partition: partition.unwrap_or_default(),
    };
    response.set("NextCursor", Value::Null);
    let body = response.write(&api.response, version)?;
    Ok((body.into(), (!ends).then_some(place)))
}

/// Gives the client a word for the place of the next page.
pub(super) fn put_place(
    connection: &Connection,
    api: &'static Api,
    version: i16,
    body: &Bytes,
    place: Place,
) -> Result<Bytes, WalkError> {
    let mut response = Struct::read(&api.response, version, body)?;
    let word = Place {
        topic: connection.remember(|places: &mut Places| places.word_for(place)),
        partition: 0,
    };
    set_cursor(&mut response, "NextCursor", version, word);
    response.write(&api.response, version).map(Bytes::from)
}

fn topic<'a>(message: &'a Struct, cursor: &str) -> Option<&'a [u8]> {
    match message.get(cursor)?.as_struct()?.get("TopicName")? {
        Value::Bytes(name) => Some(name),
        _ => None,
    }
}

/// Sets a cursor of a message.
fn set_cursor(message: &mut Struct, name: &str, version: i16, place: Place) {
    let cursor = message.nested(name, version).map_or(Value::Null, |mut cursor| {
        cursor.set("TopicName", Value::Bytes(place.topic));
        cursor.set("PartitionIndex", Value::Integer(place.partition));
        Value::Struct(cursor)
    });
    message.set(name, cursor);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_words_are_remembered() {
        let mut places = Places::default();
        let place = |partition| Place {
            topic: b"team-b.secret".to_vec(),
            partition,
        };
        assert_eq!(places.word_for(place(0)), b"/1");
        assert_eq!(places.find(b"1"), Some(place(0)));
        assert_eq!(places.find(b"2"), None);
        assert_eq!(places.find(b"team-a.orders"), None);
        for partition in 1..=16 {
            places.word_for(place(partition));
        }
        assert_eq!(places.find(b"1"), None);
        assert_eq!(places.find(b"2"), Some(place(1)));
        assert_eq!(places.find(b"17"), Some(place(16)));
    }
}
