//! Topic aliases: other names under which clients reach topics.

mod coverage;
mod fetches;
mod fingerprint;
mod ids;
mod inbound;
mod listing;
mod look_up;
mod members;
mod memory;
mod merge;
mod outbound;
mod pages;
mod parts;
mod producers;
mod recent;
mod sessions;
mod set;

use std::collections::VecDeque;

use bytes::Bytes;
use keg_codec::message::Struct;
use keg_codec::walk::{WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode, Rope, error_reply_by_part, is_silent};

use crate::connection::Connection;
use crate::message::{Reply, Request, Response, trimmed};
use crate::namespace::look_up::is_possible;
use crate::namespace::metadata::{creates, without_creation};
use crate::namespace::{Conflicts, OnConflict};
use crate::policy::{Answer, Decision, Interest, Note, Policy, Question, Withheld};
use fetches::{Begins, Sessions};
use inbound::{Found, Inbound, Side};
use members::Said;
pub use memory::AliasMemory;
use outbound::Naming;
use parts::{Asked, Plan, Progress, Step, Waiting};
use sessions::InSession;
use set::Set;
pub use set::{Condition, TopicAlias};

/// Other names under which clients reach topics: to produce, consume, commit and describe, and not to create, alter or
/// delete.
///
/// It stands before a [`Namespace`](crate::Namespace), whose names are its topics', or works without one. An alias is
/// listed beside its topic, with an id of its own, if the topic is there; it hides a topic of its own name. A request that
/// names a topic in several ways is answered for each of them.
#[derive(Debug)]
pub struct TopicAliases {
    set: Set,
    memory: AliasMemory,
    conflicts: Conflicts,
}

impl TopicAliases {
    /// The policy of these aliases. Of two with one name the first counts.
    pub fn new(aliases: impl IntoIterator<Item = TopicAlias>) -> Self {
        Self {
            set: Set::new(aliases),
            memory: AliasMemory::default(),
            conflicts: Conflicts::default(),
        }
    }

    /// The same policy with what another one knows.
    #[must_use]
    pub fn with_memory(mut self, memory: AliasMemory) -> Self {
        self.memory = memory;
        self
    }

    /// The same policy, which tells of topics that an alias hides, by the names that clients would see.
    #[must_use]
    pub fn with_conflicts(mut self, conflicts: Conflicts) -> Self {
        self.conflicts = conflicts;
        self
    }

    /// Clients don't see a topic because it has the name of an alias.
    fn shadowed(&self, alias: usize, name: &[u8]) {
        if self.set.alias(alias).is_some_and(|it| it.conflict == OnConflict::Warn) {
            self.conflicts.found(name);
        }
    }

    fn decide(&self, connection: &Connection, request: &mut Request, looked_up: bool) -> Decision {
        let decision = trimmed(request.body_bytes(), |body| {
            self.inbound(connection, request, body, looked_up)
        });
        decided(request, decision)
    }

    fn inbound(
        &self,
        connection: &Connection,
        request: &mut Request,
        body: Bytes,
        looked_up: bool,
    ) -> Result<Decision, WalkError> {
        let looked_up = looked_up || !is_possible(connection);
        let decision = match request.api.key {
            ApiKey::DESCRIBE_TOPIC_PARTITIONS => {
                return match pages::steps(self, connection, request, &body)? {
                    Ok(steps) => begin(steps, Vec::new(), request),
                    Err(code) => Response::error(request.api, request.version, &body, code, None).map(Decision::Answer),
                };
            }
            ApiKey::SHARE_FETCH | ApiKey::SHARE_ACKNOWLEDGE => {
                self.session_request(connection, request, &body, looked_up)?
            }
            key if coverage::splits(key) => self.elements(connection, request, &body, looked_up)?,
            _ => self.member_request(connection, request, &body, looked_up)?,
        };
        match decision {
            Some(decision) => Ok(decision),
            None => match look_up::question(self, connection, request)? {
                Some(question) => Ok(Decision::Ask(Question {
                    request: question,
                    note: Note::new(Waiting::LookUp),
                })),
                None => self.inbound(connection, request, body, true),
            },
        }
    }

    /// A request that names topics one by one; `None` when ids are to be looked up first.
    fn elements(
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
        epoch <= 0 || !found.aliases && connection.remember(|sessions: &mut Sessions| sessions.contains(fingerprint, id))
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
                _ => "this is an alias, by which topics are neither altered nor deleted",
            };
            let reply = error_reply_by_part(api, version, &part.into_bytes(), *code, Some(message))?;
            Struct::read(&api.response, version, &reply)
        });
        answers.collect()
    }

    /// Goes on with a request of which a part was answered.
    fn part_answered(
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
}

fn begin(steps: Vec<Step>, done: Vec<Struct>, request: &mut Request) -> Result<Decision, WalkError> {
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

fn decided(request: &Request, decision: Result<Decision, WalkError>) -> Decision {
    decision.unwrap_or_else(|error| {
        Decision::Close(format!(
            "a malformed {} request (version {}), or response to a part of it: {error}",
            request.api.name, request.version
        ))
    })
}

impl Policy for TopicAliases {
    fn name(&self) -> &str {
        "topic_aliases"
    }

    fn interest(&self, api: &Api, version: i16) -> Interest {
        coverage::interest(api, version)
    }

    fn request(&self, connection: &Connection, request: &mut Request) -> Decision {
        self.decide(connection, request, false)
    }

    fn resume(&self, connection: &Connection, request: &mut Request, note: Note, reply: Reply) -> Decision {
        match note.take::<Waiting>() {
            Some(Waiting::Part(progress, naming)) => {
                let decision = self.part_answered(connection, request, (progress, naming), reply);
                decided(request, decision)
            }
            Some(Waiting::LookUp) => match self.learn(reply) {
                Ok(()) => self.decide(connection, request, true),
                Err(error) => Decision::Close(format!("the broker's answer about topic ids is malformed: {error}")),
            },
            None => Decision::Close("topic_aliases asked for nothing".to_owned()),
        }
    }

    fn response(&self, connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        let Answer {
            api,
            version,
            note,
            response,
        } = answer;
        let outcome = if let Some(asked) = note.get::<Asked>() {
            self.answered(connection, asked, api, version, response)
        } else if let Some(said) = note.get::<Said>() {
            self.member_response(connection, said, api, version, response)
        } else if note.get::<Begins>().is_some() {
            let id = fetches::session(version, &response.body_bytes());
            connection.remember(|sessions: &mut Sessions| sessions.given(self.set.fingerprint, id));
            Ok(())
        } else if note.get::<InSession>().is_some() {
            self.session_response(connection, api, version, response)
        } else if coverage::lists(api.key) {
            Naming::default().apply(self, connection, api, version, response)
        } else {
            Ok(())
        };
        outcome.map_err(Withheld::new)
    }
}

impl TopicAliases {
    fn answered(
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
