//! What a namespace admits of a request.

use bytes::Bytes;
use keg_codec::schema::Entity;
use keg_codec::walk::{WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode};

use super::asked::Asked;
use super::inbound::Inbound;
use super::{Namespace, empty_group};
use crate::partial::{Admission, Side};

/// From this version on FindCoordinator takes several keys.
const FIRST_OF_KEYS: i16 = 4;

/// A request as the client sent it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admitted<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) api: &'static Api,
    pub(super) version: i16,
    pub(super) body: &'a Bytes,
    pub(super) asked: &'a Asked,
}

impl Admission for Admitted<'_> {
    fn part(&self, side: Side) -> Result<Bytes, WalkError> {
        let mut visitor = Inbound::new(self.namespace, self.api, self.version, self.asked, side);
        let part = walk(&self.api.request, self.version, self.body, &mut visitor)?.apply(self.body);
        Ok(part.into_bytes())
    }

    fn denied_topic(&self, id: Option<&[u8; 16]>, name: &[u8]) -> Option<ErrorCode> {
        match id {
            Some(id) => self.asked.denied_ids.as_ref()?.get(id).copied(),
            None => {
                let names = &self.namespace.names;
                names.admit(self.api.key, Entity::TopicName, name).err()
            }
        }
    }

    fn admitted_group(&self, name: &[u8]) -> Option<Box<[u8]>> {
        let names = &self.namespace.names;
        names.admit(self.api.key, Entity::GroupId, name).ok()?;
        Some(names.backend_name(Entity::GroupId, name))
    }

    fn words(&self, code: ErrorCode) -> Option<&'static str> {
        match (self.api.key, code) {
            (ApiKey::DELETE_TOPICS, ErrorCode::UNKNOWN_TOPIC_ID) => Some("This server does not host this topic ID."),
            (ApiKey::DELETE_TOPICS, ErrorCode::INVALID_REQUEST) => {
                Some("You may not specify both topic name and topic id.")
            }
            // A key of a share coordinator is refused without words, a kind of coordinators that there isn't with those below.
            (ApiKey::FIND_COORDINATOR, ErrorCode::INVALID_REQUEST)
                if self.asked.coordinator_type == 2 && self.version >= FIRST_OF_KEYS =>
            {
                Some("")
            }
            (ApiKey::FIND_COORDINATOR, ErrorCode::INVALID_REQUEST) => Some(
                "This most likely occurs because of a request being malformed by the client library or the message was \
                 sent to an incompatible broker. See the broker logs for more details.",
            ),
            _ => empty_group::words(self.api.key, code),
        }
    }
}
