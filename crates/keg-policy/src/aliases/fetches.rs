//! Fetch: how long the parts of a request wait, and which sessions go on.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, Rope};

use crate::namespace::fetch_sessions::FetchSessions;

/// Makes a broker answer with what it has.
pub(super) fn without_waiting(api: &'static Api, version: i16, body: Rope) -> Result<Rope, WalkError> {
    let mut request = Struct::read(&api.request, version, &body.into_bytes())?;
    request.set("MaxWaitMs", Value::Integer(0));
    Ok(Bytes::from(request.write(&api.request, version)?).into())
}

/// Whether there is something in the answers that the client needn't wait for.
pub(super) fn found_something(answers: &[Struct]) -> bool {
    let has_something = |partition: &Struct| {
        !partition.bytes("Records").is_empty() || partition.get("ErrorCode") != Some(&Value::Integer(0))
    };
    answers.iter().any(|answer| {
        answer
            .elements("Responses")
            .any(|topic| topic.elements("Partitions").any(has_something))
            || answer.get("ErrorCode") != Some(&Value::Integer(0))
    })
}

/// The fetch sessions of a connection in which every name is what it was when they began.
///
/// A node tells whoever goes on with a session of the topics in it, by the names that it was begun with: one from before
/// an alias was, or led there, is begun anew.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Of the aliases.
    fingerprint: u128,
    given: FetchSessions,
}

impl Sessions {
    fn of(&mut self, fingerprint: u128) -> &mut FetchSessions {
        if self.fingerprint != fingerprint {
            *self = Self {
                fingerprint,
                given: FetchSessions::default(),
            };
        }
        &mut self.given
    }

    pub(super) fn contains(&mut self, fingerprint: u128, id: i64) -> bool {
        self.of(fingerprint).contains(id)
    }

    pub(super) fn given(&mut self, fingerprint: u128, id: i64) {
        self.of(fingerprint).given(id);
    }
}

/// What is kept of a request that begins a session.
#[derive(Debug)]
pub(super) struct Begins;

/// From this version on there are sessions.
const FIRST_WITH_SESSIONS: i16 = 7;

/// The session that a response gives; it stands behind the throttle time and an error code.
pub(super) fn session(version: i16, response: &[u8]) -> i64 {
    let id = response.get(6..).and_then(<[u8]>::first_chunk);
    match id {
        Some(id) if version >= FIRST_WITH_SESSIONS => i32::from_be_bytes(*id).into(),
        _ => 0,
    }
}
