//! The topics of a Produce request that goes on while it still arrives.
//!
//! What is refused of it can't be left out, as its length was told before. It goes on under an id that no topic has: the broker
//! says that there is none, and drops the records. In the response it has its own id again, with what is to be said of it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{IntegerEdit, PassIds, Passage, UuidEdit, Visitor, WalkError, walk};
use keg_codec::{Api, ErrorCode};

use crate::connection::{ClientId, Connection};
use crate::message::Response;
use crate::policy::Policy;

/// How many topics of a request may be refused before its connection ends: so much is kept of them.
const MOST: usize = 1_000;

/// What ids begin with that stand for refused ones. Kafka's ids are random UUIDs of version 4 (RFC 9562), and these have
/// neither that version nor any variant that there is.
const STANDS_IN: [u8; 8] = [0xff; 8];

/// Whether a topic was refused for want of knowledge: the next request of several topics is held, so that it is asked for.
#[derive(Debug, Default)]
struct Unknown(bool);

/// Decides on the topics that come behind the first.
#[derive(Debug)]
pub(super) struct Topics {
    policies: Vec<Arc<dyn Policy>>,
    connection: Arc<Connection>,
    /// What the client called itself in the request, if policies ask for it.
    client_id: Option<Arc<ClientId>>,
    refused: Arc<Refused>,
}

/// The topics of a request that were refused, each with what its partitions are answered.
#[derive(Debug, Default)]
pub(super) struct Refused(Mutex<Vec<([u8; 16], ErrorCode)>>);

/// Whether a connection's next request of several topics is better held until it is whole.
pub(super) fn asks_first(connection: &Connection) -> bool {
    connection.remember(|Unknown(unknown)| mem::take(unknown))
}

impl Topics {
    /// Those of a request on a connection, by these policies, the client's side first.
    pub(super) fn new(
        policies: Vec<Arc<dyn Policy>>,
        connection: &Arc<Connection>,
        client_id: Option<&Arc<ClientId>>,
    ) -> Self {
        Self {
            policies,
            connection: Arc::clone(connection),
            client_id: client_id.cloned(),
            refused: Arc::default(),
        }
    }

    /// What is refused of them, which is told in the response.
    pub(super) fn refused(&self) -> Arc<Refused> {
        Arc::clone(&self.refused)
    }

    /// Lets the rest of the request pass, of which the head has.
    pub(super) fn guard(self, rest: Passage) -> Passage {
        rest.with_ids(Entity::TopicId, Arc::new(self))
    }
}

impl PassIds for Topics {
    fn pass(&self, id: &[u8; 16]) -> Option<[u8; 16]> {
        if let Some(client_id) = &self.client_id {
            // Responses that came meanwhile may have another one.
            self.connection.call_again(client_id);
        }
        let admits = |policy: &Arc<dyn Policy>| policy.streamed_topic(&self.connection, id);
        match self.policies.iter().try_for_each(admits) {
            Ok(()) => Some(*id),
            Err(code) => {
                if code == ErrorCode::UNKNOWN_TOPIC_ID {
                    self.connection.remember(|Unknown(unknown)| *unknown = true);
                }
                self.refused.stand_in(id, code)
            }
        }
    }
}

impl Refused {
    /// The id that goes on in the place of one that is refused; none if that are too many.
    fn stand_in(&self, id: &[u8; 16], code: ErrorCode) -> Option<[u8; 16]> {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = refused.iter().position(|(known, _)| known == id);
        let place = match known {
            Some(place) => place,
            None if refused.len() == MOST => return None,
            None => {
                refused.push((*id, code));
                refused.len() - 1
            }
        };
        let mut stand_in = [0; 16];
        let (begins, counts) = stand_in.split_first_chunk_mut()?;
        *begins = STANDS_IN;
        counts.copy_from_slice(&u64::try_from(place).ok()?.to_be_bytes());
        Some(stand_in)
    }

    /// Says in the broker's response what was refused.
    pub(super) fn tell(&self, api: &'static Api, version: i16, response: &mut Response) -> Result<(), WalkError> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_empty() {
            return Ok(());
        }
        let body = response.body_bytes();
        let mut told = Told {
            refused: &refused,
            code: None,
        };
        response.body = walk(&api.response, version, &body, &mut told)?.apply(&body);
        Ok(())
    }
}

/// Puts back the ids of topics that were refused.
struct Told<'a> {
    refused: &'a [([u8; 16], ErrorCode)],
    /// What is to be said of the topic at hand, if it was refused.
    code: Option<ErrorCode>,
}

impl Visitor for Told<'_> {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicId, Entity::ErrorCode])
    }

    fn uuid(&mut self, _field: &'static Field, id: &[u8; 16]) -> UuidEdit {
        let place = id.strip_prefix(&STANDS_IN).and_then(|place| place.try_into().ok());
        let place = place.and_then(|place| usize::try_from(u64::from_be_bytes(place)).ok());
        let refused = place.and_then(|place| self.refused.get(place));
        self.code = refused.map(|(_, code)| *code);
        refused.map_or(UuidEdit::Keep, |(id, _)| UuidEdit::Set(*id))
    }

    fn integer(&mut self, _field: &'static Field, value: i64) -> IntegerEdit {
        match self.code {
            // What it says of the request as a whole, it says of these as well.
            Some(code) if value == i64::from(ErrorCode::UNKNOWN_TOPIC_ID.0) => IntegerEdit::Set(code.0.into()),
            _ => IntegerEdit::Keep,
        }
    }
}
