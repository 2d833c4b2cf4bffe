//! Ids that become others.

use std::fmt;
use std::sync::Arc;

use super::change::Change;
use crate::schema::{Entity, Field, Type};
use crate::walk::WalkError;

/// What becomes of ids that pass.
pub trait PassIds: fmt::Debug + Send + Sync {
    /// What passes in the place of an id, which may be the id itself; `None` if the message can't pass. It is called once for
    /// each id, in their order.
    fn pass(&self, id: &[u8; 16]) -> Option<[u8; 16]>;
}

/// The ids of a kind, and what becomes of them.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    entity: Entity,
    by: Arc<dyn PassIds>,
}

impl Ids {
    pub(super) fn new(entity: Entity, by: Arc<dyn PassIds>) -> Self {
        Self { entity, by }
    }

    /// Whether a field is one of these ids, or an array of them.
    pub(super) fn are_of(&self, field: &Field) -> bool {
        self.entity == field.entity && matches!(field.ty, Type::Uuid)
    }

    /// What is written over an id.
    pub(super) fn change(&self, field: &'static Field, id: &[u8; 16]) -> Result<Option<Change>, WalkError> {
        let new = self.by.pass(id).ok_or(WalkError::Refused { field: field.name })?;
        Ok((new != *id).then_some(Change::Id(new)))
    }
}
