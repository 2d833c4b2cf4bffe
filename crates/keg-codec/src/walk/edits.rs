//! What a walk changed: pieces of the original and the few bytes between them.

use std::ops::Range;

use bytes::Bytes;

use crate::rope::Rope;

/// The changes of a walk, relative to the message that was walked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Edits {
    pieces: Vec<Piece>,
    scratch: Vec<u8>,
    /// How far the original is covered by `pieces`.
    copied: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Source(Range<usize>),
    Scratch(Range<usize>),
}

/// A place in the output that can be returned to, or patched behind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pieces: usize,
    scratch: usize,
    copied: usize,
}

impl Edits {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The changed message. Large pieces of the original are shared, not copied.
    pub fn apply(self, source: &Bytes) -> Rope {
        if self.is_empty() {
            return Rope::from(source.clone());
        }
        let scratch = Bytes::from(self.scratch);
        let rest = self.copied..source.len();
        self.pieces
            .into_iter()
            .chain(std::iter::once(Piece::Source(rest)))
            .map(|piece| match piece {
                Piece::Source(range) => source.slice(range),
                Piece::Scratch(range) => scratch.slice(range),
            })
            .collect()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            pieces: self.pieces.len(),
            scratch: self.scratch.len(),
            copied: self.copied,
        }
    }

    /// Puts what `write` produces in the place of the original's `range`.
    pub(super) fn replace<E>(
        &mut self,
        range: Range<usize>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.scratch.len();
        write(&mut self.scratch)?;
        self.keep_until(range.start);
        if start < self.scratch.len() {
            self.pieces.push(Piece::Scratch(start..self.scratch.len()));
        } else if self.pieces.is_empty() {
            // A pure removal at the very beginning must still count as a change.
            self.pieces.push(Piece::Source(0..0));
        }
        self.copied = range.end;
        Ok(())
    }

    /// Forgets what was done since the mark, and leaves out the original's `range`.
    pub(super) fn drop_since(&mut self, mark: Mark, range: Range<usize>) {
        self.pieces.truncate(mark.pieces);
        self.scratch.truncate(mark.scratch);
        self.copied = mark.copied;
        self.keep_until(range.start);
        if self.pieces.is_empty() {
            self.pieces.push(Piece::Source(0..0));
        }
        self.copied = range.end;
    }

    /// Replaces the original's `range`, which was still untouched at the mark, though later places were changed since.
    pub(super) fn patch<E>(
        &mut self,
        mark: Mark,
        range: Range<usize>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.pieces.len() == mark.pieces {
            return self.replace(range, write);
        }
        let start = self.scratch.len();
        write(&mut self.scratch)?;
        let patched = Piece::Scratch(start..self.scratch.len());
        // The first piece after the mark begins where the mark stood, at or before `range`: every change
        // after the mark lies behind `range`, and what lies before a change is kept by one piece.
        let Some(Piece::Source(first)) = self.pieces.get_mut(mark.pieces) else {
            unreachable!("a change behind an untouched place begins with a piece of the original");
        };
        let before = first.start..range.start;
        first.start = range.end;
        let pieces = [Piece::Source(before), patched];
        self.pieces.splice(mark.pieces..mark.pieces, pieces);
        Ok(())
    }

    /// How many bytes of the original lie between the mark and `start`, which nothing has changed.
    pub(super) fn len_before(mark: Mark, start: usize) -> usize {
        start - mark.copied
    }

    /// How many bytes the output has from the mark to the original's `end`.
    pub(super) fn len_since(&self, mark: Mark, end: usize) -> usize {
        let pieces = self
            .pieces
            .get(mark.pieces..)
            .unwrap_or_default()
            .iter()
            .map(|piece| match piece {
                Piece::Source(range) | Piece::Scratch(range) => range.len(),
            });
        pieces.sum::<usize>() + (end - self.copied)
    }

    fn keep_until(&mut self, end: usize) {
        if self.copied < end {
            self.pieces.push(Piece::Source(self.copied..end));
            self.copied = end;
        }
    }
}
