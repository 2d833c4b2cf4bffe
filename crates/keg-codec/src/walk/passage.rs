//! Messages that go on while they still arrive.

mod alias;
mod step;

use super::WalkError;
use crate::produce::TRANSACTIONAL_WITHIN;
use crate::schema::{EntitySet, Field, Message, Type};
use crate::wire::Reader;

/// A message that is checked as it passes, piece by piece, in constant memory.
///
/// Its length has been told already, so that nothing of it can be left out. What is to be hidden is blanked in place:
/// tagged fields that hold it get a tag that nobody knows, and zeros. So do tagged fields that the tables don't know, which
/// may name anything. Receivers skip them, as KIP-482 has it.
///
/// It checks what [`walk`](super::walk()) checks, but for what is within a tagged field that is blanked, and later than that: by the
/// time that something is wrong, what came before it is gone. All that is left to do then is to end the connection, which makes its receiver discard the message.
#[derive(Debug, Clone)]
pub struct Passage {
    version: i16,
    flexible: bool,
    hidden: EntitySet,
    /// Whether tagged fields that the tables don't know pass, blanked.
    unknown: bool,
    /// Whether batches of a transaction pass.
    transactions: bool,
    /// How many bytes of the message have not passed.
    left: usize,
    /// The places within the message that the next byte is at, the innermost last.
    levels: Vec<Level>,
    run: Run,
}

/// Bytes that pass unread.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    left: usize,
    blank: bool,
}

#[derive(Debug, Clone, Copy)]
enum Level {
    /// The fields of a structure that are to come, and then its tagged fields.
    Fields {
        all: &'static [Field],
        rest: &'static [Field],
    },
    /// The elements of an array that are to come.
    Elements { field: &'static Field, left: usize },
    /// The tagged fields of a structure that are to come.
    Tags {
        fields: &'static [Field],
        left: u32,
        previous: Option<u32>,
        /// Whether one before was blanked that the receiver would have known.
        blanked: bool,
    },
    /// A tagged field, and how many bytes of the message are left behind it.
    Tagged {
        field: &'static Field,
        begun: bool,
        behind: usize,
    },
}

impl Passage {
    /// How many bytes may have to wait for some that are to come.
    pub const HELD_BACK: usize = 5 + TRANSACTIONAL_WITHIN;

    /// A message of `length` bytes of which nothing has come.
    ///
    /// `None` where something of `hidden` stands outside of tagged fields: such a message can't pass.
    pub fn new(message: &'static Message, version: i16, length: usize, hidden: EntitySet) -> Option<Self> {
        let bare = message
            .fields
            .iter()
            .any(|field| !field.is_tagged(version) && shows(field, version, hidden));
        (!bare).then(|| Self {
            version,
            flexible: message.flexible.contains(version),
            hidden,
            unknown: true,
            transactions: true,
            left: length,
            levels: vec![Level::fields(message.fields)],
            run: Run::default(),
        })
    }

    /// The same, which tagged fields that the tables don't know can't pass: blanked, they would be another message to a
    /// receiver that knows them.
    #[must_use]
    pub fn without_unknown_tags(mut self) -> Self {
        self.unknown = false;
        self
    }

    /// The same, which batches that are [a part of a transaction](crate::is_transactional) can't pass.
    #[must_use]
    pub fn without_transactions(mut self) -> Self {
        self.transactions = false;
        self
    }

    /// How many bytes have not passed.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Lets the next bytes of the message pass, changed where they must be, and says how many of them. Those behind, at
    /// most [`HELD_BACK`](Self::HELD_BACK), belong together with some that are to come.
    ///
    /// # Errors
    /// When the message is not what it should be, or can't be hidden what is to be hidden.
    ///
    /// # Panics
    /// When there are more bytes than the message has.
    pub fn pass(&mut self, bytes: &mut [u8]) -> Result<usize, WalkError> {
        assert!(bytes.len() <= self.left, "only {} bytes are left", self.left);
        let mut at = 0;
        loop {
            let rest = bytes.get_mut(at..).unwrap_or_default();
            at += self.run(rest);
            if self.run.left > 0 {
                return Ok(at);
            }
            let Some(level) = self.levels.pop() else {
                return match self.left {
                    0 => Ok(at),
                    count => Err(WalkError::TrailingBytes { count }),
                };
            };
            let depth = self.levels.len();
            let rest = bytes.get_mut(at..).unwrap_or_default();
            let mut reader = Reader::new(rest);
            let alias = match self.step(level, &mut reader) {
                Ok(alias) => alias,
                Err(WalkError::Truncated { .. }) if rest.len() < self.left => {
                    // It is tried again when more is there, as if it had not been.
                    self.levels.truncate(depth);
                    self.levels.push(level);
                    return Ok(at);
                }
                Err(error) => return Err(error),
            };
            let consumed = reader.position();
            if let Some(alias) = alias {
                alias.write(rest);
            }
            at += consumed;
            self.left -= consumed;
            if self.run.left > self.left {
                return Err(WalkError::Truncated {
                    needed: self.run.left,
                    left: self.left,
                });
            }
        }
    }

    /// Lets bytes pass unread, as far as they go.
    fn run(&mut self, bytes: &mut [u8]) -> usize {
        let count = self.run.left.min(bytes.len());
        if let (true, Some(run)) = (self.run.blank, bytes.get_mut(..count)) {
            run.fill(0);
        }
        self.run.left -= count;
        self.left -= count;
        count
    }
}

impl Level {
    const fn fields(fields: &'static [Field]) -> Self {
        Self::Fields {
            all: fields,
            rest: fields,
        }
    }
}

/// Whether a field, or one within it, is of one of the kinds.
fn shows(field: &Field, version: i16, kinds: EntitySet) -> bool {
    if !field.versions.contains(version) {
        return false;
    }
    match field.ty {
        Type::Struct(nested) => nested.iter().any(|field| shows(field, version, kinds)),
        _ => kinds.contains(field.entity),
    }
}
