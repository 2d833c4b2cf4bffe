//! Records of transactions, which need what the transactional id is allowed.

use keg_codec::is_transactional;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, Visitor, WalkError, walk};

use super::inbound::Asked;

/// Whether there are such records in a Produce request, be it for topics that are denied.
pub(super) fn has_some(asked: &Asked<'_>) -> Result<bool, WalkError> {
    let mut records = Records(false);
    walk(&asked.api.request, asked.version, asked.body, &mut records)?;
    Ok(records.0)
}

/// Looks at all records; says whether some are a part of a transaction.
#[derive(Debug)]
struct Records(bool);

impl Visitor for Records {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::Records])
    }

    fn bytes(&mut self, _field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        self.0 |= value.is_some_and(is_transactional);
        Edit::Keep
    }
}
