//! What is done with the fields of a message.

use std::borrow::Cow;

use crate::schema::{EntitySet, Field};

/// Sees the fields of a message in the order of the wire, and may change them.
///
/// Only fields whose [`Entity`](crate::schema::Entity) is in [`interest`](Self::interest) are shown. Elements of arrays of
/// primitives are shown one by one. After a `Drop`, the rest of that element is checked, but not shown; and so are all elements
/// of an array in which no field can be of interest, whatever is nested in them: of these only unknown tags are shown.
pub trait Visitor {
    /// The kinds of field to be shown.
    fn interest(&self) -> EntitySet;

    /// A string, or null.
    fn string(&mut self, _field: &'static Field, _value: Option<&[u8]>) -> Edit<'_> {
        Edit::Keep
    }

    /// Bytes or records, or null.
    fn bytes(&mut self, _field: &'static Field, _value: Option<&[u8]>) -> Edit<'_> {
        Edit::Keep
    }

    /// An integer of any size, or a boolean.
    fn integer(&mut self, _field: &'static Field, _value: i64) -> IntegerEdit {
        IntegerEdit::Keep
    }

    /// A UUID.
    fn uuid(&mut self, _field: &'static Field, _value: &[u8; 16]) -> UuidEdit {
        UuidEdit::Keep
    }

    /// Whether the elements of an array are only checked, though fields in them are of interest elsewhere.
    fn passes_by(&self, _field: &'static Field) -> bool {
        false
    }

    /// An element of an array of structures begins.
    fn enter(&mut self, _field: &'static Field) {}

    /// An element of an array of structures ends, which was not dropped by one of its fields.
    fn leave(&mut self, _field: &'static Field) -> Verdict {
        Verdict::Keep
    }

    /// An array is null, which says "all" or "none" in Kafka's requests.
    fn null_array(&mut self, _field: &'static Field) -> Verdict {
        Verdict::Keep
    }

    /// An array ends: elements to append, as `(count, bytes)` in the message's version.
    fn append(&mut self, _field: &'static Field) -> Option<(usize, Vec<u8>)> {
        None
    }

    /// A tagged field that the tables don't know. Kept by default; an isolating visitor drops it, as if who sent it
    /// didn't know it either, or refuses the message with [`WalkError::UnknownTag`](super::WalkError::UnknownTag).
    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        Verdict::Keep
    }
}

/// What becomes of a string or of bytes.
#[derive(Debug)]
pub enum Edit<'a> {
    /// It stays.
    Keep,
    /// The array element that holds it, or that it is, goes.
    Drop,
    /// The whole message is refused.
    Refuse,
    /// These bytes come before it; null stays null.
    Prepend(&'a [u8]),
    /// So many bytes go from its beginning, or all there are; null stays null.
    Strip(usize),
    /// This takes its place.
    Replace(Cow<'a, [u8]>),
    /// It becomes null.
    Null,
}

/// What becomes of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegerEdit {
    /// It stays.
    Keep,
    /// The array element that holds it goes.
    Drop,
    /// The whole message is refused.
    Refuse,
    /// This takes its place, cut to the field's size.
    Set(i64),
}

/// What becomes of a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UuidEdit {
    /// It stays.
    Keep,
    /// The array element that holds it, or that it is, goes.
    Drop,
    /// The whole message is refused.
    Refuse,
    /// This takes its place.
    Set([u8; 16]),
}

/// What becomes of an array element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Keep,
    /// It goes.
    Drop,
    /// The whole message is refused.
    Refuse,
}
