//! The prefix, and what it makes of single names and texts.

use std::sync::Arc;

use keg_codec::ErrorCode;
use keg_codec::schema::Entity;
use keg_codec::walk::Edit;

use super::Mode;
use super::names::unauthorized;
use super::regex::{self, Unconfinable};

/// The length that two bytes can say; brokers refuse names from far below it on.
const LONGEST_NAME: usize = i16::MAX as usize;

/// What brokers say of a topic whose name differs from another's in `.` and `_` only, before they quote the other's.
const COLLISION: &[u8] = b" collides with existing topic";

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

    /// Whether a client may use the name; if not, why.
    pub(super) fn admits(&self, entity: Entity, name: &[u8]) -> Result<(), ErrorCode> {
        let illegal = match entity {
            Entity::GroupId => ErrorCode::INVALID_GROUP_ID,
            Entity::TransactionalId => ErrorCode::INVALID_REQUEST,
            _ => ErrorCode::INVALID_TOPIC_EXCEPTION,
        };
        match (self.mode, entity) {
            // With the prefix these would become names that a topic can have.
            (Mode::HidePrefix, Entity::TopicName) if matches!(name, b"" | b"." | b"..") => Err(illegal),
            (Mode::HidePrefix, Entity::TransactionalId) if name.is_empty() => Err(illegal),
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

    /// Makes a client's regular expression one for the backend that matches in the namespace only.
    pub(super) fn confine(&self, regex: &[u8]) -> Result<Vec<u8>, Unconfinable> {
        regex::confine(self.mode, &self.prefix, regex)
    }

    /// What the client may see of a regular expression of the backend.
    pub(super) fn reveal(&self, regex: &[u8]) -> Option<Vec<u8>> {
        regex::reveal(self.mode, &self.prefix, regex)
    }

    /// Takes out of a text for people what the client must not see: the prefix, and others' topics.
    pub(super) fn scrub(&self, text: &[u8]) -> Edit<'static> {
        let collision = text.windows(COLLISION.len()).position(|it| it == COLLISION);
        let kept = match collision.and_then(|at| text.get(..at + COLLISION.len())) {
            Some(kept) => kept,
            None => text,
        };
        let scrubbed = match self.mode {
            Mode::HidePrefix => self.without_prefix(kept),
            Mode::EnforcePrefix => kept.to_vec(),
        };
        if scrubbed == text {
            Edit::Keep
        } else {
            Edit::Replace(scrubbed.into())
        }
    }

    /// Byte by byte, so that no prefix is left either where one went and its neighbours met.
    fn without_prefix(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        for byte in text {
            out.push(*byte);
            if out.ends_with(&self.prefix) {
                out.truncate(out.len() - self.prefix.len());
            }
        }
        out
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
        check(Entity::TopicName, b"", Err(ErrorCode::INVALID_TOPIC_EXCEPTION));
        check(Entity::TopicName, b".", Err(ErrorCode::INVALID_TOPIC_EXCEPTION));
        check(Entity::TopicName, b"..", Err(ErrorCode::INVALID_TOPIC_EXCEPTION));
        check(Entity::GroupId, b"", Ok(()));
        check(Entity::TransactionalId, b"", Err(ErrorCode::INVALID_REQUEST));
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

    #[test]
    fn texts_lose_every_prefix_and_nothing_else() {
        let check = |prefix, text: &str, expected: &str| {
            let scrubbed = match Prefix::new(Mode::HidePrefix, prefix).scrub(text.as_bytes()) {
                Edit::Keep => text.as_bytes().to_vec(),
                Edit::Replace(new) => new.into_owned(),
                other => panic!("{other:?}"),
            };
            assert_eq!(String::from_utf8(scrubbed).unwrap(), expected);
        };
        check("a.", "nothing of it", "nothing of it");
        check(
            "a.",
            "Topic 'a.orders' already exists.",
            "Topic 'orders' already exists.",
        );
        check("a.", "a.x, a.y, ba.z a", "x, y, bz a");
        check("aa", "aaa", "a");
        check("ab", "aabb", "");
        check("aab", "xaabab", "xab");
        check("a.", "aa..", "");
        check("é.", "thé.x", "thx");
    }

    #[test]
    fn the_topic_that_a_name_collides_with_is_not_quoted() {
        let text = b"Topic 'a.b_c' collides with existing topic: a_b.c";
        for (mode, expected) in [
            (Mode::HidePrefix, "Topic 'b_c' collides with existing topic"),
            (Mode::EnforcePrefix, "Topic 'a.b_c' collides with existing topic"),
        ] {
            let Edit::Replace(new) = Prefix::new(mode, "a.").scrub(text) else {
                panic!("{mode:?} keeps it")
            };
            assert_eq!(new, expected.as_bytes());
        }
    }
}
