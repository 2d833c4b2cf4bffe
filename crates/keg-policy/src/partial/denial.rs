//! The answers to what isn't admitted.

use std::collections::BTreeSet;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode, error_reply, error_reply_by_part, is_silent};

use super::{Admission, Denied, Judge, Side, acknowledgements};
use crate::message::Response;
use crate::namespace::topic_ids::NO_TOPIC_ID;

/// What AddPartitionsToTxn says of partitions that are not added because others can't be.
const OPERATION_NOT_ATTEMPTED: ErrorCode = ErrorCode(55);

/// From this version on AddPartitionsToTxn is sent by brokers, for several transactions at once (KIP-890).
const FIRST_OF_BROKERS: i16 = 4;

/// What becomes of a request of which a part is denied.
#[derive(Debug)]
pub(crate) enum Denial {
    /// The rest goes on, and the response says this of the denied part.
    Rest(Vec<Denied>),
    /// Nothing goes on.
    Whole(Response),
}

/// A request as the client sent it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Original<'a, A> {
    pub(crate) api: &'static Api,
    pub(crate) version: i16,
    pub(crate) body: &'a Bytes,
    pub(crate) admission: A,
}

impl<A: Admission> Original<'_, A> {
    /// Refuses the request as a whole.
    pub(crate) fn refuse(&self, code: ErrorCode, why: Option<&str>) -> Result<Response, WalkError> {
        if self.api.key == ApiKey::FETCH && code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND {
            // Of the session alone: there is none, and no partition failed.
            let mut response = Struct::new(self.api.response.fields, self.version);
            response.set("ErrorCode", Value::Integer(code.0.into()));
            let body = response.write(&self.api.response, self.version)?;
            return Ok(Response::local(self.api, self.version, body));
        }
        if self.api.key == ApiKey::JOIN_GROUP && code == ErrorCode::INVALID_GROUP_ID {
            return self.refuse_member(code);
        }
        let why = why.or(self.admission.words(code));
        Response::error(self.api, self.version, self.body, code, why)
    }

    /// The coordinator, unlike what stands before it, says whom it refuses.
    fn refuse_member(&self, code: ErrorCode) -> Result<Response, WalkError> {
        let request = Struct::read(&self.api.request, self.version, self.body)?;
        let refusal = error_reply(self.api, self.version, self.body, code, None)?;
        let mut response = Struct::read(&self.api.response, self.version, &refusal)?;
        if let Some(member) = request.get("MemberId") {
            response.set("MemberId", member.clone());
        }
        let body = response.write(&self.api.response, self.version)?;
        Ok(Response::local(self.api, self.version, body))
    }

    /// Answers what was denied, as the judge of what is [admitted](Side::Admitted) has found it.
    pub(crate) fn deny(&self, found: &Judge) -> Result<Denial, WalkError> {
        let Judge {
            denied: codes,
            denied_topics,
            kept,
            ..
        } = found;
        if is_silent(self.api, self.version, self.body) {
            // There is no response to tell it in.
            let code = codes.first().copied().unwrap_or(ErrorCode::INVALID_REQUEST);
            return self.refuse(code, None).map(Denial::Whole);
        }
        let together = self.api.key == ApiKey::ADD_PARTITIONS_TO_TXN;
        if together && self.version >= FIRST_OF_BROKERS {
            let code = codes.first().copied().unwrap_or(ErrorCode::INVALID_REQUEST);
            return self.refuse(code, None).map(Denial::Whole);
        }
        let mut parts = Vec::new();
        for code in codes {
            let part = self.answer(Side::Denied(*code), *code)?;
            // Where it has a place, and nothing is to be said in it, the session goes on.
            if answers(&part).next().is_none() && self.api.key != ApiKey::SHARE_FETCH {
                return self.refuse(*code, None).map(Denial::Whole);
            }
            parts.push(part);
        }
        if together {
            parts.push(self.answer(Side::AsAsked, OPERATION_NOT_ATTEMPTED)?);
        }
        // Metadata gives the nodes, a session has more topics than the request names, and counts its requests; a share group
        // may be none, or not empty, which is said of the whole.
        let has_more = matches!(
            self.api.key,
            ApiKey::ALTER_SHARE_GROUP_OFFSETS
                | ApiKey::DELETE_SHARE_GROUP_OFFSETS
                | ApiKey::FETCH
                | ApiKey::METADATA
                | ApiKey::SHARE_ACKNOWLEDGE
                | ApiKey::SHARE_FETCH
        );
        let goes_on = *kept || *denied_topics || has_more;
        if together || !goes_on {
            return self.merge(parts).map(Denial::Whole);
        }
        let mut denied = if *denied_topics { self.topics()? } else { Vec::new() };
        for part in &parts {
            for (array, _) in answers(part) {
                let (count, elements) = part.write_elements(array, &self.api.response, self.version)?;
                denied.push(Denied {
                    array,
                    group: None,
                    count,
                    elements,
                });
            }
        }
        Ok(Denial::Rest(denied))
    }

    /// The response that a part of the request gets for this reason.
    fn answer(&self, side: Side, code: ErrorCode) -> Result<Struct, WalkError> {
        let part = self.admission.part(side)?;
        let reply = error_reply_by_part(self.api, self.version, &part, code, self.admission.words(code))?;
        let mut answer = Struct::read(&self.api.response, self.version, &reply)?;
        if acknowledgements::Asked::is_by(self.api) {
            let request = Struct::read(&self.api.request, self.version, self.body)?;
            acknowledgements::Asked::by(self.api, self.version, &request).amend(&mut answer, code);
        }
        self.admission.amend(&mut answer);
        if self.api.key == ApiKey::METADATA {
            once(&mut answer);
        }
        Ok(answer)
    }

    fn merge(&self, parts: Vec<Struct>) -> Result<Response, WalkError> {
        let mut parts = parts.into_iter();
        let mut merged = parts
            .next()
            .unwrap_or_else(|| Struct::new(self.api.response.fields, self.version));
        for part in parts {
            for ((_, into), (_, from)) in merged.iter_mut().zip(part.iter()) {
                if let (Value::Array(into), Value::Array(from)) = (into, from) {
                    into.extend_from_slice(from);
                }
            }
        }
        let body = merged.write(&self.api.response, self.version)?;
        Ok(Response::local(self.api, self.version, body))
    }
}

/// Metadata: brokers answer a topic once, however often it is named.
fn once(answer: &mut Struct) {
    let mut told = BTreeSet::new();
    if let Some(Value::Array(topics)) = answer.get_mut("Topics") {
        topics.retain(|topic| {
            let Some(topic) = topic.as_struct() else { return true };
            let id = match topic.get("TopicId") {
                Some(Value::Uuid(id)) => *id,
                _ => NO_TOPIC_ID,
            };
            told.insert((topic.bytes("Name").to_vec(), id))
        });
    }
}

/// The arrays of a response in which something is answered.
fn answers(response: &Struct) -> impl Iterator<Item = (&'static keg_codec::schema::Field, &[Value])> {
    response
        .iter()
        .filter_map(|(field, value)| Some((field, value.as_array()?)))
        .filter(|(_, elements)| !elements.is_empty())
}
