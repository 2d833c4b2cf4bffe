//! What is written over bytes that pass.

use super::Passage;
use super::alias::Alias;

/// Bytes that are written over those that come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// A tag that nobody knows, over another one.
    Alias(Alias),
    /// The length of a string whose beginning is left out.
    Length(Length),
    /// Another id, which is kept with [`Ids`](super::ids::Ids): changes are small.
    Id,
    /// Another string, in the place of so many bytes with its length. It is kept with [`Strings`](super::strings::Strings).
    String { replaced: usize },
}

/// The length of a string, where it comes to stand when so many bytes behind it are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) of: u32,
    /// How many bytes it takes.
    pub(super) width: u8,
    pub(super) flexible: bool,
    pub(super) left_out: u8,
}

impl Change {
    /// Writes over the beginning of `out`, and says how many bytes of that are left out then.
    pub(super) fn write(self, passage: &mut Passage, out: &mut [u8]) -> usize {
        match self {
            Self::Alias(alias) => {
                alias.write(out);
                0
            }
            Self::Length(length) => {
                length.write(out);
                length.left_out.into()
            }
            Self::Id => {
                if let (Some(ids), Some(out)) = (&passage.ids, out.first_chunk_mut()) {
                    *out = ids.new;
                }
                0
            }
            Self::String { replaced } => {
                if let Some(strings) = &mut passage.strings
                    && let Some(out) = out.get_mut(..replaced)
                    && strings.new.len() == replaced
                {
                    out.copy_from_slice(&strings.new);
                    strings.new.clear();
                    return 0;
                }
                replaced
            }
        }
    }
}

impl Length {
    /// A varint keeps its width: one that could be shorter is the same to whoever reads it, and what the message has in all
    /// was told already.
    fn write(self, out: &mut [u8]) {
        let (from, width) = (usize::from(self.left_out), usize::from(self.width));
        let Some(out) = out.get_mut(from..from + width) else {
            return;
        };
        if self.flexible {
            put_varint(self.of.saturating_add(1), out);
        } else if let Some(bytes) = self.of.to_be_bytes().last_chunk::<2>() {
            out.copy_from_slice(bytes);
        }
    }
}

/// Fills `out` with a varint.
pub(super) fn put_varint(value: u32, out: &mut [u8]) {
    let (mut rest, width) = (value, out.len());
    for (place, byte) in out.iter_mut().enumerate() {
        let more = if place + 1 < width { 0x80 } else { 0 };
        *byte = (rest & 0x7f) as u8 | more;
        rest >>= 7;
    }
}
