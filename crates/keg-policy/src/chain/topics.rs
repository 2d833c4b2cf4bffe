//! The topics of a Produce request that goes on while it still arrives.
//!
//! What is refused of it can't be left out, as its length was told before. It goes on under an id that no topic has: the broker
//! says that there is none, and drops the records. In the response it has its own id again, with what is to be said of it.

use std::sync::{Arc, Mutex, PoisonError};

use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{IntegerEdit, PassIds, Passage, UuidEdit, Visitor, WalkError, walk};
use keg_codec::{Api, ErrorCode};

use crate::connection::{ClientId, Connection};
use crate::message::Response;
use crate::namespace::topic_ids::NO_TOPIC_ID;
use crate::policy::Policy;

/// How many topics a request may have: of each one that is refused something is kept.
pub(super) const MOST: usize = 1_000;

/// How many requests of several topics come whole behind one in which a topic wasn't known. The client tries that again in a
/// while, during which others may come.
const WHOLE: usize = 1_000;

/// How many of a connection's next requests of several topics come whole, so that topics that aren't known are asked for: the
/// first one does, whose topics the others mostly have, too.
#[derive(Debug)]
struct Next {
    whole: usize,
}

impl Default for Next {
    fn default() -> Self {
        Self { whole: 1 }
    }
}

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

/// Whether a connection's request of several topics has to come whole, of which this is told once.
pub(super) fn comes_whole(connection: &Connection) -> bool {
    connection.remember(|next: &mut Next| {
        let comes_whole = next.whole > 0;
        next.whole = next.whole.saturating_sub(1);
        comes_whole
    })
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
    pub(super) fn guard(self, rest: Passage) -> Option<Passage> {
        rest.with_ids(Entity::TopicId, Arc::new(self))
    }
}

impl PassIds for Topics {
    fn pass(&self, id: &[u8; 16]) -> [u8; 16] {
        // Others may have told of it meanwhile: what was refused as unknown once is so in all of the request.
        if let Some(stand_in) = self.refused.as_unknown(id) {
            return stand_in;
        }
        if let Some(client_id) = &self.client_id {
            // Responses that came meanwhile may have another one.
            self.connection.call_again(client_id);
        }
        let admits = |policy: &Arc<dyn Policy>| policy.streamed_topic(&self.connection, id);
        match self.policies.iter().try_for_each(admits) {
            Ok(()) => *id,
            Err(code) => {
                if code == ErrorCode::UNKNOWN_TOPIC_ID && *id != NO_TOPIC_ID {
                    self.connection.remember(|next: &mut Next| next.whole = WHOLE);
                }
                self.refused.stand_in(id, code)
            }
        }
    }
}

impl Refused {
    /// The id that goes on in the place of one, if that was refused as unknown before.
    fn as_unknown(&self, id: &[u8; 16]) -> Option<[u8; 16]> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = refused.iter().position(|it| *it == (*id, ErrorCode::UNKNOWN_TOPIC_ID));
        place.map(stand_in)
    }

    /// The id that goes on in the place of one that is refused.
    fn stand_in(&self, id: &[u8; 16], code: ErrorCode) -> [u8; 16] {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = refused.iter().position(|(known, _)| known == id);
        stand_in(place.unwrap_or_else(|| {
            refused.push((*id, code));
            refused.len() - 1
        }))
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

/// The id that stands for the refused one at a place, which is below [`MOST`]. Kafka's ids are random UUIDs of version 4 (RFC 9562),
/// and these have neither that version nor any variant that there is.
fn stand_in(place: usize) -> [u8; 16] {
    (u128::MAX << u32::BITS | place as u128).to_be_bytes()
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
        let place = u128::from_be_bytes(*id) as u32 as usize;
        let refused = self.refused.get(place).filter(|_| stand_in(place) == *id);
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
