//! The log of one partition: whole batches in order, bounded in bytes.

pub(crate) mod batch;
mod producers;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;

use batch::Batch;
use producers::{Producers, Verdict};

/// The only epoch there is: leaders never move.
pub(crate) const LEADER_EPOCH: i32 = 0;

/// An append-only sequence of batches, of which the oldest are dropped when it grows too large.
#[derive(Debug, Default)]
pub(crate) struct Log {
    start_offset: i64,
    end_offset: i64,
    size: usize,
    batches: VecDeque<Stored>,
    producers: Producers,
}

#[derive(Debug)]
struct Stored {
    base_offset: i64,
    last_offset: i64,
    max_timestamp: i64,
    bytes: Bytes,
}

/// An offset, and the timestamp by which it was found.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
}

impl Log {
    /// Appends a batch and drops the oldest ones above `retention_bytes`; gives the base offset.
    pub(crate) fn append(&mut self, batch: &Batch, retention_bytes: usize) -> Result<i64, ResponseError> {
        if let Verdict::Duplicate { base_offset } = self.producers.judge(batch)? {
            return Ok(base_offset);
        }
        let base_offset = self.end_offset;
        let last_offset = base_offset.saturating_add(i64::from(batch.last_offset_delta));
        let bytes = batch.at(base_offset, LEADER_EPOCH);
        self.size += bytes.len();
        self.end_offset = last_offset.saturating_add(1);
        self.batches.push_back(Stored {
            base_offset,
            last_offset,
            max_timestamp: batch.max_timestamp,
            bytes,
        });
        self.producers.remember(batch, base_offset);
        self.retain(retention_bytes);
        Ok(base_offset)
    }

    /// Whole batches from the one that contains `offset` on, up to `max_bytes`.
    ///
    /// With `at_least_one` the first batch is given even if it is larger, so that a consumer
    /// always makes progress (KIP-74).
    pub(crate) fn read(&self, offset: i64, max_bytes: usize, at_least_one: bool) -> Result<Bytes, ResponseError> {
        if offset < self.start_offset || offset > self.end_offset {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let first = self.batches.partition_point(|stored| stored.last_offset < offset);
        let mut size = 0;
        let chosen = self.batches.range(first..).take_while(|stored| {
            let fits = size + stored.bytes.len() <= max_bytes || (size == 0 && at_least_one);
            size += stored.bytes.len();
            fits
        });
        let mut chosen: Vec<&Bytes> = chosen.map(|stored| &stored.bytes).collect();
        if chosen.len() == 1 {
            return Ok(chosen.pop().cloned().unwrap_or_default());
        }
        let mut records = BytesMut::with_capacity(chosen.iter().map(|bytes| bytes.len()).sum());
        for bytes in chosen {
            records.extend_from_slice(bytes);
        }
        Ok(records.freeze())
    }

    /// The first batch with a record at or after `timestamp`: its base offset and largest timestamp.
    pub(crate) fn at_or_after(&self, timestamp: i64) -> Option<Found> {
        self.batches
            .iter()
            .find(|stored| stored.max_timestamp >= timestamp)
            .map(|stored| Found {
                offset: stored.base_offset.max(self.start_offset),
                timestamp: stored.max_timestamp,
            })
    }

    /// The last offset of the batch with the largest timestamp.
    pub(crate) fn latest_timestamp(&self) -> Option<Found> {
        self.batches
            .iter()
            .reduce(|best, stored| {
                if stored.max_timestamp > best.max_timestamp {
                    stored
                } else {
                    best
                }
            })
            .map(|stored| Found {
                offset: stored.last_offset,
                timestamp: stored.max_timestamp,
            })
    }

    /// Moves the start of the log to `offset` (-1: to its end) and gives the new start.
    pub(crate) fn delete_before(&mut self, offset: i64) -> Result<i64, ResponseError> {
        let offset = if offset == -1 { self.end_offset } else { offset };
        if offset < 0 || offset > self.end_offset {
            return Err(ResponseError::OffsetOutOfRange);
        }
        self.start_offset = self.start_offset.max(offset);
        while self
            .batches
            .front()
            .is_some_and(|oldest| oldest.last_offset < self.start_offset)
        {
            self.drop_oldest();
        }
        Ok(self.start_offset)
    }

    /// Drops the oldest batches above `retention_bytes`, but never the newest one.
    pub(crate) fn retain(&mut self, retention_bytes: usize) {
        while self.size > retention_bytes && self.batches.len() > 1 {
            self.drop_oldest();
            if let Some(oldest) = self.batches.front() {
                self.start_offset = self.start_offset.max(oldest.base_offset);
            }
        }
    }

    pub(crate) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset that the next record gets; there are no replicas, so it is the high watermark too.
    pub(crate) fn end_offset(&self) -> i64 {
        self.end_offset
    }

    fn drop_oldest(&mut self) {
        if let Some(dropped) = self.batches.pop_front() {
            self.size -= dropped.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::batch::samples::Sample;
    use super::*;

    fn batch(count: i32, timestamp: i64) -> Batch {
        Batch::parse(
            &Sample {
                count,
                timestamp,
                ..Sample::default()
            }
            .bytes(),
        )
        .unwrap()
    }

    fn log(batches: &[(i32, i64)]) -> Log {
        let mut log = Log::default();
        for (count, timestamp) in batches {
            log.append(&batch(*count, *timestamp), usize::MAX).unwrap();
        }
        log
    }

    #[test]
    fn offsets_follow_the_record_counts() {
        let mut log = log(&[(3, 1), (1, 2)]);
        assert_eq!(log.append(&batch(2, 3), usize::MAX), Ok(4));
        assert_eq!((log.start_offset(), log.end_offset()), (0, 6));
    }

    #[test]
    fn a_read_starts_with_the_batch_that_holds_the_offset() {
        let log = log(&[(3, 1), (3, 2), (3, 3)]);
        let size = batch(3, 1).size();
        let check = |offset, max_bytes, at_least_one, batches: usize| {
            let read = log.read(offset, max_bytes, at_least_one).unwrap();
            assert_eq!(read.len(), batches * size, "at {offset}, {max_bytes} bytes");
        };
        check(0, usize::MAX, false, 3);
        check(4, usize::MAX, false, 2);
        check(5, 2 * size - 1, false, 1);
        check(5, size - 1, false, 0);
        check(5, size - 1, true, 1);
        check(9, usize::MAX, true, 0);
        assert_eq!(log.read(10, 1, true), Err(ResponseError::OffsetOutOfRange));
        assert_eq!(log.read(-1, 1, true), Err(ResponseError::OffsetOutOfRange));
        assert_eq!(&log.read(4, size, true).unwrap()[..8], 3i64.to_be_bytes());
    }

    #[test]
    fn the_oldest_batches_go_when_the_log_is_full() {
        let size = batch(2, 1).size();
        let mut log = Log::default();
        for _ in 0..5 {
            log.append(&batch(2, 1), 2 * size).unwrap();
        }
        assert_eq!((log.start_offset(), log.end_offset(), log.size), (6, 10, 2 * size));
        assert_eq!(log.read(5, 1, true), Err(ResponseError::OffsetOutOfRange));
        log.retain(0);
        assert_eq!((log.start_offset(), log.size), (8, size), "the newest batch stays");
    }

    #[test]
    fn deleting_records_moves_the_start_even_into_a_batch() {
        let mut log = log(&[(3, 1), (3, 2)]);
        assert_eq!(log.delete_before(4), Ok(4));
        assert_eq!(log.batches.len(), 1);
        assert_eq!(log.delete_before(2), Ok(4), "the start never moves back");
        assert_eq!(log.read(3, 1, true), Err(ResponseError::OffsetOutOfRange));
        assert_eq!(
            log.at_or_after(0),
            Some(Found {
                offset: 4,
                timestamp: 2
            })
        );
        assert_eq!(log.delete_before(7), Err(ResponseError::OffsetOutOfRange));
        assert_eq!(log.delete_before(-1), Ok(6));
        assert_eq!((log.batches.len(), log.size), (0, 0));
    }

    #[test]
    fn timestamps_are_found_by_batch() {
        let log = log(&[(2, 100), (2, 300), (2, 200)]);
        assert_eq!(
            log.at_or_after(100),
            Some(Found {
                offset: 0,
                timestamp: 100
            })
        );
        assert_eq!(
            log.at_or_after(101),
            Some(Found {
                offset: 2,
                timestamp: 300
            })
        );
        assert_eq!(log.at_or_after(301), None);
        assert_eq!(
            log.latest_timestamp(),
            Some(Found {
                offset: 3,
                timestamp: 300
            })
        );
        assert_eq!(Log::default().latest_timestamp(), None);
    }

    #[test]
    fn a_duplicate_is_not_stored_twice() {
        let mut log = Log::default();
        let sent = Sample {
            producer: (9, 0, 0),
            count: 3,
            ..Sample::default()
        }
        .bytes();
        let batch = Batch::parse(&sent).unwrap();
        assert_eq!(log.append(&batch, usize::MAX), Ok(0));
        assert_eq!(log.append(&batch, usize::MAX), Ok(0));
        assert_eq!((log.batches.len(), log.end_offset()), (1, 3));
    }
}
