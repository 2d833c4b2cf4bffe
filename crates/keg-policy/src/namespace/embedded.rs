//! The consumer protocol: topics inside the bytes that group members exchange.

use std::marker::PhantomData;

use bytes::Bytes;
use keg_codec::schema::{CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION, Entity, EntitySet, Field};
use keg_codec::walk::{Edit, Visitor, WalkError, walk_prefix};

/// Rewrites the topics of a subscription or an assignment; `None` when nothing changes.
///
/// Bytes that aren't of the consumer protocol are left alone, as brokers do. User data is the assignor's own.
///
/// # Errors
/// When `rename` refuses a topic.
pub(crate) fn rewrite<'a>(
    kind: Entity,
    bytes: &[u8],
    mut rename: impl FnMut(&[u8]) -> Edit<'a>,
) -> Result<Option<Vec<u8>>, WalkError> {
    rewrite_fields(kind, bytes, |_, topic| rename(topic))
}

/// The same where it matters in which field a topic stands.
pub(crate) fn rewrite_fields<'a>(
    kind: Entity,
    bytes: &[u8],
    rename: impl FnMut(&'static Field, &[u8]) -> Edit<'a>,
) -> Result<Option<Vec<u8>>, WalkError> {
    let message = match kind {
        Entity::ConsumerAssignment => CONSUMER_PROTOCOL_ASSIGNMENT,
        _ => CONSUMER_PROTOCOL_SUBSCRIPTION,
    };
    let Some((version, rest)) = bytes.split_first_chunk::<2>() else {
        return Ok(None);
    };
    // A newer version adds fields behind those that are known.
    let known = i16::from_be_bytes(*version).min(message.versions.last);
    if known < 0 {
        return Ok(None);
    }
    let mut topics = Topics {
        rename,
        names: PhantomData,
    };
    match walk_prefix(message, known, rest, &mut topics) {
        Ok((edits, _)) if edits.is_empty() => Ok(None),
        Ok((edits, _)) => {
            let mut out = version.to_vec();
            out.extend(edits.apply(&Bytes::copy_from_slice(rest)).into_iter().flatten());
            Ok(Some(out))
        }
        Err(error @ WalkError::Refused { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

struct Topics<'a, F> {
    rename: F,
    names: PhantomData<Edit<'a>>,
}

impl<'a, F: FnMut(&'static Field, &[u8]) -> Edit<'a>> Visitor for Topics<'a, F> {
    fn interest(&self) -> EntitySet {
        const { EntitySet::of(&[Entity::TopicName]) }
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        value.map_or(Edit::Keep, |topic| (self.rename)(field, topic))
    }
}
