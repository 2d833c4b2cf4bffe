//! Which part of a request is admitted, where not all of it is.

use bytes::Bytes;
use keg_codec::ErrorCode;
use keg_codec::message::Struct;
use keg_codec::walk::{WalkError, walk};

use super::{Asked, Inbound};
use crate::acl::needs::{self, denied};
use crate::acl::operation::ResourceType;
use crate::partial::{Admission, Side};

impl Admission for Asked<'_> {
    fn part(&self, side: Side) -> Result<Bytes, WalkError> {
        let mut visitor = Inbound::new(*self, side);
        let part = walk(&self.api.request, self.version, self.body, &mut visitor)?.apply(self.body);
        match side {
            Side::Denied(ErrorCode::TOPIC_AUTHORIZATION_FAILED) => self.with_names(part.into_bytes()),
            _ => Ok(part.into_bytes()),
        }
    }

    fn denied_topic(&self, id: Option<&[u8; 16]>, name: &[u8]) -> Option<ErrorCode> {
        let operation = needs::topic(self.api.key)?;
        let may = |name: &[u8]| self.client.could(operation, ResourceType::Topic, name);
        match id {
            Some(id) => match self.settled?.get(id)? {
                Some(name) if may(name) => None,
                Some(_) => Some(denied(ResourceType::Topic)),
                None => Some(ErrorCode::UNKNOWN_TOPIC_ID),
            },
            None if may(name) => None,
            None => Some(denied(ResourceType::Topic)),
        }
    }

    fn admitted_group(&self, name: &[u8]) -> Option<Box<[u8]>> {
        let operation = needs::group(self.api.key)?;
        self.client
            .could(operation, ResourceType::Group, name)
            .then(|| name.into())
    }

    fn amend(&self, answer: &mut Struct) {
        self.tell_beside(answer);
    }

    fn words(&self, code: ErrorCode) -> Option<&'static str> {
        needs::words(self.api.key, self.version, code)
    }
}
