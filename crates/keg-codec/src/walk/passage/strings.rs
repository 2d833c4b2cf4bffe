//! Strings that become others.

use std::fmt;
use std::sync::Arc;

use super::beginning::Beginning;
use super::change::{Change, put_varint};
use crate::schema::{Entity, Field, Type};
use crate::walk::WalkError;
use crate::wire::{Reader, put_length16};

/// What becomes of strings that pass.
pub trait PassStrings: fmt::Debug + Send + Sync {
    /// By how many bytes each becomes longer, all by as many.
    fn longer_by(&self) -> usize;

    /// Writes behind `out` what passes in the place of a string, which may be the string itself, and says whether the message may
    /// go on. It is called once wherever one stands, in their order.
    fn pass(&self, string: &[u8], out: &mut Vec<u8>) -> bool;
}

/// The strings of a kind, and what becomes of them.
#[derive(Debug, Clone)]
pub(super) struct Strings {
    pub(super) entity: Entity,
    by: Arc<dyn PassStrings>,
    /// What the last of them became, with its length.
    pub(super) new: Vec<u8>,
}

impl Strings {
    /// How long they may be, which the longest names of topics aren't.
    const LONGEST: usize = Beginning::LONGEST;

    pub(super) fn new(entity: Entity, by: Arc<dyn PassStrings>) -> Self {
        let new = Vec::new();
        Self { entity, by, new }
    }

    /// Whether a field is one of these strings, or an array of them.
    pub(super) fn are_of(&self, field: &Field) -> bool {
        self.entity == field.entity && matches!(field.ty, Type::String)
    }

    /// How many bytes more go on than come, for each of them.
    ///
    /// Varints become longer by a byte where strings do, whether they must or not: all by as many. One that could be shorter is
    /// the same to whoever reads it.
    pub(super) fn growth(&self, flexible: bool) -> usize {
        let longer_by = self.by.longer_by();
        longer_by + usize::from(flexible && longer_by > 0)
    }

    /// What comes in the place of a string of `length` bytes that is next, and of its length, which was read.
    pub(super) fn change(
        &mut self,
        field: &'static Field,
        (length, flexible): (usize, bool),
        reader: &mut Reader<'_>,
    ) -> Result<Change, WalkError> {
        let refused = WalkError::Refused { field: field.name };
        if length > Self::LONGEST {
            return Err(refused);
        }
        let width = reader.position();
        let string = reader.take(length)?;
        let longer = length + self.by.longer_by();
        self.new.clear();
        if flexible {
            let width = width + usize::from(longer > length);
            if width > Reader::LONGEST_VARINT {
                return Err(WalkError::VarintTooLong);
            }
            self.new.resize(width, 0);
            let value = u32::try_from(longer + 1).map_err(|_| WalkError::TooLong { length: longer })?;
            put_varint(value, &mut self.new);
        } else {
            put_length16(&mut self.new, Some(longer), false)?;
        }
        let before = self.new.len();
        if !self.by.pass(string, &mut self.new) || self.new.len() - before != longer {
            return Err(refused);
        }
        let replaced = reader.position();
        if longer > length {
            // What is put in its place is not where it stands.
            *reader = Reader::new(reader.bytes());
        }
        Ok(Change::String { replaced })
    }
}
