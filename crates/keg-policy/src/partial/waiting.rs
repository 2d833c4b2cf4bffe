//! What was denied, on its way into the response.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Field;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};

use super::Denied;

/// What was denied and has a place in a response, until it is there.
#[derive(Debug)]
pub(crate) struct Waiting<'a>(Vec<&'a Denied>);

impl<'a> Waiting<'a> {
    /// Where a group or a session has an error, nothing is said of topics.
    pub(crate) fn new(denied: &'a [Denied], api: &'static Api, version: i16, body: &[u8]) -> Result<Self, WalkError> {
        let tells = matches!(
            api.key,
            ApiKey::ALTER_SHARE_GROUP_OFFSETS
                | ApiKey::DELETE_SHARE_GROUP_OFFSETS
                | ApiKey::OFFSET_DELETE
                | ApiKey::OFFSET_FETCH
                | ApiKey::SHARE_ACKNOWLEDGE
                | ApiKey::SHARE_FETCH
        );
        if !tells || denied.is_empty() {
            return Ok(Self(denied.iter().collect()));
        }
        let response = Struct::read(&api.response, version, body)?;
        let failed = |fields: &Struct| fields.get("ErrorCode") != Some(&Value::Integer(0));
        let failed_group = |name: &[u8]| {
            let groups = response.elements("Groups");
            groups.filter(|group| group.bytes("GroupId") == name).any(failed)
        };
        let has_place = |denied: &&Denied| match &denied.group {
            Some(group) => !failed_group(group),
            None => !failed(&response),
        };
        Ok(Self(denied.iter().filter(has_place).collect()))
    }

    /// Whether all that was denied has found its place.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The elements for an array, which may be that of a group.
    pub(crate) fn take(&mut self, array: &'static Field, group: &[u8]) -> Option<(usize, Vec<u8>)> {
        // It is asked for every array there is, and mostly nothing waits.
        if self.is_empty() {
            return None;
        }
        let fits = |it: &&mut &Denied| {
            std::ptr::eq(it.array, array) && it.group.as_ref().is_none_or(|denied_in| **denied_in == *group)
        };
        let mut taken = (0, Vec::new());
        for denied in self.0.extract_if(.., |it| fits(&it)) {
            taken.0 += denied.count;
            taken.1.extend_from_slice(&denied.elements);
        }
        Some(taken).filter(|(count, _)| *count > 0)
    }
}
