//! Idempotent producers: which batches a partition has seen, and which must come next.

use std::collections::{BTreeMap, VecDeque};

use kafka_protocol::ResponseError;

use super::batch::{Batch, advance};

/// How many of a producer's batches are remembered; Kafka's clients have at most as many in flight.
const REMEMBERED: usize = 5;
/// How many producers a partition remembers; the one with the lowest id, the oldest, is forgotten.
const MAX_PRODUCERS: usize = 1_000;

/// The producers of one partition.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    known: BTreeMap<i64, Producer>,
}

#[derive(Debug)]
struct Producer {
    epoch: i16,
    recent: VecDeque<Sequences>,
}

#[derive(Debug)]
struct Sequences {
    first: i32,
    last: i32,
    base_offset: i64,
}

/// What becomes of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Append,
    /// The batch is in the log already, at this offset: the producer's retry gets the first answer.
    Duplicate {
        base_offset: i64,
    },
}

impl Producers {
    /// Judges a batch; a batch without a producer id always passes.
    pub(crate) fn judge(&self, batch: &Batch) -> Result<Verdict, ResponseError> {
        let Some(producer) = self.known.get(&batch.producer_id) else {
            return Ok(Verdict::Append);
        };
        if batch.producer_epoch < producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if batch.producer_epoch > producer.epoch {
            return match batch.base_sequence {
                0 => Ok(Verdict::Append),
                _ => Err(ResponseError::OutOfOrderSequenceNumber),
            };
        }
        let (first, last) = (batch.base_sequence, batch.last_sequence());
        if let Some(seen) = producer
            .recent
            .iter()
            .find(|seen| seen.first == first && seen.last == last)
        {
            return Ok(Verdict::Duplicate {
                base_offset: seen.base_offset,
            });
        }
        match producer.recent.back() {
            Some(latest) if advance(latest.last, 1) != first => Err(ResponseError::OutOfOrderSequenceNumber),
            _ => Ok(Verdict::Append),
        }
    }

    /// Remembers a batch that was appended.
    pub(crate) fn remember(&mut self, batch: &Batch, base_offset: i64) {
        if batch.producer_id < 0 {
            return;
        }
        let producer = self.known.entry(batch.producer_id).or_insert_with(|| Producer {
            epoch: batch.producer_epoch,
            recent: VecDeque::with_capacity(REMEMBERED),
        });
        if producer.epoch != batch.producer_epoch {
            producer.epoch = batch.producer_epoch;
            producer.recent.clear();
        }
        if producer.recent.len() == REMEMBERED {
            producer.recent.pop_front();
        }
        producer.recent.push_back(Sequences {
            first: batch.base_sequence,
            last: batch.last_sequence(),
            base_offset,
        });
        if self.known.len() > MAX_PRODUCERS {
            self.known.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::samples::Sample;
    use super::*;

    fn batch(epoch: i16, sequence: i32, count: i32) -> Batch {
        let sample = Sample {
            producer: (9, epoch, sequence),
            count,
            ..Sample::default()
        };
        Batch::parse(&sample.bytes()).unwrap()
    }

    #[test]
    fn a_retried_batch_is_a_duplicate_and_a_gap_is_out_of_order() {
        let mut producers = Producers::default();
        for (sequence, offset) in [(0, 100), (3, 103)] {
            let batch = batch(0, sequence, 3);
            assert_eq!(producers.judge(&batch), Ok(Verdict::Append));
            producers.remember(&batch, offset);
        }
        assert_eq!(
            producers.judge(&batch(0, 0, 3)),
            Ok(Verdict::Duplicate { base_offset: 100 })
        );
        assert_eq!(
            producers.judge(&batch(0, 3, 3)),
            Ok(Verdict::Duplicate { base_offset: 103 })
        );
        assert_eq!(
            producers.judge(&batch(0, 7, 1)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
        assert_eq!(
            producers.judge(&batch(0, 3, 2)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
        assert_eq!(producers.judge(&batch(0, 6, 1)), Ok(Verdict::Append));
    }

    #[test]
    fn a_new_epoch_starts_at_zero_and_fences_the_old_one() {
        let mut producers = Producers::default();
        producers.remember(&batch(1, 40, 2), 0);
        assert_eq!(
            producers.judge(&batch(0, 42, 1)),
            Err(ResponseError::InvalidProducerEpoch)
        );
        assert_eq!(
            producers.judge(&batch(2, 42, 1)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
        assert_eq!(producers.judge(&batch(2, 0, 1)), Ok(Verdict::Append));
    }

    #[test]
    fn sequence_numbers_wrap_to_zero() {
        let mut producers = Producers::default();
        producers.remember(&batch(0, i32::MAX - 1, 3), 0);
        assert_eq!(producers.judge(&batch(0, 1, 1)), Ok(Verdict::Append));
        assert_eq!(
            producers.judge(&batch(0, 2, 1)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
    }

    #[test]
    fn only_the_last_batches_and_the_newest_producers_are_remembered() {
        let mut producers = Producers::default();
        for sequence in 0..6 {
            producers.remember(&batch(0, sequence, 1), i64::from(sequence));
        }
        assert_eq!(
            producers.judge(&batch(0, 0, 1)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
        assert_eq!(
            producers.judge(&batch(0, 1, 1)),
            Ok(Verdict::Duplicate { base_offset: 1 })
        );
        for id in 100..100 + MAX_PRODUCERS as i64 {
            let sample = Sample {
                producer: (id, 0, 0),
                ..Sample::default()
            };
            producers.remember(&Batch::parse(&sample.bytes()).unwrap(), 0);
        }
        assert_eq!(producers.known.len(), MAX_PRODUCERS);
        assert!(!producers.known.contains_key(&9));
    }
}
