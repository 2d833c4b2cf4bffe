//! One interpreter over the schema tables: checks a message, shows its fields, and changes them.
//!
//! The walk is also the guard in front of every decoder: lengths and counts are checked against the
//! bytes that remain, and nothing is allocated for what is merely claimed.

mod edits;
mod error;
mod pass;
mod passage;
mod skim;
mod value;
mod visitor;

pub use edits::Edits;
pub use error::WalkError;
pub use passage::{PassIds, PassStrings, Passage, Passed};
pub use visitor::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor};

use crate::schema::{EntitySet, Field, Message, Type, VersionSet};
use crate::wire::{Reader, put_length32, put_varint};

/// Walks a message of the given version from its first byte to its last.
///
/// # Errors
/// When the bytes are not such a message, or the visitor refuses it. The version must be one that the message has;
/// fields are taken by their ranges of versions.
pub fn walk<V: Visitor>(
    message: &'static Message,
    version: i16,
    body: &[u8],
    visitor: &mut V,
) -> Result<Edits, WalkError> {
    let mut edits = Edits::default();
    let mut walker = Walker::new(message, version, body, visitor, &mut edits);
    walker.fields(message.fields)?;
    walker.end()?;
    Ok(edits)
}

/// Like [`walk`], but leaves alone what follows the last field, and says where that is.
///
/// Embedded structures may be of a newer version, which adds fields behind those that are known.
///
/// # Errors
/// As [`walk`].
pub fn walk_prefix<V: Visitor>(
    message: &'static Message,
    version: i16,
    body: &[u8],
    visitor: &mut V,
) -> Result<(Edits, usize), WalkError> {
    let mut edits = Edits::default();
    let mut walker = Walker::new(message, version, body, visitor, &mut edits);
    walker.fields(message.fields)?;
    let consumed = walker.reader.position();
    Ok((edits, consumed))
}

/// Checks that the bytes are a message of this version, and nothing else.
///
/// # Errors
/// When they aren't.
pub fn check(message: &'static Message, version: i16, body: &[u8]) -> Result<(), WalkError> {
    let (mut guard, mut edits) = (Guard, Edits::default());
    let mut walker = Walker::new(message, version, body, &mut guard, &mut edits);
    walker.skim(message.fields)?;
    walker.end()
}

/// Whether it is plain to see that the bytes are a message of this version, and that no value of these kinds stands in it: a
/// string that is null is none.
///
/// It is quick, and mostly right about ordinary messages. It isn't said of those that are malformed or have tagged fields: they
/// must be [walked](walk()).
pub fn says_nothing_of(kinds: EntitySet, message: &'static Message, version: i16, body: &[u8]) -> bool {
    let version = (VersionSet::one(version), message.flexible.contains(version));
    pass::pass(kinds, message.fields, version, body, 0) == Some(body.len())
}

/// The same where values of these kinds may stand in it, as long as each is fine. They are shown as they stand there, without
/// their lengths; of those that aren't fine only the first is.
///
/// It isn't said of messages that have arrays of such values, other than as fields of their elements.
pub fn says_only_what_is_fine<'a>(
    kinds: EntitySet,
    message: &'static Message,
    version: i16,
    body: &'a [u8],
    is_fine: impl Fn(&'static Field, &'a [u8]) -> bool,
) -> bool {
    let version = (VersionSet::one(version), message.flexible.contains(version));
    pass::pass((kinds, &is_fine), message.fields, version, body, 0) == Some(body.len())
}

struct Guard;

impl Visitor for Guard {
    fn interest(&self) -> EntitySet {
        EntitySet::EMPTY
    }
}

struct Walker<'a, V> {
    reader: Reader<'a>,
    version: i16,
    /// The same, to look for in sets.
    this: VersionSet,
    flexible: bool,
    interest: EntitySet,
    visitor: &'a mut V,
    edits: &'a mut Edits,
    in_element: bool,
    /// The field that asked for the innermost element to be dropped.
    dropping: Option<&'static Field>,
}

impl<'a, V: Visitor> Walker<'a, V> {
    fn new(message: &'static Message, version: i16, body: &'a [u8], visitor: &'a mut V, edits: &'a mut Edits) -> Self {
        Self {
            reader: Reader::new(body),
            version,
            this: VersionSet::one(version),
            flexible: message.flexible.contains(version),
            interest: visitor.interest(),
            visitor,
            edits,
            in_element: false,
            dropping: None,
        }
    }

    /// Nothing may follow the last field.
    fn end(&self) -> Result<(), WalkError> {
        match self.reader.remaining() {
            0 => Ok(()),
            count => Err(WalkError::TrailingBytes { count }),
        }
    }

    fn fields(&mut self, fields: &'static [Field]) -> Result<(), WalkError> {
        for field in fields {
            if !field.in_place.intersects(self.this) {
                continue;
            }
            if field.size != 0 && !field.array && !field.entities().intersects(self.interest) {
                // Most fields are numbers that nobody looks at.
                self.reader.skip(field.size.into())?;
            } else {
                self.field(field)?;
            }
        }
        if !self.flexible || self.reader.skip_zero() {
            // Most have no tagged fields.
            return Ok(());
        }
        self.tagged_section(fields)
    }

    #[cold]
    fn tagged_section(&mut self, fields: &'static [Field]) -> Result<(), WalkError> {
        let mut previous = None;
        let mark = self.edits.mark();
        let before_count = self.reader.position();
        let count = self.reader.varint()?;
        let after_count = self.reader.position();
        let mut kept = count;
        for _ in 0..count {
            let before_tag = self.reader.position();
            let tag = self.reader.tag(&mut previous)?;
            let before_size = self.reader.position();
            let size = self.reader.varint()? as usize;
            let known = fields
                .iter()
                .find(|field| field.is_tagged(self.version) && field.tag.is_some_and(|it| u32::from(it.number) == tag));
            match known {
                Some(field) => self.tagged(field, before_size, size)?,
                None => {
                    self.reader.take(size)?;
                    match self.visitor.unknown_tag(tag) {
                        Verdict::Keep => {}
                        Verdict::Drop => {
                            kept -= 1;
                            let dropped = before_tag..self.reader.position();
                            self.edits.drop_since(self.edits.mark(), dropped)?;
                        }
                        Verdict::Refuse => return Err(WalkError::UnknownTag { tag }),
                    }
                }
            }
        }
        if kept == count {
            return Ok(());
        }
        self.edits.patch(mark, before_count..after_count, |out| {
            put_varint(out, kept);
            Ok(())
        })
    }

    fn tagged(&mut self, field: &'static Field, before_size: usize, size: usize) -> Result<(), WalkError> {
        let start = self.reader.position();
        if size > self.reader.remaining() {
            return Err(WalkError::Truncated {
                needed: size,
                left: self.reader.remaining(),
            });
        }
        let mark = self.edits.mark();
        self.field(field)?;
        let end = self.reader.position();
        if end - start != size {
            return Err(WalkError::TagSize {
                field: field.name,
                left: size.saturating_sub(end - start),
            });
        }
        let changed = self.edits.size_since(mark, size);
        if changed != size {
            let changed = u32::try_from(changed).map_err(|_| WalkError::TooLong { length: changed })?;
            self.edits.patch(mark, before_size..start, |out| {
                put_varint(out, changed);
                Ok(())
            })?;
        }
        Ok(())
    }

    // Inlined, as is all that it calls, into the walk over a level: a call for each field takes as long as what it does.
    #[inline(always)]
    fn field(&mut self, field: &'static Field) -> Result<(), WalkError> {
        match (field.array, field.ty) {
            (true, _) => self.array(field),
            (false, Type::Struct(nested)) => {
                if field.null.intersects(self.this) && self.reader.int8()? < 0 {
                    return Ok(());
                }
                self.fields(nested)
            }
            (false, _) => self.value(field, field.null.intersects(self.this)),
        }
    }

    #[inline(always)]
    fn array(&mut self, field: &'static Field) -> Result<(), WalkError> {
        let mark = self.edits.mark();
        let before_count = self.reader.position();
        let Some(count) = self.reader.length32(self.flexible)? else {
            return self.null(field);
        };
        let after_count = self.reader.position();
        if count > self.reader.remaining() {
            return Err(WalkError::CountBeyondMessage {
                count,
                left: self.reader.remaining(),
            });
        }
        let kept = if field.size != 0 && !field.entities().intersects(self.interest) {
            self.reader.skip(count.saturating_mul(field.size.into()))?;
            count
        } else {
            self.elements(field, count)?
        };
        let appended = if self.dropping.is_none() {
            self.visitor.append(field)
        } else {
            None
        };
        let total = kept + appended.as_ref().map_or(0, |(count, _)| *count);
        if let Some((_, bytes)) = appended {
            let end = self.reader.position();
            self.edits.replace(end..end, |out| {
                out.extend_from_slice(&bytes);
                Ok(())
            })?;
        }
        if total != count {
            let flexible = self.flexible;
            self.edits.patch(mark, before_count..after_count, |out| {
                put_length32(out, Some(total), flexible)
            })?;
        }
        Ok(())
    }

    /// Walks the elements of an array, and says how many of them stay.
    #[inline(always)]
    fn elements(&mut self, field: &'static Field, count: usize) -> Result<usize, WalkError> {
        let is_shown =
            self.dropping.is_none() && field.entities().intersects(self.interest) && !self.visitor.passes_by(field);
        if !is_shown {
            self.skim_elements(field, count)?;
            return Ok(count);
        }
        let outer = std::mem::replace(&mut self.in_element, true);
        let mut kept = count;
        for _ in 0..count {
            let start = self.reader.position();
            let mark = self.edits.mark();
            self.element(field)?;
            if self.dropping.take().is_some() {
                kept -= 1;
                self.edits.drop_since(mark, start..self.reader.position())?;
            }
        }
        self.in_element = outer;
        Ok(kept)
    }

    #[inline(always)]
    fn element(&mut self, field: &'static Field) -> Result<(), WalkError> {
        let Type::Struct(nested) = field.ty else {
            return self.value(field, false);
        };
        self.visitor.enter(field);
        self.fields(nested)?;
        if self.dropping.is_none() {
            let verdict = self.visitor.leave(field);
            self.judge(field, verdict)?;
        }
        Ok(())
    }
}
