//! What can be seen to pass as it is, in one go.

use std::cell::Cell;

use super::Passage;
use crate::produce::is_transactional;
use crate::schema::{Entity, EntitySet, Field};
use crate::walk::pass::Look;

/// Looks for what may not pass as it is, and at records, for how long they are.
#[derive(Debug)]
pub(super) struct Plain {
    looked_at: EntitySet,
    transactions: bool,
    /// The length of the longest records.
    pub(super) longest: Cell<usize>,
}

impl Plain {
    pub(super) fn of(passage: &Passage) -> Self {
        let beginning = passage.beginning.as_ref().map(|it| it.entity);
        let ids = passage.ids.as_ref().map(|it| it.entity);
        let strings = passage.strings.as_ref().map(|it| it.entity);
        let kinds = [Some(Entity::Records), beginning, ids, strings].into_iter().flatten();
        Self {
            looked_at: kinds.fold(passage.hidden, |all, kind| all.union(EntitySet::of(&[kind]))),
            transactions: passage.transactions,
            longest: Cell::new(0),
        }
    }
}

impl<'a> Look<'a> for &Plain {
    fn looks_at(self, field: &Field) -> bool {
        self.looked_at.contains(field.entity)
    }

    fn is_fine(self, field: &'static Field, value: &'a [u8]) -> bool {
        if field.entity != Entity::Records {
            return false;
        }
        self.longest.set(self.longest.get().max(value.len()));
        self.transactions || !is_transactional(value)
    }
}
