//! Idempotent producers, which count their records by topic (KIP-98).
//!
//! A producer that writes to a topic under two names counts twice from zero. The broker, for which it is one partition,
//! would take the second name's records for those of the first, sent again, and acknowledge them without keeping them.

use std::sync::Arc;

use keg_codec::ErrorCode;

use super::memory::Writer;
use super::set::{Handle, Set};

/// What the records get that would be lost. Not retriable.
pub(super) const REFUSED: ErrorCode = ErrorCode::POLICY_VIOLATION;

/// Where a batch says its format (KIP-98), which is 2.
const MAGIC: usize = 16;

/// Where it says its producer: an id of eight bytes, and an epoch of two.
const PRODUCER: usize = 43;

/// The sequence that a partition's records are of; `None` when they are of none.
pub(super) fn writer(set: &Set, handle: Handle, partition: i64, records: &[u8]) -> Option<Writer> {
    if records.get(MAGIC) != Some(&2) {
        return None;
    }
    let id = i64::from_be_bytes(*records.get(PRODUCER..)?.first_chunk()?);
    let epoch = i16::from_be_bytes(*records.get(PRODUCER + 8..)?.first_chunk()?);
    let topic = set.topic(set.target(handle)?)?;
    (id >= 0).then(|| Writer {
        producer: (id, epoch),
        topic: Arc::clone(&topic.name),
        partition,
    })
}
