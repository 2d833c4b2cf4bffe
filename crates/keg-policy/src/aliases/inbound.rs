//! Requests: aliases become the names of their topics.

use std::borrow::Cow;
use std::collections::BTreeMap;

use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor};
use keg_codec::{Api, ApiKey, ErrorCode};

use super::TopicAliases;
use super::coverage::{NAMED, joins, splits, subscribes};
use super::ids::{Id, Named};
use super::parts::Plan;
use super::producers;
use super::set::Handle;
use crate::connection::Connection;
use crate::namespace::alters::alters;
use crate::namespace::embedded;
use crate::namespace::topic_ids::NO_TOPIC_ID;

/// Which part of a request is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side<'a> {
    /// All of it.
    Whole,
    /// What goes on at this turn.
    Turn(&'a Plan, usize),
    /// What is denied for this reason, under the client's names.
    Denied(ErrorCode),
}

/// What a request names.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// How the topics are named, each way once, in the order of the request.
    pub(super) handles: BTreeMap<usize, Vec<Handle>>,
    /// The topics' own ids, where an alias was named by id.
    pub(super) ids: Vec<(Id, usize)>,
    /// Whether an alias is named at all.
    pub(super) aliases: bool,
    /// Whether something else is named that goes on.
    pub(super) others: bool,
    /// Whether an id may be that of an alias.
    pub(super) unknown: bool,
    /// Why elements are denied, each reason once.
    pub(super) denied: Vec<ErrorCode>,
    /// Whether something is named that is not denied.
    pub(super) kept: bool,
    /// Fetch: the session, and how far it has come.
    pub(super) session: (i64, i64),
    /// A member's subscription: whether the request says it.
    pub(super) subscribes: bool,
}

/// The visitor of a request.
#[derive(Debug)]
pub(super) struct Inbound<'a> {
    policy: &'a TopicAliases,
    connection: &'a Connection,
    api: &'static Api,
    side: Side<'a>,
    /// Fetch: whether there is to be no session, which would mix names.
    pub(super) no_session: bool,
    /// Whether the bytes at hand are those of consumers.
    pub(super) consumers: bool,
    pub(super) found: Found,
    config_type: i64,
    /// Produce: how the topic at hand is named, if it is one of ours.
    topic: Option<Handle>,
    partition: i64,
    /// Produce: how many partitions of the topic at hand stay.
    partitions: usize,
}

impl<'a> Inbound<'a> {
    pub(super) fn new(
        policy: &'a TopicAliases,
        connection: &'a Connection,
        api: &'static Api,
        version: i16,
        side: Side<'a>,
    ) -> Self {
        let found = Found {
            subscribes: subscribes(api.key) && api.versions().contains(version),
            ..Found::default()
        };
        Self {
            policy,
            connection,
            api,
            side,
            no_session: false,
            consumers: false,
            found,
            config_type: 0,
            topic: None,
            partition: 0,
            partitions: 0,
        }
    }

    /// Takes note of how a topic is named; true when that is new.
    fn note(&mut self, handle: Handle) -> bool {
        let Some(target) = self.policy.set.target(handle) else {
            return false;
        };
        let handles = self.found.handles.entry(target).or_default();
        self.found.aliases |= matches!(handle, Handle::Alias(_));
        let is_new = !handles.contains(&handle);
        if is_new {
            handles.push(handle);
        }
        is_new
    }

    /// Why nothing may be done to the topic by this name, if so.
    fn denial(&self, handle: Handle) -> Option<ErrorCode> {
        let is_denied = matches!(handle, Handle::Alias(_)) && alters(self.api.key, Entity::TopicName);
        is_denied.then_some(match self.api.key {
            ApiKey::CREATE_TOPICS => ErrorCode::TOPIC_ALREADY_EXISTS,
            _ => ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        })
    }

    fn deny(&mut self, code: ErrorCode) {
        if !self.found.denied.contains(&code) {
            self.found.denied.push(code);
        }
    }

    /// Whether what is named so stays in the part that is wanted.
    fn keeps(&mut self, handle: Option<Handle>) -> bool {
        self.topic = handle;
        self.partitions = 0;
        let denial = handle.and_then(|handle| self.denial(handle));
        match (self.side, denial) {
            (Side::Whole, Some(code)) => self.deny(code),
            (Side::Whole, None) => {
                self.found.kept |= self.api.key != ApiKey::PRODUCE;
                match handle {
                    Some(handle) => drop(self.note(handle)),
                    None => self.found.others = true,
                }
            }
            (Side::Turn(_, turn), None) => {
                let rank = handle.map_or(0, |handle| self.rank(handle));
                return rank == turn;
            }
            (Side::Turn(..), Some(_)) => return false,
            // Produce decides further down.
            (Side::Denied(_), None) => return self.api.key == ApiKey::PRODUCE,
            (Side::Denied(wanted), Some(code)) => return wanted == code,
        }
        true
    }

    fn rank(&self, handle: Handle) -> usize {
        match self.side {
            Side::Turn(plan, _) => plan.rank(&self.policy.set, handle),
            Side::Whole | Side::Denied(_) => 0,
        }
    }

    fn renames(&self) -> bool {
        !matches!(self.side, Side::Denied(_))
    }

    fn renamed(&self, handle: Handle) -> Edit<'a> {
        let policy: &'a TopicAliases = self.policy;
        match handle {
            Handle::Alias(alias) if self.renames() => match policy.set.topic_of(alias) {
                Some(topic) => Edit::Replace(Cow::Borrowed(&topic.name)),
                None => Edit::Keep,
            },
            _ => Edit::Keep,
        }
    }

    fn name(&mut self, field: &'static Field, name: &[u8]) -> Edit<'a> {
        let handle = self.policy.set.handle(self.connection, name);
        if splits(self.api.key) {
            return match self.keeps(handle) {
                true => handle.map_or(Edit::Keep, |handle| self.renamed(handle)),
                false => Edit::Drop,
            };
        }
        let Some(handle) = handle else {
            return Edit::Keep;
        };
        // What a topology calls so, the coordinator makes if it isn't there.
        if field.name == "Name" && matches!(handle, Handle::Alias(_)) {
            self.deny(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        }
        let is_first = self.policy.set.target(handle).is_some_and(|target| {
            let handles = self.found.handles.get(&target);
            handles.is_none_or(Vec::is_empty)
        });
        self.note(handle);
        match is_first || !subscribes(self.api.key) {
            true => self.renamed(handle),
            // A member subscribes to a topic once.
            false => Edit::Drop,
        }
    }

    fn embedded(&mut self, field: &'static Field, bytes: &[u8]) -> Edit<'a> {
        let mut seen = Vec::new();
        let rewritten = embedded::rewrite_fields(field.entity, bytes, |field, name| {
            let Some(handle) = self.policy.set.handle(self.connection, name) else {
                return Edit::Keep;
            };
            self.note(handle);
            let target = self.policy.set.target(handle);
            // The subscription itself is a list of names.
            if field.array && seen.contains(&target) {
                return Edit::Drop;
            }
            if field.array {
                seen.push(target);
            }
            self.renamed(handle)
        });
        match rewritten {
            Ok(Some(bytes)) => Edit::Replace(bytes.into()),
            Ok(None) | Err(_) => Edit::Keep,
        }
    }

    /// Produce: a partition's records, which may continue a sequence under another name.
    fn records(&mut self, records: &[u8]) -> Edit<'a> {
        let refused = self.topic.is_some_and(|handle| {
            let writer = producers::writer(&self.policy.set, handle, self.partition, records);
            let name = self.policy.set.name(handle);
            let allowed = writer
                .zip(name)
                .is_none_or(|(writer, name)| self.policy.memory.may_write(writer, name));
            !allowed
        });
        let stays = match self.side {
            Side::Whole => {
                match refused {
                    true => self.deny(producers::REFUSED),
                    false => self.found.kept = true,
                }
                true
            }
            Side::Turn(..) => !refused,
            Side::Denied(code) => refused && code == producers::REFUSED,
        };
        self.partitions += usize::from(stays);
        if stays { Edit::Keep } else { Edit::Drop }
    }
}

impl Visitor for Inbound<'_> {
    fn interest(&self) -> EntitySet {
        const FETCH: EntitySet = NAMED.union(EntitySet::of(&[Entity::FetchSessionEpoch, Entity::FetchSessionId]));
        const PRODUCE: EntitySet = NAMED.union(EntitySet::of(&[Entity::PartitionIndex, Entity::Records]));
        match self.api.key {
            ApiKey::FETCH => FETCH,
            ApiKey::PRODUCE => PRODUCE,
            _ => NAMED,
        }
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let Some(name) = value else {
            return Edit::Keep;
        };
        match field.entity {
            // Behind an id, the Java client leaves the name empty.
            Entity::TopicName if name.is_empty() => Edit::Keep,
            // The place of a page is seen to by itself.
            Entity::TopicName if self.api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS && field.name != "Name" => {
                Edit::Keep
            }
            Entity::TopicName => self.name(field, name),
            Entity::ConfigResourceName if self.config_type == 2 => self.name(field, name),
            Entity::ConfigResourceName => match self.keeps(None) {
                true => Edit::Keep,
                false => Edit::Drop,
            },
            Entity::ProtocolType => {
                self.consumers |= name == b"consumer";
                Edit::Keep
            }
            _ => Edit::Keep,
        }
    }

    fn bytes(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        match (field.entity, value) {
            (Entity::Records, Some(records)) => self.records(records),
            (Entity::Records, None) => self.records(&[]),
            (Entity::ConsumerSubscription | Entity::ConsumerAssignment, Some(bytes))
                if self.consumers && joins(self.api.key) =>
            {
                self.embedded(field, bytes)
            }
            _ => Edit::Keep,
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        match field.entity {
            Entity::ConfigResourceType => self.config_type = value,
            Entity::PartitionIndex => self.partition = value,
            Entity::FetchSessionId => self.found.session.0 = value,
            Entity::FetchSessionEpoch => {
                self.found.session.1 = value;
                if self.no_session && value == 0 {
                    return IntegerEdit::Set(-1);
                }
            }
            _ => {}
        }
        IntegerEdit::Keep
    }

    fn uuid(&mut self, _field: &'static Field, id: &Id) -> UuidEdit {
        if *id == NO_TOPIC_ID {
            return UuidEdit::Keep;
        }
        let (handle, own) = match self.policy.memory.named(&self.policy.set, self.connection, id) {
            Named::Known(handle, own) => (Some(handle), own),
            Named::Unknown => {
                self.found.unknown = true;
                (None, *id)
            }
            Named::Other => (None, *id),
        };
        if splits(self.api.key) && !self.keeps(handle) {
            return UuidEdit::Drop;
        }
        match handle {
            Some(Handle::Alias(alias)) if self.renames() => {
                self.found.aliases = true;
                if !self.found.ids.contains(&(own, alias)) {
                    self.found.ids.push((own, alias));
                }
                UuidEdit::Set(own)
            }
            _ => UuidEdit::Keep,
        }
    }

    fn leave(&mut self, field: &'static Field) -> Verdict {
        let is_empty = field.name == "TopicData" && self.partitions == 0;
        match self.side {
            Side::Turn(..) | Side::Denied(_) if is_empty => Verdict::Drop,
            _ => Verdict::Keep,
        }
    }

    fn null_array(&mut self, field: &'static Field) -> Verdict {
        match self.side {
            // All topics of a group: they were asked for at the first turn.
            Side::Turn(_, 1..) if self.api.key == ApiKey::OFFSET_FETCH => Verdict::Drop,
            _ => {
                self.found.subscribes &= field.name != "SubscribedTopicNames";
                Verdict::Keep
            }
        }
    }
}
