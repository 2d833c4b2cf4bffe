//! The prefix, and what it makes of single names.

use std::sync::Arc;

use keg_codec::ErrorCode;
use keg_codec::schema::Entity;
use keg_codec::walk::Edit;

use super::Mode;
use super::names::unauthorized;
use super::regex::{self, Unconfinable};
use crate::chain::StreamedNames;

/// The length that two bytes can say; brokers refuse names from far below it on.
const LONGEST_NAME: usize = i16::MAX as usize;

/// A prefix, and whether clients see it.
#[derive(Debug, Clone)]
pub(super) struct Prefix {
    mode: Mode,
    prefix: Arc<[u8]>,
}

impl Prefix {
    pub(super) fn new(mode: Mode, prefix: &str) -> Self {
        Self {
            mode,
            prefix: prefix.as_bytes().into(),
        }
    }

    /// What all names of the namespace begin with.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether clients don't see it.
    pub(super) fn is_hidden(&self) -> bool {
        self.mode == Mode::HidePrefix
    }

    /// Whether a name of the backend has it.
    pub(super) fn owns(&self, name: &[u8]) -> bool {
        name.starts_with(&self.prefix)
    }

    /// What a name of the backend is without it; `None` when the name hasn't got it.
    pub(super) fn bare<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        name.strip_prefix(&*self.prefix)
    }

    /// Whether no topic or transactional id can have the name, though with the prefix it would be like any other.
    ///
    /// Brokers are asked for it as it is: they say of it what they would say without a gateway, and it is nobody's.
    pub(super) fn is_nobodys(&self, entity: Entity, name: &[u8]) -> bool {
        let can_not_be = match entity {
            Entity::TopicName => matches!(name, b"" | b"." | b".."),
            Entity::TransactionalId => name.is_empty(),
            _ => false,
        };
        self.is_hidden() && can_not_be
    }

    /// Whether a client may use the name; if not, why.
    pub(super) fn admits(&self, entity: Entity, name: &[u8]) -> Result<(), ErrorCode> {
        let illegal = match entity {
            Entity::GroupId => ErrorCode::INVALID_GROUP_ID,
            Entity::TransactionalId => ErrorCode::INVALID_REQUEST,
            _ => ErrorCode::INVALID_TOPIC_EXCEPTION,
        };
        match (self.mode, entity) {
            (Mode::HidePrefix, _) if name.len() + self.prefix.len() > LONGEST_NAME => Err(illegal),
            (Mode::HidePrefix, _) => Ok(()),
            (Mode::EnforcePrefix, _) if self.owns(name) => Ok(()),
            (Mode::EnforcePrefix, _) => Err(unauthorized(entity)),
        }
    }

    /// Makes an admitted name the backend's.
    pub(super) fn add(&self) -> Edit<'_> {
        match self.mode {
            Mode::HidePrefix => Edit::Prepend(&self.prefix),
            Mode::EnforcePrefix => Edit::Keep,
        }
    }

    /// The backend's name for an admitted one.
    pub(super) fn backend_name(&self, name: &[u8]) -> Box<[u8]> {
        match self.mode {
            Mode::HidePrefix => [&self.prefix, name].concat().into(),
            Mode::EnforcePrefix => name.into(),
        }
    }

    /// Makes a name of the backend that has it the client's.
    pub(super) fn remove(&self) -> Edit<'static> {
        match self.mode {
            Mode::HidePrefix => Edit::Strip(self.prefix.len()),
            Mode::EnforcePrefix => Edit::Keep,
        }
    }

    /// What becomes of names of the backend that have it, in responses that are passed on.
    pub(super) fn streamed(&self) -> StreamedNames {
        StreamedNames::Beginning {
            with: Arc::clone(&self.prefix),
            hidden: self.is_hidden(),
        }
    }

    /// Makes a client's regular expression over names of this kind one for the backend that matches in the namespace only.
    pub(super) fn confine(&self, entity: Entity, regex: &[u8]) -> Result<Vec<u8>, Unconfinable> {
        match entity {
            Entity::TransactionalIdRegex => regex::confine_ids(self.mode, &self.prefix, regex),
            _ => regex::confine(self.mode, &self.prefix, regex),
        }
    }

    /// What the client may see of a regular expression of the backend.
    pub(super) fn reveal(&self, regex: &[u8]) -> Option<Vec<u8>> {
        regex::reveal(self.mode, &self.prefix, regex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_prefixes_admit_all_names_that_stay_names_with_them() {
        let check = |entity, name: &[u8], expected| {
            assert_eq!(Prefix::new(Mode::HidePrefix, "a.").admits(entity, name), expected);
        };
        check(Entity::TopicName, b"orders", Ok(()));
        check(Entity::TopicName, b"...", Ok(()));
        check(Entity::GroupId, b"", Ok(()));
        let longest = [b'x'; 0x7fff];
        check(Entity::TopicName, &longest[2..], Ok(()));
        check(
            Entity::TopicName,
            &longest[1..],
            Err(ErrorCode::INVALID_TOPIC_EXCEPTION),
        );
        check(Entity::GroupId, &longest[1..], Err(ErrorCode::INVALID_GROUP_ID));
        check(Entity::TransactionalId, &longest[1..], Err(ErrorCode::INVALID_REQUEST));
    }

    #[test]
    fn enforced_prefixes_admit_what_has_them() {
        let check = |entity, name: &[u8], expected| {
            assert_eq!(Prefix::new(Mode::EnforcePrefix, "a.").admits(entity, name), expected);
        };
        check(Entity::TopicName, b"a.orders", Ok(()));
        check(Entity::TopicName, b"a.", Ok(()));
        check(Entity::TopicName, b"a", Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
        check(Entity::GroupId, b"b.a.", Err(ErrorCode::GROUP_AUTHORIZATION_FAILED));
        check(
            Entity::TransactionalId,
            b"",
            Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
        );
    }
}
