//! Namespaces: a virtual cluster's own names on a shared backend.

mod coverage;
mod embedded;
mod inbound;
mod memory;
mod metadata;
mod outbound;
mod topic_ids;
mod topic_partitions;

use std::sync::Arc;

use bytes::Bytes;
use keg_codec::message::Struct;
use keg_codec::schema::Entity;
use keg_codec::walk::{WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode, error_reply};

use crate::connection::Connection;
use crate::message::{Request, Response};
use crate::policy::{Answer, Decision, Interest, Note, Policy, Withheld};
use inbound::{Inbound, Side};
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

/// Keeps a virtual cluster's topics, groups and transactional ids apart from all others by a prefix.
#[derive(Debug, Clone)]
pub struct Namespace {
    mode: Mode,
    prefix: Arc<[u8]>,
    topic_ids: TopicIds,
}

/// What a request leaves for its response.
#[derive(Debug, Clone, Default)]
struct Asked {
    /// FindCoordinator: the kind of its keys.
    coordinator_type: i64,
    /// JoinGroup and SyncGroup: whether the group's members are consumers.
    consumers: bool,
    /// SyncGroup: that isn't known, because the version doesn't say it and the member joined on another connection.
    unknown_group: bool,
    /// Metadata: whether a topic is named by its id.
    by_id: bool,
    /// What was denied: the arrays of these fields are appended to the response.
    denied: Option<Arc<Struct>>,
}

impl Namespace {
    /// The namespace of a prefix, which is not empty.
    pub fn new(mode: Mode, prefix: &str) -> Self {
        Self {
            mode,
            prefix: prefix.as_bytes().into(),
            topic_ids: TopicIds::default(),
        }
    }

    /// The same namespace with what another one knows of its topics' ids.
    #[must_use]
    pub fn with_topic_ids(mut self, topic_ids: TopicIds) -> Self {
        self.topic_ids = topic_ids;
        self
    }

    /// Whether a name of the backend belongs to the namespace.
    fn owns(&self, name: &[u8]) -> bool {
        name.starts_with(&self.prefix)
    }

    /// Whether a client may use the name; if not, why.
    fn admits(&self, entity: Entity, name: &[u8]) -> Result<(), ErrorCode> {
        match (self.mode, entity) {
            // With the prefix these would become names that a topic can have.
            (Mode::HidePrefix, Entity::TopicName) if matches!(name, b"" | b"." | b"..") => {
                Err(ErrorCode::INVALID_TOPIC_EXCEPTION)
            }
            (Mode::HidePrefix, Entity::TransactionalId) if name.is_empty() => Err(ErrorCode::INVALID_REQUEST),
            (Mode::HidePrefix, _) => Ok(()),
            (Mode::EnforcePrefix, _) if self.owns(name) => Ok(()),
            (Mode::EnforcePrefix, Entity::GroupId) => Err(ErrorCode::GROUP_AUTHORIZATION_FAILED),
            (Mode::EnforcePrefix, Entity::TransactionalId) => Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
            (Mode::EnforcePrefix, _) => Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED),
        }
    }

    /// Answers a request of which not everything is admitted, or narrows it to what is.
    fn deny(
        &self,
        asked: Asked,
        code: ErrorCode,
        kept: usize,
        request: &mut Request,
        original: &Bytes,
    ) -> Result<Decision, WalkError> {
        let (api, version) = (request.api, request.version);
        let mut denied = Inbound::new(self, api, version, asked.clone(), Side::Denied);
        let only_denied = walk(&api.request, version, original, &mut denied)?
            .apply(original)
            .into_bytes();
        let reply = error_reply(api, version, &only_denied, code, None)?;
        let fields = Struct::read(&api.response, version, &reply)?;
        let has_place = fields
            .iter()
            .any(|(_, value)| value.as_array().is_some_and(|elements| !elements.is_empty()));
        if kept > 0 && has_place {
            return Ok(Decision::Forward(Note::new(Asked {
                denied: Some(Arc::new(fields)),
                ..asked
            })));
        }
        if has_place {
            return Ok(Decision::Answer(Response::local(api, version, reply)));
        }
        Ok(Decision::Answer(Response::error(api, version, original, code, None)?))
    }

    fn inbound(&self, connection: &Connection, request: &mut Request) -> Result<Decision, WalkError> {
        let (api, version, body) = (request.api, request.version, request.body_bytes());
        let asked = inbound::selectors(api, version, &body, connection)?;
        let mut visitor = Inbound::new(self, api, version, asked, Side::Admitted);
        let edits = match walk(&api.request, version, &body, &mut visitor) {
            Ok(edits) => edits,
            Err(error) => {
                let Some(code) = visitor.refusal else { return Err(error) };
                return Ok(Decision::Answer(Response::error(api, version, &body, code, None)?));
            }
        };
        let Inbound {
            asked, denied, kept, ..
        } = visitor;
        request.body = edits.apply(&body);
        if api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS {
            request.body = topic_partitions::begin_at_prefix(self, api, version, &request.body_bytes())?.into();
        }
        match denied {
            None => Ok(Decision::Forward(Note::new(asked))),
            Some(code) => self.deny(asked, code, kept, request, &body),
        }
    }
}

impl Policy for Namespace {
    fn name(&self) -> &str {
        "namespace"
    }

    fn interest(&self, api: &Api, version: i16) -> Interest {
        coverage::interest(api, version)
    }

    fn request(&self, connection: &Connection, request: &mut Request) -> Decision {
        request
            .trimmed(|request| self.inbound(connection, request))
            .unwrap_or_else(|error| {
                Decision::Close(format!(
                    "a malformed {} request (version {}): {error}",
                    request.api.name, request.version
                ))
            })
    }

    fn response(&self, _connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        let Answer {
            api,
            version,
            note,
            response,
        } = answer;
        let mut body = response.body_bytes();
        let asked = note.get::<Asked>().cloned().unwrap_or_default();
        if asked.by_id {
            body = metadata::hide_others(self, api, version, &body).map_err(Withheld::new)?;
        } else if api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS {
            body = topic_partitions::end_with_prefix(self, api, version, &body).map_err(Withheld::new)?;
        }
        let mut visitor = Outbound::new(self, asked, api, version);
        visitor.look_ahead(&body).map_err(Withheld::new)?;
        let edits = walk(&api.response, version, &body, &mut visitor).map_err(Withheld::new)?;
        response.body = edits.apply(&body);
        Ok(())
    }
}
