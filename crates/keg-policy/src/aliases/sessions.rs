//! Share sessions, in which a member names a topic by its id once, and gets its records until it takes it back (KIP-932).

use bytes::Bytes;
use keg_codec::Api;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{UuidEdit, Visitor, WalkError, walk};

use super::TopicAliases;
use super::ids::{Id, exchange};
use super::inbound::{Inbound, Side};
use super::recent::Recent;
use crate::connection::Connection;
use crate::message::{Request, Response};
use crate::policy::{Decision, Note};

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
        let mut visitor = Inbound::new(self, connection, request.api, request.version, Side::Whole);
        let edits = walk(&request.api.request, request.version, body, &mut visitor)?;
        let found = visitor.found;
        if found.unknown && !looked_up {
            return Ok(None);
        }
        connection.remember(|names: &mut Names| {
            for id in found.direct {
                names.0.set(id, None);
            }
            for (id, alias) in found.ids {
                let alias = self.set.alias(alias).map(|alias| alias.name.to_vec());
                names.0.set(id, alias);
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
        let mut visitor = Ids { connection };
        response.body = walk(&api.response, version, &body, &mut visitor)?.apply(&body);
        Ok(())
    }
}

struct Ids<'a> {
    connection: &'a Connection,
}

impl Visitor for Ids<'_> {
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
