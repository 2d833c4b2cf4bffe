//! What was refused of a Produce request that goes on, what stands for it meanwhile, and what is told of it.

use std::collections::HashMap;
use std::mem;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
pub(in crate::chain) struct Refused(Mutex<Topics>);

#[derive(Debug, Default)]
struct Topics {
    /// The place of each by its id or name.
    places: HashMap<Arc<[u8]>, usize>,
    all: Vec<Topic>,
}

#[derive(Debug)]
struct Topic {
    /// Its id, or its name.
    known_as: Arc<[u8]>,
    /// How it goes on.
    stand_in: Box<[u8]>,
    /// What its partitions are answered.
    code: ErrorCode,
}

/// What is to be told of them.
#[derive(Debug, Default)]
pub(in crate::chain) struct Told(Vec<Value>);

impl Refused {
    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id that goes on in the place of one, if that was refused as unknown before.
    pub(super) fn as_unknown(&self, id: &[u8; 16]) -> Option<[u8; 16]> {
        let topics = self.topics();
        let place = *topics.places.get(&id[..])?;
        let is_unknown = topics.all.get(place)?.code == ErrorCode::UNKNOWN_TOPIC_ID;
        is_unknown.then(|| id_at(place))
    }

    /// The id that goes on in the place of one that is refused.
    pub(super) fn id(&self, id: &[u8; 16], code: ErrorCode) -> [u8; 16] {
        let place = self.topics().add(id, code, |place| Some(id_at(place).into()));
        // There is one for every place.
        place.map_or([u8::MAX; 16], id_at)
    }

    /// The name that goes on in the place of one that is refused, of `length` bytes. `None` if there is none left that is as short.
    pub(super) fn name(&self, name: &[u8], length: usize, code: ErrorCode) -> Option<Vec<u8>> {
        let stand_in = |place| name_at(place, length).map(Into::into);
        let place = self.topics().add(name, code, stand_in)?;
        name_at(place, length)
    }

    /// Takes what the broker says of them out of its response, which policies needn't see: they know of none of it.
    pub(in crate::chain) fn take(
        &self,
        api: &'static Api,
        version: i16,
        response: &mut Response,
    ) -> Result<Told, WalkError> {
        let refused = self.topics();
        if refused.all.is_empty() {
            return Ok(Told::default());
        }
        let mut answer = Struct::read(&api.response, version, &response.body_bytes())?;
        let mut told = Vec::new();
        if let Some(Value::Array(topics)) = answer.get_mut("Responses") {
            topics.retain_mut(|topic| {
                let stood_in = refused.call_by_its_own_name(topic);
                if stood_in {
                    told.push(mem::replace(topic, Value::Null));
                }
                !stood_in
            });
        }
        response.body = Bytes::from(answer.write(&api.response, version)?).into();
        Ok(Told(told))
    }
}

impl Topics {
    /// The place of a topic, which is new or was refused before. `None` if nothing is left to stand for it.
    fn add(
        &mut self,
        known_as: &[u8],
        code: ErrorCode,
        stand_in: impl Fn(usize) -> Option<Box<[u8]>>,
    ) -> Option<usize> {
        if let Some(place) = self.places.get(known_as) {
            return Some(*place);
        }
        let (place, known_as) = (self.all.len(), Arc::from(known_as));
        self.all.push(Topic {
            known_as: Arc::clone(&known_as),
            stand_in: stand_in(place)?,
            code,
        });
        self.places.insert(known_as, place);
        Some(place)
    }

    /// Makes what a response says of a stand-in what is to be told of its topic. Whether it was one.
    fn call_by_its_own_name(&self, topic: &mut Value) -> bool {
        let Value::Struct(topic) = topic else { return false };
        // It has one of them.
        let (field, stand_in, place) = match (topic.get("Name"), topic.get("TopicId")) {
            (Some(Value::Bytes(name)), _) if !name.is_empty() => ("Name", &name[..], place_of_name(name)),
            (_, Some(Value::Uuid(id))) => ("TopicId", &id[..], Some(place_of_id(id))),
            _ => return false,
        };
        let refused = place.and_then(|place| self.all.get(place));
        let Some(Topic { known_as, code, .. }) = refused.filter(|it| *it.stand_in == *stand_in) else {
            return false;
        };
        let known_as = match known_as.first_chunk() {
            Some(id) if field == "TopicId" => Value::Uuid(*id),
            _ => Value::Bytes(known_as.to_vec()),
        };
        topic.set(field, known_as);
        for partition in topic.elements_mut("PartitionResponses") {
            // What it says of the request as a whole, it says of these as well.
            let told = partition.get("ErrorCode").and_then(Value::as_integer);
            if NOT_THERE.iter().any(|it| told == Some(it.0.into())) {
                partition.set("ErrorCode", Value::Integer(code.0.into()));
            }
            // Its words may be about what stood for the topic, and no policy looks at them.
            partition.set("ErrorMessage", Value::Null);
            partition.set("RecordErrors", Value::Array(Vec::new()));
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

/// The place for which an id stands, if it does.
fn place_of_id(id: &[u8; 16]) -> usize {
    u128::from_be_bytes(*id) as u32 as usize
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

/// The place for which a name stands, if it does.
fn place_of_name(name: &[u8]) -> Option<usize> {
    let first = ILLEGAL.iter().position(|it| name.first() == Some(it))?;
    let second = name
        .get(1)
        .map_or(Some(0), |second| second.checked_sub(PRINTABLE.start))?;
    Some(first + usize::from(second) * ILLEGAL.len())
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
            for place in 0..count {
                assert_eq!(
                    name_at(place, length).map(|name| place_of_name(&name)),
                    Some(Some(place))
                );
                assert_eq!(place_of_id(&id_at(place)), place);
            }
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
