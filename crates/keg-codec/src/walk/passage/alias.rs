//! Tags that nobody knows, in the place of those that are blanked.

use super::change::put_varint;
use crate::schema::Field;

/// A tag that is written over another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alias {
    tag: u32,
    /// How many bytes it takes.
    width: u8,
}

impl Alias {
    /// The highest tag of that many bytes which leaves room for `behind` others above it, if none of `fields` has it.
    pub(super) fn of(width: usize, behind: u32, fields: &'static [Field], version: i16) -> Option<Self> {
        let bits = (7 * width).min(31);
        let tag = ((1_u64 << bits) - 1).checked_sub(behind.into())?;
        let tag = u32::try_from(tag).ok()?;
        let width = u8::try_from(width).ok()?;
        (field_of(fields, version, tag).is_none()).then_some(Self { tag, width })
    }

    /// Writes the tag at the beginning of `out`, as a varint of its width.
    pub(super) fn write(self, out: &mut [u8]) {
        if let Some(out) = out.get_mut(..self.width.into()) {
            put_varint(self.tag, out);
        }
    }
}

/// The tagged field of a tag.
pub(super) fn field_of(fields: &'static [Field], version: i16, tag: u32) -> Option<&'static Field> {
    fields
        .iter()
        .find(|field| field.is_tagged(version) && field.tag.is_some_and(|it| u32::from(it.number) == tag))
}
