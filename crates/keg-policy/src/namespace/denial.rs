//! Requests of which a part is not admitted: each part gets the answer that a broker would give it.

mod topics;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::{WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode, error_reply_by_part, is_silent};

use super::Namespace;
use super::asked::{Asked, Denied};
use super::empty_group;
use super::inbound::{Inbound, Side};
use crate::message::Response;

/// What AddPartitionsToTxn says of partitions that are not added because others can't be.
const OPERATION_NOT_ATTEMPTED: ErrorCode = ErrorCode(55);

/// From this version on AddPartitionsToTxn is sent by brokers, for several transactions at once (KIP-890).
const FIRST_OF_BROKERS: i16 = 4;

/// What becomes of a request of which a part is denied.
#[derive(Debug)]
pub(super) enum Denial {
    /// The rest goes on, and the response says this of the denied part.
    Rest(Vec<Denied>),
    /// Nothing goes on.
    Whole(Response),
}

/// A request as the client sent it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Original<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) api: &'static Api,
    pub(super) version: i16,
    pub(super) body: &'a Bytes,
    pub(super) asked: &'a Asked,
}

impl Original<'_> {
    /// Refuses the request as a whole.
    pub(super) fn refuse(self, code: ErrorCode, why: Option<&str>) -> Result<Response, WalkError> {
        if self.api.key == ApiKey::FETCH && code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND {
            // Of the session alone: there is none, and no partition failed.
            let mut response = Struct::new(self.api.response.fields, self.version);
            response.set("ErrorCode", Value::Integer(code.0.into()));
            let body = response.write(&self.api.response, self.version)?;
            return Ok(Response::local(self.api, self.version, body));
        }
        Response::error(self.api, self.version, self.body, code, why.or(self.words(code)))
    }

    /// Answers what was denied: elements for these reasons, and topics that are answered partition by partition.
    /// `kept` says whether there is a rest.
    pub(super) fn deny(self, codes: &[ErrorCode], denied_topics: bool, kept: bool) -> Result<Denial, WalkError> {
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
            if answers(&part).next().is_none() {
                return self.refuse(*code, None).map(Denial::Whole);
            }
            parts.push(part);
        }
        if together {
            parts.push(self.answer(Side::AsAsked, OPERATION_NOT_ATTEMPTED)?);
        }
        // Metadata gives the nodes, a session has more topics than the request names, and counts its requests.
        let has_more = matches!(
            self.api.key,
            ApiKey::METADATA | ApiKey::FETCH | ApiKey::SHARE_FETCH | ApiKey::SHARE_ACKNOWLEDGE
        );
        let goes_on = kept || denied_topics || has_more;
        if together || !goes_on {
            return self.merge(parts).map(Denial::Whole);
        }
        let mut denied = if denied_topics { self.topics()? } else { Vec::new() };
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
    fn answer(self, side: Side, code: ErrorCode) -> Result<Struct, WalkError> {
        let mut visitor = Inbound::new(self.namespace, self.api, self.version, self.asked, side);
        let part = walk(&self.api.request, self.version, self.body, &mut visitor)?.apply(self.body);
        let reply = error_reply_by_part(self.api, self.version, &part.into_bytes(), code, self.words(code))?;
        Struct::read(&self.api.response, self.version, &reply)
    }

    /// What a broker says beside the code.
    fn words(self, code: ErrorCode) -> Option<&'static str> {
        match (self.api.key, code) {
            (ApiKey::DELETE_TOPICS, ErrorCode::UNKNOWN_TOPIC_ID) => Some("This server does not host this topic ID."),
            (ApiKey::DELETE_TOPICS, ErrorCode::INVALID_REQUEST) => {
                Some("You may not specify both topic name and topic id.")
            }
            (ApiKey::FIND_COORDINATOR, ErrorCode::INVALID_REQUEST) => Some(
                "This most likely occurs because of a request being malformed by the client library or the message was \
                 sent to an incompatible broker. See the broker logs for more details.",
            ),
            _ => empty_group::words(self.api.key, code),
        }
    }

    fn merge(self, parts: Vec<Struct>) -> Result<Response, WalkError> {
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

/// The arrays of a response in which something is answered.
fn answers(response: &Struct) -> impl Iterator<Item = (&'static keg_codec::schema::Field, &[Value])> {
    response
        .iter()
        .filter_map(|(field, value)| Some((field, value.as_array()?)))
        .filter(|(_, elements)| !elements.is_empty())
}
