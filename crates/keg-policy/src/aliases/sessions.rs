//! Share sessions, in which a member names a topic by its id once, and gets its records until it takes it back (KIP-932).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use keg_codec::Api;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{IntegerEdit, UuidEdit, Visitor, WalkError, walk};

use super::TopicAliases;
use super::ids::{Id, Named, exchange};
use super::set::Handle;
use crate::connection::Connection;
use crate::message::{Request, Response};
use crate::policy::{Decision, Note};
use crate::recent::Recent;

/// How many topics of a connection are remembered.
const MOST: usize = 1 << 12;

/// By the id of a topic, the alias that it is named by, if it is.
#[derive(Debug, Default)]
struct Names(Recent<Id, Option<Vec<u8>>, MOST>);

/// What is kept of a request.
#[derive(Debug)]
pub(super) struct InSession;

impl TopicAliases {
    /// A request in a session; `None` when ids are to be looked up first.
    pub(super) fn session_request(
        &self,
        connection: &Connection,
        request: &mut Request,
        body: &Bytes,
        looked_up: bool,
    ) -> Result<Option<Decision>, WalkError> {
        let mut visitor = InRequest::new(self, connection);
        let edits = walk(&request.api.request, request.version, body, &mut visitor)?;
        if visitor.unknown && !looked_up {
            return Ok(None);
        }
        let InRequest { named, forgotten, .. } = visitor;
        connection.remember(|names: &mut Names| {
            // Where a topic goes by one name and comes by another, it goes on by the one that it comes by.
            for it in named
                .iter()
                .filter(|it| forgotten.contains(it))
                .chain(named.difference(&forgotten))
            {
                let alias = match it.1 {
                    Handle::Alias(alias) => self.set.alias(alias).map(|alias| alias.name.to_vec()),
                    Handle::Direct(_) => None,
                };
                names.0.set(it.0, alias);
            }
        });
        request.body = edits.apply(body);
        Ok(Some(Decision::Forward(Note::new(InSession))))
    }

    pub(super) fn session_response(
        &self,
        connection: &Connection,
        api: &'static Api,
        version: i16,
        response: &mut Response,
    ) -> Result<(), WalkError> {
        let body = response.body_bytes();
        let mut visitor = InResponse { connection };
        response.body = walk(&api.response, version, &body, &mut visitor)?.apply(&body);
        Ok(())
    }
}

/// The visitor of a request.
struct InRequest<'a> {
    policy: &'a TopicAliases,
    connection: &'a Connection,
    /// Whether an id may be that of an alias.
    unknown: bool,
    /// The topics that are named, and how.
    named: BTreeSet<(Id, Handle)>,
    /// Those that are taken back.
    forgotten: BTreeSet<(Id, Handle)>,
    partitions: BTreeMap<(Id, i64), Handle>,
    /// Whether the topics at hand are taken back.
    forgets: bool,
    /// The topic at hand, and how it is named, if it is one of ours.
    topic: Option<(Id, Handle)>,
}

impl<'a> InRequest<'a> {
    fn new(policy: &'a TopicAliases, connection: &'a Connection) -> Self {
        Self {
            policy,
            connection,
            unknown: false,
            named: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            partitions: BTreeMap::new(),
            forgets: false,
            topic: None,
        }
    }
}

impl Visitor for InRequest<'_> {
    fn interest(&self) -> EntitySet {
        const { EntitySet::of(&[Entity::PartitionIndex, Entity::TopicId]) }
    }

    fn enter(&mut self, field: &'static Field) {
        match field.name {
            "Topics" => self.forgets = false,
            "ForgottenTopicsData" => self.forgets = true,
            _ => {}
        }
    }

    fn uuid(&mut self, _field: &'static Field, id: &Id) -> UuidEdit {
        self.topic = None;
        match self.policy.memory.named(&self.policy.set, self.connection, id) {
            Named::Known(handle, own) => {
                self.topic = Some((own, handle));
                let topics = if self.forgets {
                    &mut self.forgotten
                } else {
                    &mut self.named
                };
                topics.insert((own, handle));
                UuidEdit::Set(own)
            }
            Named::Unknown => {
                self.unknown = true;
                UuidEdit::Keep
            }
            Named::Other => UuidEdit::Keep,
        }
    }

    fn integer(&mut self, _field: &'static Field, partition: i64) -> IntegerEdit {
        let Some((topic, handle)) = self.topic else {
            return IntegerEdit::Keep;
        };
        if !self.forgets {
            self.partitions.insert((topic, partition), handle);
            return IntegerEdit::Keep;
        }
        // A partition that is taken back by one name, and wanted by another: for the broker it stays.
        match self.partitions.get(&(topic, partition)) {
            Some(wanted) if *wanted != handle => IntegerEdit::Drop,
            _ => IntegerEdit::Keep,
        }
    }
}

/// The visitor of a response.
struct InResponse<'a> {
    connection: &'a Connection,
}

impl Visitor for InResponse<'_> {
    fn interest(&self) -> EntitySet {
        const { EntitySet::of(&[Entity::TopicId]) }
    }

    fn uuid(&mut self, _field: &'static Field, id: &Id) -> UuidEdit {
        self.connection.remember(|names: &mut Names| match names.0.get(id) {
            Some(Some(alias)) => UuidEdit::Set(exchange(alias, id)),
            _ => UuidEdit::Keep,
        })
    }
}
