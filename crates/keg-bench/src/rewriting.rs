//! A walk that changes what a namespace and an address book change, without policies: what the codec costs by itself.

use std::borrow::Cow;

use keg_codec::Rope;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, Passage, Visitor, WalkError, walk};

use crate::Outcome;
use crate::messages::{self, Message};

/// What the names of topics get in front.
pub const PREFIX: &str = "team-a-";
/// What hosts of nodes become.
pub const HOST: &str = "broker-1.team-a.kafka.example";
/// What ports of nodes become.
pub const PORT: u16 = 19_092;

/// A message whose rewriting is compared with other ways to do it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What it is called in the table.
    pub name: &'static str,
    /// Makes the message.
    pub message: fn() -> Outcome<Message>,
}

/// The messages that are rewritten.
pub const ROWS: &[Row] = &[
    Row {
        name: "Produce 9 of 1 KB",
        message: || messages::produce(9, 1024),
    },
    Row {
        name: "Produce 9 of 1 MB",
        message: || messages::produce(9, 1 << 20),
    },
    Row {
        name: "Fetch 16 of 1 MB",
        message: || messages::fetch_by_id(1 << 20),
    },
    Row {
        name: "Fetch 12 of 10 topics with 10 partitions of 10 KB",
        message: || messages::fetch_by_name(10 * 1024),
    },
    Row {
        name: "Metadata 12 of 200 topics with 12 partitions",
        message: || messages::metadata(200, 12),
    },
];

/// Prefixes topics, and replaces addresses of nodes.
struct Rewriting;

impl Visitor for Rewriting {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName, Entity::BrokerHost, Entity::BrokerPort])
    }

    fn string(&mut self, field: &'static Field, _value: Option<&[u8]>) -> Edit<'_> {
        match field.entity {
            Entity::TopicName => Edit::Prepend(PREFIX.as_bytes()),
            _ => Edit::Replace(Cow::Borrowed(HOST.as_bytes())),
        }
    }

    fn integer(&mut self, _field: &'static Field, _value: i64) -> IntegerEdit {
        IntegerEdit::Set(PORT.into())
    }
}

/// The message with other names and addresses.
///
/// # Errors
/// When the message is malformed.
pub fn rewrite(message: &Message) -> Result<Rope, WalkError> {
    Ok(walk(message.table(), message.version, &message.body, &mut Rewriting)?.apply(&message.body))
}

/// How much of a message comes at a time.
const PIECE: usize = 256 * 1024;

/// Says what passes of a message of so many bytes.
pub(crate) type Guard = fn(&Message, usize) -> Option<Passage>;

/// Lets a message pass as it is.
pub(crate) fn as_it_is(message: &Message, length: usize) -> Option<Passage> {
    Passage::new(message.table(), message.version, length, EntitySet::EMPTY)
}

/// Blanks the addresses of nodes.
pub(crate) fn without_addresses(message: &Message, length: usize) -> Option<Passage> {
    const ADDRESSES: EntitySet = EntitySet::of(&[Entity::BrokerHost, Entity::BrokerPort]);
    Passage::new(message.table(), message.version, length, ADDRESSES)
}

/// Takes off what the names of the ten topics begin with.
pub(crate) fn without_beginnings(message: &Message, length: usize) -> Option<Passage> {
    as_it_is(message, length)?.beginning_with(Entity::TopicName, (*b"topic-").into(), Some(10))
}

/// Lets the bytes of a message pass as they come.
///
/// # Errors
/// When the message is malformed, or can't pass.
pub(crate) fn pass(message: &Message, guard: Guard, bytes: &mut [u8]) -> Outcome<()> {
    let mut passage = guard(message, bytes.len()).ok_or("the message can't pass")?;
    follow(&mut passage, bytes)
}

/// The same for what is left of a message.
///
/// # Errors
/// When it is malformed, or can't pass.
pub(crate) fn follow(passage: &mut Passage, bytes: &mut [u8]) -> Outcome<()> {
    let mut at = 0;
    while passage.left() > 0 {
        let end = bytes.len().min(at + PIECE);
        let passed = passage.pass(bytes.get_mut(at..end).unwrap_or_default())?;
        at += passed.count + passed.left_out;
    }
    Ok(())
}
