//! What a walk changed: which bytes of the original go, and what comes in their place.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use super::WalkError;
use crate::rope::{Rope, SHARE_FROM};

/// What comes in the place of what goes. Small requests and responses have a name or two.
pub(crate) type Scratch = SmallVec<[u8; 64]>;

/// The changes of a walk, relative to the message that was walked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Edits {
    /// In the order of the original, and without overlap.
    changes: SmallVec<[Change; 4]>,
    scratch: Scratch,
}

/// The original's bytes from `start` to `end` make way for `len` bytes of the scratch from `scratch` on.
///
/// Small, since a hostile message has a name in every other byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    start: u32,
    end: u32,
    scratch: u32,
    len: u32,
}

/// A state of the edits that can be returned to, or patched behind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    changes: usize,
    scratch: usize,
}

impl Edits {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changed message. Large pieces of the original are shared, small ones are copied together.
    ///
    /// # Panics
    /// When `source` is shorter than the message that was walked.
    pub fn apply(&self, source: &Bytes) -> Rope {
        if self.is_empty() {
            return Rope::from(source.clone());
        }
        let (copied, shared) = self.sizes(source.len());
        if shared == 0 {
            let mut whole = Vec::with_capacity(copied);
            for (kept, new) in self.pieces(source) {
                whole.extend_from_slice(source.get(kept).unwrap_or_default());
                whole.extend_from_slice(new);
            }
            return Rope::from(Bytes::from(whole));
        }
        let (mut rope, mut small) = (Rope::with_capacity(2 * shared + 1), BytesMut::with_capacity(copied));
        for (kept, new) in self.pieces(source) {
            if kept.len() < SHARE_FROM {
                small.extend_from_slice(source.get(kept).unwrap_or_default());
            } else {
                rope.extend([small.split().freeze(), source.slice(kept)]);
            }
            small.extend_from_slice(new);
        }
        rope.extend([small.freeze()]);
        rope
    }

    /// The changed message in order: what stays of the original, and what comes behind it.
    fn pieces(&self, source: &[u8]) -> impl Iterator<Item = (Range<usize>, &[u8])> {
        let mut at = 0;
        let changes = self.changes.iter().map(move |change| {
            let kept = at..change.start as usize;
            at = change.end as usize;
            let new = change.scratch as usize..(change.scratch + change.len) as usize;
            (kept, self.scratch.get(new).unwrap_or_default())
        });
        let last = self.changes.last().map_or(0, |change| change.end as usize);
        changes.chain([(last..source.len(), &[][..])])
    }

    /// How many bytes of the changed message are copied, which are what is new and small pieces of an original of so many bytes; and
    /// how many pieces are shared.
    fn sizes(&self, len: usize) -> (usize, usize) {
        let (mut copied, mut shared, mut at) = (self.scratch.len(), 0, 0);
        let mut keep = |kept: usize| match kept < SHARE_FROM {
            true => copied += kept,
            false => shared += 1,
        };
        for change in &self.changes {
            keep(change.start as usize - at);
            at = change.end as usize;
        }
        assert!(at <= len, "{len} bytes are not the message that was walked");
        keep(len - at);
        (copied, shared)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            changes: self.changes.len(),
            scratch: self.scratch.len(),
        }
    }

    /// Puts what `write` produces in the place of the original's `range`, which lies behind all changes.
    pub(super) fn replace(
        &mut self,
        range: Range<usize>,
        write: impl FnOnce(&mut Scratch) -> Result<(), WalkError>,
    ) -> Result<(), WalkError> {
        let change = self.change(range, write)?;
        self.changes.push(change);
        Ok(())
    }

    /// Forgets what was done since the mark, and leaves out the original's `range`.
    pub(super) fn drop_since(&mut self, mark: Mark, range: Range<usize>) -> Result<(), WalkError> {
        self.changes.truncate(mark.changes);
        self.scratch.truncate(mark.scratch);
        let dropped = self.change(range, |_| Ok(()))?;
        match self.changes.last_mut() {
            // Neighbours that go together are one change, however many there are.
            Some(last) if last.end == dropped.start => last.end = dropped.end,
            _ => self.changes.push(dropped),
        }
        Ok(())
    }

    /// Replaces the original's `range`, which lies behind the mark and before all changes since.
    pub(super) fn patch(
        &mut self,
        mark: Mark,
        range: Range<usize>,
        write: impl FnOnce(&mut Scratch) -> Result<(), WalkError>,
    ) -> Result<(), WalkError> {
        let change = self.change(range, write)?;
        self.changes.insert(mark.changes, change);
        Ok(())
    }

    /// The size that `size` bytes of the original, which began at the mark, have with the changes since.
    pub(super) fn size_since(&self, mark: Mark, size: usize) -> usize {
        let since = self.changes.get(mark.changes..).unwrap_or_default();
        since.iter().fold(size, |size, change| {
            size + change.len as usize - (change.end - change.start) as usize
        })
    }

    fn change(
        &mut self,
        range: Range<usize>,
        write: impl FnOnce(&mut Scratch) -> Result<(), WalkError>,
    ) -> Result<Change, WalkError> {
        let scratch = self.scratch.len();
        write(&mut self.scratch)?;
        Ok(Change {
            start: offset(range.start)?,
            end: offset(range.end)?,
            scratch: offset(scratch)?,
            len: offset(self.scratch.len())? - offset(scratch)?,
        })
    }
}

/// Frames are far below 4 GiB; what isn't can't be edited.
fn offset(at: usize) -> Result<u32, WalkError> {
    u32::try_from(at).map_err(|_| WalkError::TooLong { length: at })
}
