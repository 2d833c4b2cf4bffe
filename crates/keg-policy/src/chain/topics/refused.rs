//! What was refused of a Produce request that goes on, what stands for it meanwhile, and what is told of it.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ErrorCode};

use crate::message::Response;

/// What brokers say of topics that aren't there, by their ids and by their names.
const NOT_THERE: [ErrorCode; 4] = [
    ErrorCode::UNKNOWN_TOPIC_ID,
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    // If the gateway itself may not write to what it doesn't know, or names are looked at first.
    ErrorCode::TOPIC_AUTHORIZATION_FAILED,
    ErrorCode::INVALID_TOPIC_EXCEPTION,
];

/// What no name of a topic has, and no control characters for who writes down what a broker was asked for.
const ILLEGAL: &[u8] = b"!#$%&+,:;<=>?@~";

/// The printable characters of ASCII.
const PRINTABLE: Range<u8> = b'!'..0x7f;

/// The topics of a request that were refused.
#[derive(Debug, Default)]
pub(in crate::chain) struct Refused(Mutex<Vec<Topic>>);

#[derive(Debug)]
struct Topic {
    /// Its id, or its name.
    known_as: Box<[u8]>,
    /// How it goes on.
    stand_in: Box<[u8]>,
    /// What its partitions are answered.
    code: ErrorCode,
}

/// What is to be told of them.
#[derive(Debug, Default)]
pub(in crate::chain) struct Told(Vec<Value>);

impl Refused {
    /// The id that goes on in the place of one, if that was refused as unknown before.
    pub(super) fn as_unknown(&self, id: &[u8; 16]) -> Option<[u8; 16]> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |it: &Topic| *it.known_as == *id && it.code == ErrorCode::UNKNOWN_TOPIC_ID;
        refused.iter().position(is_it).map(id_at)
    }

    /// The id that goes on in the place of one that is refused.
    pub(super) fn id(&self, id: &[u8; 16], code: ErrorCode) -> [u8; 16] {
        let place = self.add(id, code, |place| Some(id_at(place).into()));
        // There is one for every place.
        place.map_or([u8::MAX; 16], id_at)
    }

    /// The name that goes on in the place of one that is refused, of `length` bytes. `None` if there is none left that is as short.
    pub(super) fn name(&self, name: &[u8], length: usize, code: ErrorCode) -> Option<Vec<u8>> {
        let place = self.add(name, code, |place| name_at(place, length).map(Into::into))?;
        name_at(place, length)
    }

    /// The place of a topic among those that are refused.
    fn add(&self, known_as: &[u8], code: ErrorCode, stand_in: impl Fn(usize) -> Option<Box<[u8]>>) -> Option<usize> {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = refused.iter().position(|it| *it.known_as == *known_as);
        if known.is_some() {
            return known;
        }
        let place = refused.len();
        refused.push(Topic {
            known_as: known_as.into(),
            stand_in: stand_in(place)?,
            code,
        });
        Some(place)
    }

    /// Takes what the broker says of them out of its response, which policies needn't see: they know of none of it.
    pub(in crate::chain) fn take(
        &self,
        api: &'static Api,
        version: i16,
        response: &mut Response,
    ) -> Result<Told, WalkError> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_empty() {
            return Ok(Told::default());
        }
        let mut answer = Struct::read(&api.response, version, &response.body_bytes())?;
        let mut told = Vec::new();
        if let Some(Value::Array(topics)) = answer.get_mut("Responses") {
            topics.retain_mut(|topic| {
                let is_told = refused.iter().any(|it| it.is_told_by(topic));
                if is_told {
                    told.push(std::mem::replace(topic, Value::Null));
                }
                !is_told
            });
        }
        response.body = Bytes::from(answer.write(&api.response, version)?).into();
        Ok(Told(told))
    }
}

impl Topic {
    /// Whether this part of a response is about it, which is told of its client's topic then.
    fn is_told_by(&self, topic: &mut Value) -> bool {
        let Value::Struct(topic) = topic else { return false };
        let known_as = match (topic.get("TopicId"), topic.get("Name")) {
            (Some(Value::Uuid(id)), _) if id[..] == *self.stand_in => {
                self.known_as.first_chunk().map(|id| ("TopicId", Value::Uuid(*id)))
            }
            (_, Some(Value::Bytes(name))) if **name == *self.stand_in => {
                Some(("Name", Value::Bytes(self.known_as.to_vec())))
            }
            _ => None,
        };
        let Some((field, known_as)) = known_as else {
            return false;
        };
        topic.set(field, known_as);
        for partition in topic.elements_mut("PartitionResponses") {
            // What it says of the request as a whole, it says of these as well.
            let code = partition.get("ErrorCode").and_then(Value::as_integer);
            if NOT_THERE.iter().any(|it| code == Some(it.0.into())) {
                partition.set("ErrorCode", Value::Integer(self.code.0.into()));
            }
        }
        true
    }
}

impl Told {
    /// Tells it in a response that policies have seen.
    pub(in crate::chain) fn tell(
        self,
        api: &'static Api,
        version: i16,
        response: &mut Response,
    ) -> Result<(), WalkError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut answer = Struct::read(&api.response, version, &response.body_bytes())?;
        if let Some(Value::Array(topics)) = answer.get_mut("Responses") {
            topics.extend(self.0);
        }
        response.body = Bytes::from(answer.write(&api.response, version)?).into();
        Ok(())
    }
}

/// The id that stands for the refused one at a place, of which there are at most [`MOST`](super::MOST). Kafka's ids are random UUIDs
/// of version 4 (RFC 9562), and these have neither that version nor any variant that there is.
fn id_at(place: usize) -> [u8; 16] {
    (u128::MAX << u32::BITS | place as u128).to_be_bytes()
}

/// The name of so many bytes that stands for the refused one at a place. `None` if there is none.
fn name_at(place: usize, length: usize) -> Option<Vec<u8>> {
    let (rest, first) = (place / ILLEGAL.len(), place % ILLEGAL.len());
    let second = PRINTABLE.clone().nth(rest)?;
    let mut name = vec![PRINTABLE.start; length];
    *name.first_mut()? = *ILLEGAL.get(first)?;
    match name.get_mut(1) {
        Some(place) => *place = second,
        None if rest > 0 => return None,
        None => {}
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::chain::topics::MOST;
    use crate::namespace::metadata::is_name;

    #[test]
    fn there_are_names_of_any_length_that_no_topic_has_for_all_that_is_refused() {
        for (length, count) in [(0, 0), (1, ILLEGAL.len()), (2, MOST), (3, MOST), (249, MOST)] {
            let names: BTreeSet<_> = (0..MOST).filter_map(|place| name_at(place, length)).collect();
            assert_eq!(names.len(), count, "{length} bytes");
            for name in names {
                assert!(name.len() == length && !is_name(&name) && name.is_ascii());
            }
        }
    }

    #[test]
    fn the_same_topic_goes_on_as_the_same_and_others_as_others() {
        let refused = Refused::default();
        let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        let first = refused.name(b"ab", 5, code).unwrap();
        assert_ne!(refused.name(b"cd", 5, code).unwrap(), first);
        assert_eq!(refused.name(b"ab", 5, code).unwrap(), first);
        assert_eq!(refused.name(b"", 0, code), None);
        let first = refused.id(&[1; 16], ErrorCode::UNKNOWN_TOPIC_ID);
        assert_ne!(refused.id(&[2; 16], code), first);
        assert_eq!(refused.as_unknown(&[1; 16]), Some(first));
        assert_eq!(refused.as_unknown(&[2; 16]), None);
    }
}
