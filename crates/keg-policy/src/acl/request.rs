//! What becomes of a request.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{ApiKey, ErrorCode, is_silent};

use super::Acls;
use super::before_names;
use super::beforehand::{self, Refused};
use super::beside::Beside;
use super::client::Client;
use super::creation::{self, Step};
use super::described;
use super::inbound::{Asked, Inbound};
use super::needs;
use super::operation::{CLUSTER_NAME, Operation, ResourceType};
use super::pages::Pages;
use super::rules::Applied;
use super::sessions::{self, Key, MOST_TOPICS, Topics};
use super::settled::Settled;
use crate::message::{Request, Response};
use crate::namespace::metadata::{self, Picked};
use crate::namespace::{look_up, share_sessions};
use crate::partial::{Admission, Denial, Denied, Original, Side};
use crate::policy::{Decision, Note, Question};

/// The epoch of a fetch without a session.
const NO_SESSION: i64 = -1;

/// The acks that tell when records are written.
const OF_THE_LEADER: i64 = 1;

/// How far a request has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// Decisions were told, but for those on the topics with these ids, whose names weren't known.
    pub(super) told: Option<BTreeSet<[u8; 16]>>,
    /// Unknown topic ids were looked up.
    pub(super) ids: bool,
    /// What may be made for a Metadata request was made.
    pub(super) made: bool,
    /// Of the topics that are to be there, or to be deleted, those that there are.
    pub(super) existing: Option<Picked>,
    /// DescribeTopicPartitions: all topics there are.
    pub(super) all: Option<Picked>,
    /// What there is of the topics that stand beside others that are denied, or are denied.
    pub(super) beside: Option<Beside>,
}

impl Progress {
    /// The same, after decisions were told on all of a request but for unknown ids.
    pub(super) fn told_of(&self, settled: &Settled) -> Self {
        Self {
            told: Some(settled.unknown().copied().collect()),
            ..self.clone()
        }
    }
}

/// What the broker was asked, and how far the request had come.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) question: Asks,
    pub(super) progress: Progress,
}

impl Waiting {
    pub(super) fn question(request: Request, question: Asks, progress: Progress) -> Question {
        Question {
            request,
            note: Note::new(Self { question, progress }),
        }
    }
}

/// What a question is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asks {
    /// The names of ids.
    Ids,
    /// It has topics made.
    Creation,
    /// Which of some topics there are.
    Existing,
    /// All topics.
    All,
    /// What the answer to what is denied tells of topics.
    Beside,
}

/// What is kept of a request.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What the response is to say of what was denied.
    pub(super) denied: Vec<Denied>,
    /// Metadata: only topics were asked for, by these rules, that may be described.
    pub(super) admitted_by: Option<Arc<Applied>>,
    /// Metadata: no named topic was admitted. In version 0 no names ask for all topics.
    pub(super) no_topics: bool,
    /// Metadata: all topics are asked for, to pick these out of them.
    pub(super) picked: Option<Picked>,
    /// Fetch: the broker is to have no session.
    pub(super) no_session: bool,
    /// Fetch: the topics of a session that begins, and the rules by which they may be read.
    pub(super) begins: Option<(Topics, Arc<Applied>)>,
    /// Whether the client is to be told what it may do.
    pub(super) operations: bool,
    /// Produce with acks=0: a disconnect is to tell that something was denied, once the rest is written.
    pub(super) ends_connection: bool,
}

impl Kept {
    /// What is noted for the response. Of a Fetch request it makes a difference that it was looked at.
    fn note(self, api: ApiKey) -> Note {
        match self.is_nothing() && self.operations && self.admitted_by.is_none() && api != ApiKey::FETCH {
            true => Note::default(),
            false => Note::new(self),
        }
    }

    /// What is kept of a request of which nothing is noted.
    pub(super) fn of_nothing() -> Self {
        Self {
            operations: true,
            ..Self::default()
        }
    }

    /// Whether the topics of the response may be described by these rules, since they are those that were asked for.
    pub(super) fn is_admitted_by(&self, rules: &Arc<Applied>) -> bool {
        self.admitted_by.as_ref().is_some_and(|by| Arc::ptr_eq(by, rules))
    }

    /// Whether the response is that to the request as the client sent it.
    pub(super) fn is_nothing(&self) -> bool {
        self.denied.is_empty()
            && !self.no_topics
            && self.picked.is_none()
            && !self.no_session
            && self.begins.is_none()
            && !self.ends_connection
    }
}

impl Acls {
    pub(super) fn inbound(
        &self,
        client: &Client<'_>,
        request: &mut Request,
        body: &Bytes,
        progress: &Progress,
    ) -> Result<Decision, WalkError> {
        let (api, version) = (request.api, request.version);
        let is_told = progress.told.is_some();
        let refused = |code, why: Option<&str>| Response::error(api, version, body, code, why).map(Decision::Answer);
        if needs::administers(api.key) {
            return refused(ErrorCode::SECURITY_DISABLED, Some("No Authorizer is configured."));
        }
        let on_cluster = |operation: &Operation| {
            let name = CLUSTER_NAME.as_bytes();
            client.may_and_tell(!is_told, *operation, ResourceType::Cluster, name)
        };
        let operations = needs::cluster_in(api.key, version);
        if !operations.is_empty() && !operations.iter().any(on_cluster) {
            return refused(
                ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
                Some("Cluster authorization failed."),
            );
        }
        if let Some(decision) = before_names::decide(client, request, body, progress)? {
            return Ok(decision);
        }
        let body = match api.key {
            ApiKey::DESCRIBE_TOPIC_PARTITIONS => match self.all_topics(client, request, body, progress)? {
                Pages::Of(body) => Cow::Owned(body),
                Pages::Decided(decision) => return Ok(decision),
            },
            _ => Cow::Borrowed(body),
        };
        let refused_first = Refused::of(api, version, &body)?;
        let mut asked = Asked {
            refused: refused_first.as_ref(),
            client,
            names: &self.topic_names,
            api,
            version,
            body: &body,
            coordinator_type: match api.key {
                ApiKey::FIND_COORDINATOR => Struct::read(&api.request, version, &body)?
                    .integer("KeyType")
                    .unwrap_or_default(),
                _ => 0,
            },
            existing: progress.existing.as_ref(),
            beside: progress.beside.as_ref(),
            by_id: api.key == ApiKey::METADATA && metadata::asks_by_id(api, version, &body)?,
            settled: None,
        };
        let by_id = asked.by_id;
        let mut found = Inbound::new(asked, Side::Admitted);
        found.look(progress.told.as_ref())?;
        if !progress.ids
            && !found.settled.is_known()
            && look_up::is_possible(client.connection())
            && let Some(question) = names_of_ids(&found.settled, request, progress)?
        {
            return Ok(Decision::Ask(question));
        }
        let question = match found.question(request, progress)? {
            Some(question) => Some(question),
            None => found.question_beside(request, progress)?,
        };
        if let Some(question) = question {
            return Ok(Decision::Ask(question));
        }
        let Inbound {
            judge,
            settled,
            topics,
            session,
            not_to_be_made,
            makes_some,
            reason,
            has_unknown_tags,
            ..
        } = found;
        asked.settled = Some(&settled);
        let original = Original {
            api,
            version,
            body: &body,
            admission: asked,
        };
        let is_denied = judge.refusal == Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED) || !judge.admitted_all();
        if is_denied && beforehand::is_invalid_of_share_group(api, version, &body)? {
            return original.refuse(ErrorCode::INVALID_REQUEST, None).map(Decision::Answer);
        }
        if let Some(code) = judge.refusal {
            return original.refuse(code, reason.as_deref()).map(Decision::Answer);
        }
        let mut kept = Kept {
            operations: has_unknown_tags || described::is_asked_for(api.key, version, &body),
            ..Kept::default()
        };
        kept.ends_connection = !judge.admitted_all() && judge.kept && is_silent(api, version, &body);
        if !judge.admitted_all() && !kept.ends_connection {
            match original.deny(&judge)? {
                Denial::Whole(response) => return Ok(Decision::Answer(response)),
                Denial::Rest(denied) => {
                    kept.denied = denied;
                    kept.no_topics = api.key == ApiKey::METADATA && !judge.kept;
                    kept.no_session = api.key == ApiKey::FETCH;
                }
            }
        }
        let goes_on = match api.key {
            ApiKey::FETCH => self.fetch(client, &original, session, topics.into_iter().collect(), &mut kept)?,
            ApiKey::SHARE_FETCH => {
                let topics = topics.into_iter().collect();
                self.share_fetch(client, &original, topics, judge.admitted_all())?
            }
            _ => None,
        };
        if let Some(response) = goes_on {
            return Ok(Decision::Answer(response));
        }
        let mut new = body.clone();
        if !judge.admitted_all() {
            new = Cow::Owned(asked.part(Side::Admitted)?);
        }
        if kept.no_session {
            new = Cow::Owned(with(request, &new, "SessionEpoch", NO_SESSION)?);
        }
        if kept.ends_connection {
            new = Cow::Owned(with(request, &new, "Acks", OF_THE_LEADER)?);
        }
        // Where none is named all are meant, or none; and the names that come for ids are the broker's.
        kept.admitted_by = (api.key == ApiKey::METADATA && judge.kept && !by_id).then(|| Arc::clone(client.applied()));
        if !not_to_be_made.is_empty() {
            let mut progress = progress.told_of(&settled);
            // Where nothing may be made, nothing need be named alone first.
            progress.made |= api.key == ApiKey::METADATA && !makes_some;
            let new_body = new.into_owned();
            match creation::step(request, new_body, &mut kept, not_to_be_made, has_unknown_tags, progress)? {
                Step::Forward(body) => new = Cow::Owned(body),
                Step::Ask(question) => return Ok(Decision::Ask(question)),
                Step::Refuse(code, why) => return original.refuse(code, Some(&why)).map(Decision::Answer),
            }
        }
        if let Cow::Owned(body) = new {
            request.body = body.into();
        }
        Ok(Decision::Forward(kept.note(api.key)))
    }

    /// Whether a Fetch request goes on, and how; if not, the answer.
    fn fetch(
        &self,
        client: &Client<'_>,
        original: &Original<'_, Asked<'_>>,
        (id, epoch): (i64, i64),
        topics: Topics,
        kept: &mut Kept,
    ) -> Result<Option<Response>, WalkError> {
        let connection = client.connection();
        if id != 0 && epoch > 0 {
            let may_read = |topic: &[u8]| client.could(Operation::Read, ResourceType::Topic, topic);
            // What was denied, the client would take for a part of the session.
            if kept.no_session || !sessions::goes_on(connection, &Key::Fetch(id), topics, client.applied(), may_read) {
                return original.refuse(ErrorCode::FETCH_SESSION_ID_NOT_FOUND, None).map(Some);
            }
            return Ok(None);
        }
        if id != 0 {
            sessions::end(connection, &Key::Fetch(id));
        }
        kept.no_session |= topics.len() > MOST_TOPICS && epoch == 0;
        if epoch == 0 && !kept.no_session {
            kept.begins = Some((topics, Arc::clone(client.applied())));
        }
        Ok(None)
    }

    /// The same of a ShareFetch request.
    fn share_fetch(
        &self,
        client: &Client<'_>,
        original: &Original<'_, Asked<'_>>,
        topics: Topics,
        admitted_all: bool,
    ) -> Result<Option<Response>, WalkError> {
        let (api, version, body) = (original.api, original.version, original.body);
        let connection = client.connection();
        if !admitted_all {
            share_sessions::narrowed(connection, api, version, body)?;
        }
        let request = Struct::read(&api.request, version, body)?;
        let key = Key::Share(request.bytes("GroupId").into(), request.bytes("MemberId").into());
        match request.integer("ShareSessionEpoch").unwrap_or(-1) {
            0 if topics.len() <= MOST_TOPICS => sessions::begin(connection, key, topics, client.applied()),
            ..=0 => sessions::end(connection, &key),
            _ => {
                let may_read = |topic: &[u8]| client.could(Operation::Read, ResourceType::Topic, topic);
                if !sessions::goes_on(connection, &key, topics, client.applied(), may_read) {
                    return original.refuse(ErrorCode::SHARE_SESSION_NOT_FOUND, None).map(Some);
                }
            }
        }
        Ok(None)
    }
}

/// What the broker is to be asked of the ids whose names aren't known.
fn names_of_ids(settled: &Settled, request: &Request, progress: &Progress) -> Result<Option<Question>, WalkError> {
    let question = look_up::names_of(settled.unknown().copied(), request)?;
    Ok(question.map(|question| Waiting::question(question, Asks::Ids, progress.told_of(settled))))
}

/// The request with another number in it.
fn with(request: &Request, body: &Bytes, field: &str, number: i64) -> Result<Bytes, WalkError> {
    let (api, version) = (request.api, request.version);
    let mut changed = Struct::read(&api.request, version, body)?;
    changed.set(field, Value::Integer(number));
    changed.write(&api.request, version).map(Bytes::from)
}
