//! The quick way over structures that nobody looks at.

use crate::schema::{EntitySet, Field, Type, VersionSet};
use crate::wire::Reader;

/// What is looked at on the quick way.
///
/// It goes from level to level by value, so that looking at nothing costs nothing.
pub(super) trait Look<'a>: Copy {
    /// Whether it is looked at a field.
    fn looks_at(self, field: &Field) -> bool;

    /// Whether a value may pass that is looked at.
    fn is_fine(self, field: &'static Field, value: &'a [u8]) -> bool;
}

/// Nothing is looked at.
#[derive(Clone, Copy)]
pub(super) struct Nothing;

impl<'a> Look<'a> for Nothing {
    fn looks_at(self, _: &Field) -> bool {
        false
    }

    fn is_fine(self, _: &'static Field, _: &'a [u8]) -> bool {
        true
    }
}

/// Values of these kinds are looked for, and none is fine.
impl<'a> Look<'a> for EntitySet {
    fn looks_at(self, field: &Field) -> bool {
        self.contains(field.entity)
    }

    fn is_fine(self, _: &'static Field, _: &'a [u8]) -> bool {
        false
    }
}

/// Values of some kinds are looked at, each for whether it is fine.
impl<'a, F: Fn(&'static Field, &'a [u8]) -> bool> Look<'a> for (EntitySet, &F) {
    fn looks_at(self, field: &Field) -> bool {
        self.0.contains(field.entity)
    }

    fn is_fine(self, field: &'static Field, value: &'a [u8]) -> bool {
        (self.1)(field, value)
    }
}

/// Where fields that begin `at` a place end; `None` where that is not plain to see, and they have to be walked: what is malformed,
/// what has tagged fields, an array of values that are looked at, or one of them that isn't fine.
///
/// Most of what a message has is never looked at, and well-formed.
pub(super) fn pass<'a, L: Look<'a>>(
    look: L,
    fields: &'static [Field],
    (version, flexible): (VersionSet, bool),
    bytes: &'a [u8],
    mut at: usize,
) -> Option<usize> {
    for field in fields {
        if !field.in_place.intersects(version) {
            continue;
        }
        let size = usize::from(field.size);
        if size != 0 && look.looks_at(field) && (field.array || !look.is_fine(field, bytes.get(at..at + size)?)) {
            return None;
        }
        if size != 0 && !field.array {
            // Whether that is there is seen behind the last field, or at the next that is read.
            at += size;
            continue;
        }
        if size != 0
            && flexible
            && let Some(byte @ 1..0x80) = bytes.get(at)
        {
            // A short array of numbers: the count is one higher, and may not be above what is left.
            let count = usize::from(*byte) - 1;
            at += 1;
            if count > bytes.len() - at {
                return None;
            }
            at += count * size;
            continue;
        }
        let is_struct = matches!(field.ty, Type::Struct(_));
        let nullable = field.null.intersects(version);
        if is_struct && !field.array {
            let is_null = nullable && bytes.get(at)?.cast_signed() < 0;
            at += usize::from(nullable);
            if !is_null {
                at = one(look, field, (version, flexible), bytes, at)?;
            }
            continue;
        }
        let short = matches!(field.ty, Type::String) && !field.array;
        let (length, behind) = length(short, flexible, bytes, at)?;
        at = behind;
        match length {
            None if nullable => {}
            None => return None,
            Some(length) if look.looks_at(field) => {
                let end = at.checked_add(length)?;
                if field.array || !look.is_fine(field, bytes.get(at..end)?) {
                    return None;
                }
                at = end;
            }
            Some(length) if field.array => {
                // As the walk does, which has no elements of no size.
                if length > bytes.len().checked_sub(at)? {
                    return None;
                }
                at = match size {
                    0 => elements(look, field, length, (version, flexible), bytes, at)?,
                    _ => at.checked_add(length.checked_mul(size)?)?,
                };
            }
            Some(length) => at = at.checked_add(length)?,
        }
    }
    match flexible {
        true => (*bytes.get(at)? == 0).then_some(at + 1),
        false => (at <= bytes.len()).then_some(at),
    }
}

fn elements<'a, L: Look<'a>>(
    look: L,
    field: &'static Field,
    count: usize,
    version: (VersionSet, bool),
    bytes: &'a [u8],
    mut at: usize,
) -> Option<usize> {
    for _ in 0..count {
        at = one(look, field, version, bytes, at)?;
    }
    Some(at)
}

/// One structure, or one element of an array of strings or of bytes.
pub(super) fn one<'a, L: Look<'a>>(
    look: L,
    field: &'static Field,
    (version, flexible): (VersionSet, bool),
    bytes: &'a [u8],
    at: usize,
) -> Option<usize> {
    if let Type::Struct(nested) = field.ty {
        return pass(look, nested, (version, flexible), bytes, at);
    }
    let (length, behind) = length(matches!(field.ty, Type::String), flexible, bytes, at)?;
    let end = behind.checked_add(length?)?;
    (end <= bytes.len()).then_some(end)
}

/// A length, of two bytes if it is `short`, and where what it is of begins.
#[inline]
fn length(short: bool, flexible: bool, bytes: &[u8], at: usize) -> Option<(Option<usize>, usize)> {
    if flexible && let Some(byte @ 1..0x80) = bytes.get(at) {
        // Most are of one byte, and not null.
        return Some((Some(usize::from(*byte) - 1), at + 1));
    }
    let mut reader = Reader::at(bytes, at)?;
    let length = match short {
        true => reader.length16(flexible),
        false => reader.length32(flexible),
    };
    Some((length.ok()?, reader.position()))
}
