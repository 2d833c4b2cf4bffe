//! Messages that go on while they still arrive.

mod alias;
mod beginning;
mod change;
mod ids;
mod plain;
mod step;
mod strings;

use std::mem;
use std::sync::Arc;

use beginning::Beginning;
use ids::Ids;
pub use ids::PassIds;
pub use strings::PassStrings;
use strings::Strings;

use super::WalkError;
use crate::schema::{Entity, EntitySet, Field, Message, Type, VersionSet};
use crate::wire::Reader;

/// A message that is checked as it passes, piece by piece, in constant memory.
///
/// Its length has been told already, so that nothing of it can be left out or put in but [what was](Self::beginning_with)
/// [reckoned with](Self::with_strings).
/// What is to be hidden is blanked in place: tagged fields that hold it get a tag that nobody knows, and zeros. So do tagged fields
/// that the tables don't know, which may name anything. Receivers skip them, as KIP-482 has it.
///
/// It checks what [`walk`](super::walk()) checks, but for what is within a tagged field that is blanked, and later than that: by the
/// time that something is wrong, what came before it is gone. All that is left to do then is to end the connection, which makes its receiver discard the message.
#[derive(Debug, Clone)]
pub struct Passage {
    version: i16,
    /// The version, as a set.
    set: VersionSet,
    flexible: bool,
    hidden: EntitySet,
    /// Whether tagged fields that the tables don't know pass, blanked.
    unknown: bool,
    /// Whether batches of a transaction pass.
    transactions: bool,
    beginning: Option<Beginning>,
    ids: Option<Ids>,
    strings: Option<Strings>,
    /// How many bytes of the message have not passed.
    left: usize,
    /// How many of them are to be left out.
    owed: usize,
    /// The places within the message that the next byte is at, the innermost last.
    levels: Vec<Level>,
    run: Run,
    /// How many bytes in a row were the most to pass unread since somebody asked.
    longest: usize,
}

/// What became of the bytes that a message begins or goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// So many go on.
    pub count: usize,
    /// So many, behind those, don't: what is put [instead](Passage::instead) goes on in their place. What comes next is behind
    /// these.
    pub left_out: usize,
}

impl Passed {
    const fn all(count: usize) -> Self {
        Self { count, left_out: 0 }
    }
}

/// Bytes that pass unread.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    length: usize,
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
    /// How many bytes may have to wait for some that are to come: a length, and what it takes to tell whether what it is of
    /// may pass.
    pub const HELD_BACK: usize = 5 + Beginning::LONGEST;

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
            set: VersionSet::one(version),
            flexible: message.flexible.contains(version),
            hidden,
            unknown: true,
            transactions: true,
            beginning: None,
            ids: None,
            strings: None,
            owed: 0,
            left: length,
            levels: vec![Level::fields(message.fields)],
            run: Run::default(),
            longest: 0,
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

    /// The same, in which every string of a kind has to begin so. If it is to be left out, `strings` says how many there are:
    /// no more and no fewer pass, so that as much comes out as was told.
    ///
    /// It is said before anything passes. `None` where such a string may stand in a tagged field, whose size is told before it,
    /// the beginning has more than 255 bytes, or the message isn't long enough for so many.
    #[must_use]
    pub fn beginning_with(mut self, entity: Entity, with: Arc<[u8]>, strings: Option<usize>) -> Option<Self> {
        let may_be_tagged = self.may_be_tagged(entity);
        self.owed = with.len().checked_mul(strings.unwrap_or(0))?;
        self.beginning = Some(Beginning::new(entity, with, strings.is_some())?);
        (!may_be_tagged && self.owed <= self.left).then_some(self)
    }

    /// Whether strings of a kind may stand in a tagged field.
    fn may_be_tagged(&self, entity: Entity) -> bool {
        let kinds = EntitySet::of(&[entity]);
        self.levels.iter().any(|level| match level {
            Level::Fields { all: fields, .. } | Level::Tags { fields, .. } => {
                fields.iter().any(|field| tags(field, self.version, kinds))
            }
            _ => false,
        })
    }

    /// The same, in which ids of a kind become what `ids` makes of them from here on.
    ///
    /// `None` in the midst of something that passes [unread](Self::unread), which may have such ids.
    #[must_use]
    pub fn with_ids(mut self, entity: Entity, ids: Arc<dyn PassIds>) -> Option<Self> {
        self.ids = Some(Ids::new(entity, ids));
        (self.run.left == 0).then_some(self)
    }

    /// The same, in which strings of a kind become what `strings` makes of them from here on; those of more than 255 bytes don't
    /// pass. Who tells how long the message is reckons with [what it grows by](Self::growth).
    ///
    /// `None` where such a string may stand in a tagged field, whose size is told before it.
    #[must_use]
    pub fn with_strings(mut self, entity: Entity, strings: Arc<dyn PassStrings>) -> Option<Self> {
        self.strings = Some(Strings::new(entity, strings));
        (!self.may_be_tagged(entity)).then_some(self)
    }

    /// How many bytes more go on than come, for each of the [strings](Self::with_strings) that become others.
    pub fn growth(&self) -> usize {
        self.strings.as_ref().map_or(0, |strings| strings.growth(self.flexible))
    }

    /// What goes on in the place of what was left out last.
    pub fn instead(&self) -> &[u8] {
        self.strings.as_ref().map_or(&[], |strings| &strings.new)
    }

    /// How many bytes have not passed.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Lets the next bytes of the message pass, changed where they must be, and says how many of them. If some behind those
    /// are left out, nobody has looked at what is behind these: it comes with the next call. Else those behind, at most
    /// [`HELD_BACK`](Self::HELD_BACK), belong together with some that are to come.
    ///
    /// # Errors
    /// When the message is not what it should be, or can't be hidden what is to be hidden.
    ///
    /// # Panics
    /// When there are more bytes than the message has.
    pub fn pass(&mut self, bytes: &mut [u8]) -> Result<Passed, WalkError> {
        assert!(bytes.len() <= self.left, "only {} bytes are left", self.left);
        if let Some(strings) = &mut self.strings {
            strings.new.clear();
        }
        let mut at = 0;
        loop {
            let rest = bytes.get_mut(at..).unwrap_or_default();
            at += self.run(rest);
            if self.run.left > 0 {
                return Ok(Passed::all(at));
            }
            let Some(level) = self.levels.pop() else {
                return match self.left {
                    0 => Ok(Passed::all(at)),
                    count => Err(WalkError::TrailingBytes { count }),
                };
            };
            let depth = self.levels.len();
            let rest = bytes.get_mut(at..).unwrap_or_default();
            let mut reader = Reader::new(rest);
            let change = match self.step(level, &mut reader) {
                Ok(change) => change,
                Err(WalkError::Truncated { .. }) if rest.len() < self.left => {
                    // It is tried again when more is there, as if it had not been.
                    self.levels.truncate(depth);
                    self.levels.push(level);
                    return Ok(Passed::all(at));
                }
                Err(error) => return Err(error),
            };
            let consumed = reader.position();
            let left_out = change.map_or(0, |change| change.write(self, rest));
            at += consumed;
            self.left -= consumed + left_out;
            // What is still to be left out is behind what passes unread.
            let needed = self.run.left.saturating_add(self.owed);
            if needed > self.left {
                let left = self.left;
                return Err(WalkError::Truncated { needed, left });
            }
            if left_out > 0 {
                return Ok(Passed { count: at, left_out });
            }
        }
    }

    /// How many of the next bytes pass as they are, whatever they are: records, mostly. Nobody need have them here for that.
    pub fn unread(&self) -> usize {
        if self.run.blank { 0 } else { self.run.left }
    }

    /// How many bytes in a row were the most to pass unread since this was asked last, those that still do included. What comes next
    /// is likely to be as long.
    pub fn take_longest_unread(&mut self) -> usize {
        let goes_on = if self.unread() > 0 { self.run.length } else { 0 };
        mem::replace(&mut self.longest, goes_on)
    }

    /// Lets so many bytes pass that are not here.
    ///
    /// # Panics
    /// When they are more than those that pass [unread](Self::unread).
    pub fn pass_unread(&mut self, count: usize) {
        assert!(count <= self.unread(), "only {} bytes pass unread", self.unread());
        self.run.left -= count;
        self.left -= count;
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

/// Whether something of the kinds stands in a tagged field that is within this one, or is this one.
fn tags(field: &Field, version: i16, kinds: EntitySet) -> bool {
    match field.ty {
        _ if field.is_tagged(version) => shows(field, version, kinds),
        Type::Struct(nested) => nested.iter().any(|field| tags(field, version, kinds)),
        _ => false,
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
