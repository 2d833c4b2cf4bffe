//! Bytes in several pieces.

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

/// Pieces from this size on are passed on as they are; smaller ones are cheaper copied together than handled one by one.
pub(crate) const SHARE_FROM: usize = 8 * 1024;

/// A message as a sequence of slices: mostly of the frame that came in, and a few replaced bytes.
#[derive(Debug, Clone, Default)]
pub struct Rope {
    /// Most have one.
    pieces: SmallVec<[Bytes; 1]>,
    len: usize,
}

impl Rope {
    /// One without bytes, and with room for so many pieces.
    pub(crate) fn with_capacity(pieces: usize) -> Self {
        Self {
            pieces: SmallVec::with_capacity(pieces),
            len: 0,
        }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its pieces, none of them empty.
    pub fn pieces(&self) -> &[Bytes] {
        &self.pieces
    }

    /// All bytes in one piece; copies only when there are several.
    pub fn into_bytes(self) -> Bytes {
        let mut pieces = self.pieces;
        match pieces.len() {
            0 => Bytes::new(),
            1 => pieces.swap_remove(0),
            _ => {
                let mut whole = BytesMut::with_capacity(self.len);
                for piece in &pieces {
                    whole.extend_from_slice(piece);
                }
                whole.freeze()
            }
        }
    }
}

impl From<Bytes> for Rope {
    fn from(bytes: Bytes) -> Self {
        let len = bytes.len();
        let mut pieces = SmallVec::new();
        if len > 0 {
            pieces.push(bytes);
        }
        Self { pieces, len }
    }
}

impl FromIterator<Bytes> for Rope {
    fn from_iter<I: IntoIterator<Item = Bytes>>(pieces: I) -> Self {
        let mut rope = Self::default();
        rope.extend(pieces);
        rope
    }
}

impl Extend<Bytes> for Rope {
    fn extend<I: IntoIterator<Item = Bytes>>(&mut self, pieces: I) {
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            self.len += piece.len();
            self.pieces.push(piece);
        }
    }
}

impl PartialEq for Rope {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.pieces.iter().flatten().eq(other.pieces.iter().flatten())
    }
}

impl Eq for Rope {}

impl IntoIterator for Rope {
    type Item = Bytes;
    type IntoIter = IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter(self.pieces.into_iter())
    }
}

/// The pieces of a rope, one after the other.
#[derive(Debug)]
pub struct IntoIter(smallvec::IntoIter<[Bytes; 1]>);

impl Iterator for IntoIter {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for IntoIter {}
