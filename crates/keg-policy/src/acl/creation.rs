//! Topics that are made because they are named.
//!
//! A broker makes what a Metadata request names and isn't there, and what a streams group needs. It does so for whoever
//! connects to it, which is the gateway; so what the client may not create must not be named in a way that makes it.

use std::collections::BTreeSet;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{ApiKey, ErrorCode};

use super::request::{Asks, Kept, Progress, Waiting};
use crate::aliases::set_topics;
use crate::message::Request;
use crate::namespace::look_up;
use crate::namespace::metadata::{FIRST_BY_ID, creates, creation_flag, without_creation};
use crate::policy::Question;

/// What comes next for a request.
#[derive(Debug)]
pub(super) enum Step {
    /// It goes on, with this body.
    Forward(Bytes),
    /// The broker is asked something first.
    Ask(Question),
    /// It is refused, for this reason.
    Refuse(ErrorCode, String),
}

/// Names, which are kept of most Metadata requests and looked at for few: in one piece.
#[derive(Debug, Default)]
pub(super) struct Names {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Names {
    pub(super) fn push(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let places = starts.zip(self.ends.iter().copied());
        places.filter_map(|(start, end)| self.bytes.get(start..end))
    }
}

/// What becomes of a request that names topics which the client may not create.
pub(super) fn step(
    request: &Request,
    body: Bytes,
    kept: &mut Kept,
    not_to_be_made: Names,
    has_unknown_tags: bool,
    progress: Progress,
) -> Result<Step, WalkError> {
    let flag = match has_unknown_tags {
        true => None,
        false => creation_flag(request.version, &body),
    };
    match request.api.key {
        ApiKey::METADATA if may_create(request.version, &body, flag)? => {
            metadata(request, body, flag, kept, not_to_be_made, progress)
        }
        ApiKey::STREAMS_GROUP_HEARTBEAT => streams(request, body, not_to_be_made, progress),
        _ => Ok(Step::Forward(body)),
    }
}

fn may_create(version: i16, body: &[u8], flag: Option<usize>) -> Result<bool, WalkError> {
    match flag {
        Some(flag) => Ok(body.get(flag) != Some(&0)),
        None => creates(version, body),
    }
}

/// What may be made is named alone first; then all is, and nothing made.
///
/// A broker that makes no topics at all says of what isn't there that it is unknown, and so it is here: whether this one would
/// have made it can't be told.
fn metadata(
    request: &Request,
    body: Bytes,
    flag: Option<usize>,
    kept: &mut Kept,
    not_to_be_made: Names,
    progress: Progress,
) -> Result<Step, WalkError> {
    let (api, version) = (request.api, request.version);
    if !progress.made {
        let not_to_be_made: BTreeSet<_> = not_to_be_made.iter().collect();
        let mut creating = Struct::read(&api.request, version, &body)?;
        if let Some(Value::Array(topics)) = creating.get_mut("Topics") {
            topics.retain(|topic| {
                let topic = topic.as_struct();
                topic.is_some_and(|topic| !not_to_be_made.contains(topic.bytes("Name")))
            });
        }
        if creating.elements("Topics").next().is_some() {
            let creating = Request {
                body: Bytes::from(creating.write(&api.request, version)?).into(),
                ..request.clone()
            };
            return Ok(Step::Ask(Waiting::question(creating, Asks::Creation, progress)));
        }
    }
    let mut without = body.to_vec();
    if let Some(flag) = flag.and_then(|flag| without.get_mut(flag)) {
        *flag = 0;
        return Ok(Step::Forward(without.into()));
    }
    let (body, picked) = without_creation(api, version, &body)?;
    kept.picked = picked;
    Ok(Step::Forward(body))
}

/// What isn't to be made must be there.
fn streams(request: &Request, body: Bytes, not_to_be_made: Names, progress: Progress) -> Result<Step, WalkError> {
    let not_to_be_made: BTreeSet<_> = not_to_be_made.iter().map(<[u8]>::to_vec).collect();
    let Some(existing) = &progress.existing else {
        let names = not_to_be_made.iter().cloned();
        let question = look_up::metadata(request, |body| set_topics(body, FIRST_BY_ID, names))?;
        return Ok(match question {
            Some(question) => Step::Ask(Waiting::question(question, Asks::Existing, progress)),
            None => Step::Forward(body),
        });
    };
    let missing = not_to_be_made.difference(existing);
    let names: Vec<_> = missing.map(|name| String::from_utf8_lossy(name)).collect();
    if names.is_empty() {
        return Ok(Step::Forward(body));
    }
    let why = format!("Unauthorized to CREATE on topics {}.", names.join(", "));
    Ok(Step::Refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED, why))
}
