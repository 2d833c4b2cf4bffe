//! A walk that changes what a namespace and an address book change, without policies: what the codec costs by itself.

use std::borrow::Cow;

use keg_codec::Rope;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, Visitor, WalkError, walk};

use crate::messages::Message;

/// Prefixes topics, and replaces addresses of nodes.
struct Rewriting;

impl Visitor for Rewriting {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName, Entity::BrokerHost, Entity::BrokerPort])
    }

    fn string(&mut self, field: &'static Field, _value: Option<&[u8]>) -> Edit<'_> {
        match field.entity {
            Entity::TopicName => Edit::Prepend(b"team-a-"),
            _ => Edit::Replace(Cow::Borrowed(b"broker-1.team-a.kafka.example")),
        }
    }

    fn integer(&mut self, _field: &'static Field, _value: i64) -> IntegerEdit {
        IntegerEdit::Set(19_092)
    }
}

/// The message with other names and addresses.
///
/// # Errors
/// When the message is malformed.
pub(crate) fn rewrite(message: &Message) -> Result<Rope, WalkError> {
    let edits = walk(message.table(), message.version, &message.body, &mut Rewriting)?;
    Ok(edits.apply(&message.body))
}
