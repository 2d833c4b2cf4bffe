//! Requests that name topics one by one, and the answers to their parts.

use std::collections::VecDeque;

use bytes::Bytes;
use keg_codec::message::Struct;
use keg_codec::walk::{WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode, Rope, error_reply_by_part, is_silent};

use super::fetches::{Begins, Sessions};
use super::inbound::{Found, Inbound, Side};
use super::outbound::Naming;
use super::parts::{Asked, Plan, Progress, Step};
use super::{DENIED, TopicAliases, listing, merge, pages};
use crate::connection::Connection;
use crate::message::{Reply, Request, Response};
use crate::namespace::metadata::{creates, without_creation};
use crate::policy::{Decision, Note};

impl TopicAliases {
    /// A request that names topics one by one; `None` when ids are to be looked up first.
    pub(super) fn elements(
        &self,
        connection: &Connection,
        request: &mut Request,
        body: &Bytes,
        looked_up: bool,
    ) -> Result<Option<Decision>, WalkError> {
        let (api, version) = (request.api, request.version);
        let mut visitor = Inbound::new(self, connection, api, version, Side::Whole);
        let edits = walk(&api.request, version, body, &mut visitor)?;
        let mut found = visitor.found;
        if found.unknown && !looked_up {
            return Ok(None);
        }
        // A session would mix the names of its requests.
        let no_session = api.key == ApiKey::FETCH && found.aliases;
        if api.key == ApiKey::FETCH && !self.goes_on(connection, &found) {
            let code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
            return Response::error(api, version, body, code, None).map(|it| Some(Decision::Answer(it)));
        }
        let is_metadata = api.key == ApiKey::METADATA;
        if !found.aliases && found.denied.is_empty() {
            if is_metadata && listing::asks_for_all(request, body)? {
                return begin(listing::metadata(self, connection, request, body)?, Vec::new(), request).map(Some);
            }
            request.body = Rope::from(body.clone());
            let begins = api.key == ApiKey::FETCH && found.session.1 == 0;
            let note = if begins { Note::new(Begins) } else { Note::default() };
            return Ok(Some(Decision::Forward(note)));
        }
        let denied = self.denied(connection, request, body, &found)?;
        if !found.kept || !denied.is_empty() && is_silent(api, version, body) {
            return answer(request, denied).map(Some);
        }
        // What is named by its own name may be made by that; what is named by an alias isn't.
        let plan = Plan::new(&mut found, is_metadata && creates(version, body)?);
        let naming = |turn| plan.naming(&self.set, &found, turn);
        if plan.turns() == 1 && denied.is_empty() && !no_session && !is_metadata {
            request.body = edits.apply(body);
            let asked = Asked {
                naming: naming(0),
                before: Vec::new(),
            };
            return Ok(Some(Decision::Forward(Note::new(asked))));
        }
        let mut steps = Vec::new();
        for turn in 0..plan.turns() {
            let mut visitor = Inbound::new(self, connection, api, version, Side::Turn(&plan, turn));
            visitor.no_session = no_session;
            let mut body = walk(&api.request, version, body, &mut visitor)?.apply(body);
            let mut naming = naming(turn);
            if is_metadata && !naming.is_direct() {
                let (without, picked) = without_creation(api, version, &body.into_bytes())?;
                body = without.into();
                naming.picked = picked;
            }
            steps.push(Step { body, naming });
        }
        begin(steps, denied, request).map(Some)
    }

    /// Whether a fetch goes on with its session, or needs none.
    fn goes_on(&self, connection: &Connection, found: &Found) -> bool {
        let (id, epoch) = found.session;
        let fingerprint = self.set.fingerprint;
        epoch <= 0
            || !found.aliases && connection.remember(|sessions: &mut Sessions| sessions.contains(fingerprint, id))
    }

    /// The answers to what is denied, in the client's names.
    fn denied(
        &self,
        connection: &Connection,
        request: &Request,
        body: &Bytes,
        found: &Found,
    ) -> Result<Vec<Struct>, WalkError> {
        let (api, version) = (request.api, request.version);
        let answers = found.denied.iter().map(|code| {
            let mut visitor = Inbound::new(self, connection, api, version, Side::Denied(*code));
            let part = walk(&api.request, version, body, &mut visitor)?.apply(body);
            let message = match api.key {
                ApiKey::PRODUCE => {
                    "an idempotent producer writes to a partition under one name of its topic: its records under another \
                     name would be lost"
                }
                ApiKey::CREATE_TOPICS => "there is an alias of this name",
                _ => DENIED,
            };
            let reply = error_reply_by_part(api, version, &part.into_bytes(), *code, Some(message))?;
            Struct::read(&api.response, version, &reply)
        });
        answers.collect()
    }

    /// Goes on with a request of which a part was answered.
    pub(super) fn part_answered(
        &self,
        connection: &Connection,
        request: &mut Request,
        (mut progress, naming): (Progress, Naming),
        reply: Reply,
    ) -> Result<Decision, WalkError> {
        let (api, version) = (request.api, request.version);
        // There is none to a Produce request with acks=0.
        if let Reply::Response(mut response) = reply {
            naming.apply(self, connection, api, version, &mut response)?;
            let part = Struct::read(&api.response, version, &response.body_bytes())?;
            let is_page = api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS && pages::goes_on(&part);
            progress.done.push(part);
            if is_page {
                return answer(request, progress.done);
            }
        }
        progress.advance(request)
    }

    /// The response to a request, or to the last of its parts.
    pub(super) fn answered(
        &self,
        connection: &Connection,
        asked: &Asked,
        api: &'static Api,
        version: i16,
        response: &mut Response,
    ) -> Result<(), WalkError> {
        asked.naming.apply(self, connection, api, version, response)?;
        if !asked.before.is_empty() {
            let last = Struct::read(&api.response, version, &response.body_bytes())?;
            let whole = merged(api, version, asked.before.iter().cloned().chain([last]));
            response.body = Bytes::from(whole.write(&api.response, version)?).into();
        }
        Ok(())
    }
}

pub(super) fn begin(steps: Vec<Step>, done: Vec<Struct>, request: &mut Request) -> Result<Decision, WalkError> {
    let steps = VecDeque::from(steps);
    Progress { steps, done }.advance(request)
}

/// Answers a request by these answers to its parts.
fn answer(request: &Request, parts: Vec<Struct>) -> Result<Decision, WalkError> {
    let (api, version) = (request.api, request.version);
    let merged = merged(api, version, parts).write(&api.response, version)?;
    Ok(Decision::Answer(Response::local(api, version, merged)))
}

fn merged(api: &'static Api, version: i16, parts: impl IntoIterator<Item = Struct>) -> Struct {
    let mut parts = parts.into_iter();
    let first = parts.next();
    let mut whole = first.unwrap_or_else(|| Struct::new(api.response.fields, version));
    parts.for_each(|part| merge::merge(&mut whole, part));
    whole
}
