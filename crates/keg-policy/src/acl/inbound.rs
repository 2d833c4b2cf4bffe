//! Requests: what the client may do of what it asks for.

mod admission;
mod names;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor, WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode, is_transactional};

use super::beforehand::Refused;
use super::beside::Beside;
use super::client::Client;
use super::creation::Names;
use super::ids::TopicNames;
use super::needs;
use super::operation::{CLUSTER_NAME, Operation, ResourceType};
use super::settled::Settled;
use super::transactions;
use crate::namespace::metadata::{self, Picked};
use crate::namespace::topic_ids::NO_TOPIC_ID;
use crate::partial::{Judge, Side};

/// What is looked at in requests.
pub(super) const NAMED: EntitySet = EntitySet::of(&[
    Entity::BrokerId,
    Entity::ConfigResourceName,
    Entity::ConfigResourceType,
    Entity::CoordinatorKey,
    Entity::FetchSessionEpoch,
    Entity::FetchSessionId,
    Entity::GroupId,
    Entity::Records,
    Entity::TopicId,
    Entity::TopicName,
    Entity::TopicNameRegex,
    Entity::TransactionalId,
]);

/// A request, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) client: &'a Client<'a>,
    pub(super) names: &'a TopicNames,
    pub(super) api: &'static Api,
    pub(super) version: i16,
    pub(super) body: &'a Bytes,
    /// FindCoordinator: the kind of its keys, which stands behind the key in older versions.
    pub(super) coordinator_type: i64,
    /// What brokers refuse without looking at the rules.
    pub(super) refused: Option<&'a Refused>,
    /// DeleteTopics: the topics that there are, once they were looked up.
    pub(super) existing: Option<&'a Picked>,
    /// What there is of the topics beside denied ones, once they were looked up.
    pub(super) beside: Option<&'a Beside>,
    /// Metadata: whether a topic is named by its id. Brokers don't look at the names of others then.
    pub(super) by_id: bool,
    /// What the ids of the request name, once that is settled; other connections may add to what is known.
    pub(super) settled: Option<&'a Settled>,
}

/// The visitor of a request.
#[derive(Debug)]
pub(super) struct Inbound<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) judge: Judge,
    pub(super) settled: Settled,
    /// The topics that may be read, where there are sessions.
    pub(super) topics: Vec<Arc<[u8]>>,
    /// Fetch: the session, and how far it has come.
    pub(super) session: (i64, i64),
    /// The topics that the client may not create.
    pub(super) not_to_be_made: Names,
    /// Whether there may be topics among the admitted ones that the client may create, or that aren't told by name.
    pub(super) makes_some: bool,
    /// Whether there are tagged fields that aren't known, so that the known ones aren't the last.
    pub(super) has_unknown_tags: bool,
    /// Whether the client may create topics of any name, once that was asked.
    may_create_any: Option<bool>,
    /// DeleteTopics: the topics of which it isn't known whether they are there, where that makes a difference.
    pub(super) uncertain: Vec<Vec<u8>>,
    /// Whether decisions are told, which they are once.
    tells: bool,
    /// The ids of the topics that couldn't be decided on when decisions were told.
    untold: Option<&'a BTreeSet<[u8; 16]>>,
    /// Produce: whether the transactional id may be used, whether there is one, and whether it is used.
    writes_in_transaction: bool,
    names_transaction: bool,
    has_transaction: bool,
    /// What the client is told, where a response has a place for that.
    pub(super) reason: Option<String>,
    config_type: i64,
    /// How many topics came before.
    place: usize,
    /// DeleteTopics: whether the topic at hand has a name, which comes before its id.
    named: bool,
    /// Metadata: whether the topic at hand has an id, which comes before its name.
    by_id: bool,
}

impl<'a> Inbound<'a> {
    pub(super) fn new(asked: Asked<'a>, side: Side) -> Self {
        Self {
            asked,
            judge: Judge::new(asked.api, asked.version, side),
            settled: Settled::default(),
            topics: Vec::new(),
            session: (0, -1),
            not_to_be_made: Names::default(),
            makes_some: false,
            has_unknown_tags: false,
            may_create_any: None,
            uncertain: Vec::new(),
            tells: false,
            untold: None,
            writes_in_transaction: false,
            names_transaction: false,
            has_transaction: false,
            reason: None,
            config_type: 0,
            place: 0,
            named: false,
            by_id: false,
        }
    }

    /// Looks at all of a request. What is not admitted is found in the judge, and so is why the whole of it is refused.
    /// `untold` are the ids of the topics alone that are still to be told of, where all else was.
    pub(super) fn look(&mut self, untold: Option<&'a BTreeSet<[u8; 16]>>) -> Result<(), WalkError> {
        let asked = self.asked;
        self.tells = untold.is_none();
        self.untold = untold;
        match walk(&asked.api.request, asked.version, asked.body, self) {
            Err(error) if self.judge.refusal.is_none() => return Err(error),
            _ => {}
        }
        self.settled.settle();
        let all_seen = self.judge.admitted_all();
        if asked.api.key == ApiKey::PRODUCE
            && !self.writes_in_transaction
            && (self.has_transaction || !all_seen && transactions::has_some(&asked)?)
        {
            self.judge.refusal = Some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
        }
        Ok(())
    }

    /// Whether all that a Produce request names may be written to, whatever is written.
    pub(super) fn admits_without_records(asked: Asked<'a>) -> Result<bool, WalkError> {
        let mut visitor = Self::new(asked, Side::Admitted);
        walk(&asked.api.request, asked.version, asked.body, &mut visitor)?;
        // Without a transactional id no batches of transactions come behind.
        let may_be_in_transaction = visitor.writes_in_transaction || !visitor.names_transaction;
        Ok(may_be_in_transaction && visitor.judge.admitted_all() && visitor.settled.is_known())
    }
}

impl Visitor for Inbound<'_> {
    fn interest(&self) -> EntitySet {
        NAMED
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        self.named = value.is_some();
        let place = self.place;
        self.place += usize::from(field.entity == Entity::TopicName);
        self.makes_some |= self.by_id || !self.named;
        let key = self.asked.api.key;
        let Some(name) = value else {
            return Edit::Keep;
        };
        match field.entity {
            Entity::TopicName if self.by_id => Edit::Keep,
            Entity::TopicName if self.asked.by_id => Edit::Drop,
            Entity::TopicName
                if self
                    .asked
                    .refused
                    .is_some_and(|refused| refused.places.contains(&place)) =>
            {
                self.judge.judge(field, Err(ErrorCode::INVALID_REQUEST))
            }
            Entity::TopicName => self.topic(field, name),
            Entity::GroupId => {
                let admitted = self.admit(needs::group(key), ResourceType::Group, name);
                self.judge.judge(field, admitted)
            }
            Entity::TransactionalId if key == ApiKey::PRODUCE => {
                let client = self.asked.client;
                self.names_transaction = true;
                self.writes_in_transaction = client.could(Operation::Write, ResourceType::TransactionalId, name);
                Edit::Keep
            }
            Entity::TransactionalId => {
                let admitted = self.admit(needs::transactional_id(key), ResourceType::TransactionalId, name);
                self.judge.judge(field, admitted)
            }
            Entity::CoordinatorKey => self.coordinator(field, name),
            Entity::ConfigResourceName => self.resource(field, name),
            Entity::TopicNameRegex if self.judge.side() == Side::Admitted => self.regex(name),
            _ => Edit::Keep,
        }
    }

    fn bytes(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        if field.entity == Entity::Records {
            self.has_transaction |= value.is_some_and(is_transactional);
        }
        Edit::Keep
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        match field.entity {
            Entity::ConfigResourceType => self.config_type = value,
            Entity::FetchSessionId => self.session.0 = value,
            Entity::FetchSessionEpoch => self.session.1 = value,
            // A consumer is -1, a debugging one -2; what is not negative claims to be a broker.
            Entity::BrokerId if self.asked.api.key == ApiKey::FETCH && field.name == "ReplicaId" && value >= 0 => {
                let name = CLUSTER_NAME.as_bytes();
                if !self.may(Operation::ClusterAction, ResourceType::Cluster, name) {
                    self.judge.refusal = Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
                    return IntegerEdit::Refuse;
                }
            }
            _ => {}
        }
        IntegerEdit::Keep
    }

    fn uuid(&mut self, field: &'static Field, id: &[u8; 16]) -> UuidEdit {
        let is_id = *id != NO_TOPIC_ID;
        let edit = match self.asked.api.key {
            ApiKey::METADATA => {
                self.by_id = is_id && self.asked.version >= metadata::FIRST_BY_ID;
                match self.by_id {
                    true => self.topic_id(field, id),
                    false => Edit::Keep,
                }
            }
            // What a member says it owns; the coordinator assigns only what the group has subscribed to by name.
            ApiKey::CONSUMER_GROUP_HEARTBEAT => Edit::Keep,
            // It has a name, which was looked at.
            ApiKey::DELETE_TOPICS if self.named => Edit::Keep,
            _ if !is_id => self.judge.pass(),
            _ => self.topic_id(field, id),
        };
        match edit {
            Edit::Drop => UuidEdit::Drop,
            Edit::Refuse => UuidEdit::Refuse,
            _ => UuidEdit::Keep,
        }
    }

    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        self.has_unknown_tags = true;
        Verdict::Keep
    }
}
