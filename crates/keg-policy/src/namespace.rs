//! Namespaces: a virtual cluster's own names on a shared backend.

mod acls;
mod additional;
mod admission;
pub(crate) mod alters;
mod asked;
mod conflicts;
mod coverage;
pub(crate) mod decisions;
pub(crate) mod embedded;
mod empty_group;
pub(crate) mod fetch_sessions;
mod inbound;
pub(crate) mod look_up;
mod memory;
pub(crate) mod metadata;
mod names;
pub(crate) mod outbound;
mod prefix;
mod produce;
mod regex;
mod share_keys;
pub(crate) mod share_sessions;
mod texts;
pub(crate) mod topic_ids;
mod topic_partitions;
mod topologies;

use std::borrow::Cow;

use bytes::Bytes;
use keg_codec::schema::{Entity, EntitySet};
use keg_codec::walk::{Edit, WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode, ProduceHead, Rope};

use crate::chain::StreamedNames;
use crate::connection::Connection;
use crate::message::{Reply, Request, Response};
use crate::partial::{Denial, Original, Side};
use crate::policy::{Answer, Decision, Interest, Note, Policy, Withheld};
use acls::RecentAcls;
pub use additional::{Additional, AdditionalTopics, NameSet, OnConflict};
use admission::Admitted;
use alters::alters;
use asked::Asked;
pub use conflicts::Conflicts;
use fetch_sessions::FetchSessions;
use inbound::Inbound;
pub use names::is_internal_topic;
use names::{Names, unauthorized};
use outbound::Outbound;
pub use topic_ids::TopicIds;

/// What clients see of the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Clients don't see it: it is added on the way in, and removed on the way out.
    HidePrefix,
    /// Clients must use it: names without it don't exist for them.
    EnforcePrefix,
}

/// Keeps a virtual cluster's topics, groups and transactional ids apart from all others by a prefix. [Some](Additional) of
/// the others' topics and groups can be shown beside them.
///
/// What a client names is admitted or denied on its own, with the error that a broker has for it; the rest of the
/// request goes on. Responses lose what is not of the namespace. Versions and APIs that name things in ways that this
/// policy can't tell the owner of aren't served.
#[derive(Debug, Clone)]
pub struct Namespace {
    names: Names,
    topic_ids: TopicIds,
    recent_acls: RecentAcls,
}

impl Namespace {
    /// The namespace of a prefix. The empty prefix keeps nothing apart.
    ///
    /// Two namespaces on one backend of which one prefix begins with the other are not apart either.
    pub fn new(mode: Mode, prefix: &str) -> Self {
        Self {
            names: Names::new(mode, prefix),
            topic_ids: TopicIds::default(),
            recent_acls: RecentAcls::default(),
        }
    }

    /// The same namespace with what another one knows of its topics' ids.
    #[must_use]
    pub fn with_topic_ids(mut self, topic_ids: TopicIds) -> Self {
        self.topic_ids = topic_ids;
        self
    }

    /// The same namespace with topics and groups of the backend beside its own.
    ///
    /// `conflicts` is told of topics of the namespace that clients don't see for that.
    #[must_use]
    pub fn with_additional(mut self, additional: Additional, conflicts: Conflicts) -> Self {
        self.names.set_additional(additional, conflicts);
        self
    }

    /// What becomes of a request. Topic ids that nobody has told are looked up once, `ask` says whether that is still to
    /// be done.
    fn inbound(
        &self,
        connection: &Connection,
        request: &mut Request,
        body: &Bytes,
        ask: bool,
    ) -> Result<Decision, WalkError> {
        let (api, version) = (request.api, request.version);
        let mut asked = Asked::read(api, version, body, connection)?;
        if share_sessions::is_out_of_step(connection, api, version, body)? {
            let code = ErrorCode::SHARE_SESSION_NOT_FOUND;
            return Response::error(api, version, body, code, None).map(Decision::Answer);
        }
        let (body, place) = match api.key {
            ApiKey::DESCRIBE_TOPIC_PARTITIONS => match topic_partitions::take_place(connection, api, version, body)? {
                Ok((body, place)) => (Cow::Owned(body), place),
                Err(code) => return Response::error(api, version, body, code, None).map(Decision::Answer),
            },
            _ => (Cow::Borrowed(body), None),
        };
        let mut visitor = Inbound::new(self, api, version, &asked, Side::Admitted);
        visitor.connection = Some(connection);
        let walked = walk(&api.request, version, &body, &mut visitor);
        let Inbound {
            judge,
            reason,
            denied_ids,
            additional,
            empty_name,
            ..
        } = visitor;
        let edits = match walked {
            Ok(edits) => edits,
            Err(error) => {
                let code = judge.refusal.ok_or(error)?;
                let why = reason.map(|reason| reason.to_string());
                return original(self, api, version, &body, &asked)
                    .refuse(code, why.as_deref())
                    .map(Decision::Answer);
            }
        };
        if ask
            && !denied_ids.is_empty()
            && look_up::is_possible(connection)
            && let Some(question) = look_up::question(&denied_ids, request)?
        {
            return Ok(Decision::Ask(question));
        }
        asked.empty_name = empty_name;
        if judge.admitted_all() {
            let is_as_it_was = edits.is_empty() && matches!(body, Cow::Borrowed(_));
            if !is_as_it_was {
                request.body = edits.apply(&body);
            }
        } else {
            asked.denied_ids = Some(denied_ids);
            match original(self, api, version, &body, &asked).deny(&judge)? {
                Denial::Whole(response) => return Ok(Decision::Answer(response)),
                Denial::Rest(denied) => {
                    asked.denied = denied;
                    asked.no_topics = api.key == ApiKey::METADATA && !judge.kept;
                    asked.no_session = api.key == ApiKey::FETCH;
                    share_sessions::narrowed(connection, api, version, &body)?;
                }
            }
            let mut visitor = Inbound::new(self, api, version, &asked, Side::Admitted);
            visitor.connection = Some(connection);
            request.body = walk(&api.request, version, &body, &mut visitor)?.apply(&body);
        }
        if api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS {
            request.body = topic_partitions::begin(&self.names, api, version, &request.body_bytes(), place)?.into();
        }
        if api.key == ApiKey::METADATA && additional {
            let (body, picked) = metadata::without_creation(api, version, &request.body_bytes())?;
            request.body = body.into();
            asked.picked = picked;
        }
        Ok(Decision::Forward(asked.note(api.key)))
    }

    /// Why a topic isn't admitted by its id, as far as that is known.
    fn denied_id(&self, api: ApiKey, id: &[u8; 16]) -> Option<ErrorCode> {
        match self.topic_ids.is_additional(id) {
            None => Some(ErrorCode::UNKNOWN_TOPIC_ID),
            Some(true) if alters(api, Entity::TopicName) => Some(unauthorized(Entity::TopicName)),
            Some(_) => None,
        }
    }

    fn decide(&self, connection: &Connection, request: &mut Request, ask: bool) -> Decision {
        let decision = request.trimmed(|request, body| self.inbound(connection, request, body, ask));
        decision.unwrap_or_else(|error| Decision::Close(request.malformed(&error)))
    }

    /// The response as the client may see it; `None` when it has no place for what was denied.
    fn outbound(
        &self,
        connection: &Connection,
        asked: &Asked,
        api: &'static Api,
        version: i16,
        mut body: Bytes,
    ) -> Result<Option<Rope>, WalkError> {
        asked.answered(connection, api, version, &body)?;
        let mut place = None;
        if asked.by_id {
            body = metadata::hide_others(&self.names, api, version, &body)?;
        } else if let Some(picked) = &asked.picked {
            body = metadata::pick(picked, api, version, &body)?;
        } else if api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS {
            (body, place) = topic_partitions::end(&self.names, api, version, &body)?;
        }
        let mut visitor = Outbound::new(self, connection, asked, api, version, &body)?;
        let edits = walk(&api.response, version, &body, &mut visitor)?;
        visitor.learn();
        if !visitor.is_complete() {
            return Ok(None);
        }
        let body = edits.apply(&body);
        Ok(Some(match place {
            Some(place) => topic_partitions::put_place(connection, api, version, &body.into_bytes(), place)?.into(),
            None => body,
        }))
    }
}

fn original<'a>(
    namespace: &'a Namespace,
    api: &'static Api,
    version: i16,
    body: &'a Bytes,
    asked: &'a Asked,
) -> Original<'a, Admitted<'a>> {
    Original {
        api,
        version,
        body,
        admission: Admitted {
            namespace,
            api,
            version,
            body,
            asked,
        },
    }
}

impl Policy for Namespace {
    fn name(&self) -> &str {
        "namespace"
    }

    fn interest(&self, api: &Api, version: i16) -> Interest {
        coverage::interest(api, version)
    }

    fn looks_for(&self, api: &Api, _version: i16) -> Option<EntitySet> {
        outbound::looks_for(api.key)
    }

    fn request(&self, connection: &Connection, request: &mut Request) -> Decision {
        if acls::administers(request.api.key) {
            return acls::request(self, request);
        }
        match self.plainly_admits(request) {
            true => Decision::Forward(Note::default()),
            false => self.decide(connection, request, true),
        }
    }

    fn streams_request(&self, connection: &Connection, request: &Request) -> bool {
        let body = request.body.clone().into_bytes();
        let asked = Asked::default();
        let mut visitor = Inbound::new(self, request.api, request.version, &asked, Side::Admitted);
        visitor.connection = Some(connection);
        walk(&request.api.request, request.version, &body, &mut visitor).is_ok() && visitor.judge.admitted_all()
    }

    fn streams_topics(&self, version: i16) -> bool {
        !ProduceHead::has_names(version) || self.names.prefixes_all()
    }

    fn streamed_topic(&self, _connection: &Connection, id: &[u8; 16]) -> Result<(), ErrorCode> {
        self.denied_id(ApiKey::PRODUCE, id).map_or(Ok(()), Err)
    }

    fn streamed_name(&self, _connection: &Connection, name: &[u8]) -> Result<&[u8], ErrorCode> {
        let admitted = self.names.admit(ApiKey::PRODUCE, Entity::TopicName, name)?;
        Ok(match admitted {
            Edit::Prepend(prefix) => prefix,
            _ => &[],
        })
    }

    fn resume(&self, connection: &Connection, request: &mut Request, note: Note, reply: Reply) -> Decision {
        if acls::administers(request.api.key) {
            return acls::resume(self, request, note, reply);
        }
        match self.learn(reply) {
            Ok(()) => self.decide(connection, request, false),
            Err(error) => Decision::Close(format!("the broker's answer about topic ids is malformed: {error}")),
        }
    }

    fn streams(&self, _api: &Api, _version: i16, note: &Note) -> bool {
        note.get::<Asked>().is_some_and(|asked| asked.denied.is_empty())
    }

    fn streamed_names(&self, connection: &Connection, _note: &Note) -> Option<StreamedNames> {
        let nobodys = connection.remember(|sessions: &mut FetchSessions| sessions.nobodys);
        self.names.streamed().filter(|_| !nobodys)
    }

    fn response(&self, connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        if acls::administers(answer.api.key) {
            return acls::response(&self.names, answer);
        }
        let nothing = Asked::default();
        let asked = answer.note.get().unwrap_or(&nothing);
        let body = answer.response.body_bytes();
        match self.outbound(connection, asked, answer.api, answer.version, body) {
            Ok(Some(body)) => {
                answer.response.body = body;
                Ok(())
            }
            Ok(None) => Err(Withheld::new(
                "the broker's response has no place for the answer to what was denied",
            )),
            Err(error) => Err(Withheld::new(error)),
        }
    }
}
