//! Ids that become others.

use std::fmt;
use std::sync::Arc;

use super::change::Change;
use crate::schema::{Entity, Field, Type};

/// What becomes of ids that pass.
pub trait PassIds: fmt::Debug + Send + Sync {
    /// What passes in the place of an id, which may be the id itself. It is called once wherever one stands, in their order.
    fn pass(&self, id: &[u8; 16]) -> [u8; 16];
}

/// The ids of a kind, and what becomes of them.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    pub(super) entity: Entity,
    by: Arc<dyn PassIds>,
    /// What the last of them became.
    pub(super) new: [u8; 16],
}

impl Ids {
    pub(super) fn new(entity: Entity, by: Arc<dyn PassIds>) -> Self {
        let new = [0; 16];
        Self { entity, by, new }
    }

    /// Whether a field is one of these ids, or an array of them.
    pub(super) fn are_of(&self, field: &Field) -> bool {
        self.entity == field.entity && matches!(field.ty, Type::Uuid)
    }

    /// What is written over an id.
    pub(super) fn change(&mut self, id: &[u8; 16]) -> Option<Change> {
        self.new = self.by.pass(id);
        (self.new != *id).then_some(Change::Id)
    }
}
