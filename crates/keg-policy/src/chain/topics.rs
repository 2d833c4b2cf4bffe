//! The topics of a Produce request that goes on while it still arrives.
//!
//! What is refused of it can't be left out, as its length was told before. It goes on under an id or a name that no topic has: the
//! broker says that there is none, and drops the records. That is taken out of the response before policies see it, and told at
//! its end as what was refused, with what is to be said of it.

mod refused;

use std::sync::Arc;

use keg_codec::schema::Entity;
use keg_codec::walk::{PassIds, PassStrings, Passage};
use keg_codec::{ErrorCode, ProduceHead};

use crate::connection::{ClientId, Connection};
use crate::namespace::metadata::is_name;
use crate::namespace::topic_ids::NO_TOPIC_ID;
use crate::policy::Policy;
pub(super) use refused::{Refused, Told};

/// How many topics a request may have: of each one that is refused something is kept.
pub(super) const MOST: usize = 1_000;

/// How many requests of several topics come whole behind one in which a topic wasn't known. The client tries that again in a
/// while, during which others may come.
const WHOLE: usize = 1_000;

/// How many of a connection's next requests of several topics with ids come whole, so that topics that aren't known are asked for:
/// the first one does, whose topics the others mostly have, too.
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
    /// By how many bytes the backend's names are longer than the client's.
    longer_by: usize,
    refused: Arc<Refused>,
}

/// Whether a connection's request of several topics has to come whole, of which this is told once.
pub(super) fn comes_whole(connection: &Connection, version: i16) -> bool {
    // Names need not be known.
    !ProduceHead::has_names(version)
        && connection.remember(|next: &mut Next| {
            let comes_whole = next.whole > 0;
            next.whole = next.whole.saturating_sub(1);
            comes_whole
        })
}

/// Whether the id or the name of the first topic tells by how much all of them become longer, as ids do, and names that a topic
/// can have.
pub(super) fn tells_of_all(version: i16, first: &[u8]) -> bool {
    !ProduceHead::has_names(version) || is_name(first)
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
            longer_by: 0,
            refused: Arc::default(),
        }
    }

    /// The same, where topics have names, and this is the first of them on both sides. `None` if nothing was put in front of it.
    pub(super) fn like(mut self, name: &[u8], backend_name: &[u8]) -> Option<Self> {
        self.longer_by = backend_name.strip_suffix(name)?.len();
        Some(self)
    }

    /// What is refused of them, which is told in the response.
    pub(super) fn refused(&self) -> Arc<Refused> {
        Arc::clone(&self.refused)
    }

    /// Lets the rest of the request pass, of which the head has.
    pub(super) fn guard(self, version: i16, rest: Passage) -> Option<Passage> {
        match ProduceHead::has_names(version) {
            true => rest.with_strings(Entity::TopicName, Arc::new(self)),
            false => rest.with_ids(Entity::TopicId, Arc::new(self)),
        }
    }

    /// Lets policies see the connection as it was when the request began: responses that came meanwhile may have left another
    /// client id.
    fn call_again(&self) {
        if let Some(client_id) = &self.client_id {
            self.connection.call_again(client_id);
        }
    }

    /// The backend's name for one of the client's.
    fn backend_name(&self, name: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        let mut name = name.to_vec();
        for policy in &self.policies {
            let beginning = policy.streamed_name(&self.connection, &name)?;
            name.splice(0..0, beginning.iter().copied());
        }
        // What no topic can be called the broker would say that of. It is kept from it, since such names stand for others.
        match is_name(&name) {
            true => Ok(name),
            false => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        }
    }
}

impl PassIds for Topics {
    fn pass(&self, id: &[u8; 16]) -> [u8; 16] {
        // Others may have told of it meanwhile: what was refused as unknown once is so in all of the request.
        if let Some(stand_in) = self.refused.as_unknown(id) {
            return stand_in;
        }
        self.call_again();
        let admits = |policy: &Arc<dyn Policy>| policy.streamed_topic(&self.connection, id);
        match self.policies.iter().try_for_each(admits) {
            Ok(()) => *id,
            Err(code) => {
                if code == ErrorCode::UNKNOWN_TOPIC_ID && *id != NO_TOPIC_ID {
                    self.connection.remember(|next: &mut Next| next.whole = WHOLE);
                }
                self.refused.id(id, code)
            }
        }
    }
}

impl PassStrings for Topics {
    fn longer_by(&self) -> usize {
        self.longer_by
    }

    fn pass(&self, name: &[u8], out: &mut Vec<u8>) -> bool {
        self.call_again();
        let passes = match self.backend_name(name) {
            Ok(backend_name) => Some(backend_name),
            Err(code) => self.refused.name(name, name.len() + self.longer_by, code),
        };
        out.extend(passes.iter().flatten());
        passes.is_some()
    }
}
