//! Topic aliases: other names under which clients reach topics.

mod coverage;
mod elements;
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
mod sessions;
mod set;

use bytes::Bytes;
use keg_codec::schema::EntitySet;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, FetchHead};

use crate::chain::StreamedNames;
use crate::connection::Connection;
use crate::message::{Reply, Request, Response};
use crate::namespace::look_up::is_possible;
use crate::namespace::{Conflicts, OnConflict};
use crate::policy::{Answer, Decision, Interest, Note, Policy, Question, Withheld};
use elements::begin;
use fetches::{Begins, Sessions};
pub(crate) use look_up::set_topics;
use members::Said;
pub use memory::AliasMemory;
use outbound::Naming;
use parts::{Asked, Waiting};
use sessions::InSession;
use set::Set;
pub use set::{Condition, TopicAlias};

/// What is said of what an alias isn't for.
const DENIED: &str = "this is an alias, by which topics are neither created, altered nor deleted";

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
        let decision = request.trimmed(|request, body| self.inbound(connection, request, body, looked_up));
        decided(request, decision)
    }

    fn inbound(
        &self,
        connection: &Connection,
        request: &mut Request,
        body: &Bytes,
        looked_up: bool,
    ) -> Result<Decision, WalkError> {
        let looked_up = looked_up || !is_possible(connection);
        let decision = match request.api.key {
            ApiKey::DESCRIBE_TOPIC_PARTITIONS => {
                return match pages::steps(self, connection, request, body)? {
                    Ok(steps) => begin(steps, Vec::new(), request),
                    Err(code) => Response::error(request.api, request.version, body, code, None).map(Decision::Answer),
                };
            }
            ApiKey::SHARE_FETCH | ApiKey::SHARE_ACKNOWLEDGE => {
                self.session_request(connection, request, body, looked_up)?
            }
            key if coverage::splits(key) => self.elements(connection, request, body, looked_up)?,
            _ => self.member_request(connection, request, body, looked_up)?,
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

    fn looks_for(&self, api: &Api, _version: i16) -> Option<EntitySet> {
        (!coverage::lists(api.key)).then_some(EntitySet::EMPTY)
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

    fn streams(&self, _api: &Api, version: i16, note: &Note) -> bool {
        // Ids stand between the records.
        note.get::<Asked>()
            .is_none_or(|asked| FetchHead::has_names(version) && asked.before.is_empty())
    }

    fn streamed_names(&self, _connection: &Connection, note: &Note) -> Option<StreamedNames> {
        note.get::<Asked>().is_none().then_some(StreamedNames::Kept)
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
