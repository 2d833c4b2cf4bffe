//! What strings of a kind have to begin with.

use std::sync::Arc;

use crate::schema::{Entity, Field};
use crate::walk::WalkError;
use crate::wire::Reader;

/// What every string of a kind begins with, and whether it goes on without that.
#[derive(Debug, Clone)]
pub(super) struct Beginning {
    pub(super) entity: Entity,
    with: Arc<[u8]>,
    left_out: bool,
}

impl Beginning {
    /// How long it may be, which the longest names of topics aren't.
    pub(super) const LONGEST: usize = 255;

    pub(super) fn new(entity: Entity, with: Arc<[u8]>, left_out: bool) -> Option<Self> {
        (with.len() <= Self::LONGEST).then_some(Self { entity, with, left_out })
    }

    /// How many bytes are left out of a string of `length` bytes that comes next.
    pub(super) fn left_out(
        &self,
        field: &'static Field,
        mut reader: Reader<'_>,
        length: usize,
    ) -> Result<usize, WalkError> {
        let begins = length >= self.with.len() && reader.take(self.with.len())? == &*self.with;
        match begins {
            true if self.left_out => Ok(self.with.len()),
            true => Ok(0),
            false => Err(WalkError::Refused { field: field.name }),
        }
    }
}
