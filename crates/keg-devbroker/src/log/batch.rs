//! One record batch as a producer sent it (Kafka's format 2, the only one that Kafka 4 accepts).

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::ResponseError;

/// Base offset and batch length: what comes before the bytes that the length counts.
const PREFIX: usize = 12;
/// The part in front of the checksum; base offset and leader epoch lie in it, so both can be
/// patched without a new checksum.
const BEFORE_CHECKED: usize = 21;
const COMPRESSION: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 0b1000;
const TRANSACTIONAL: i16 = 0b1_0000;
const CONTROL: i16 = 0b10_0000;

/// A batch whose framing, checksum and header have been checked; its records are never decoded.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) max_timestamp: i64,
    pub(crate) last_offset_delta: i32,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    bytes: Bytes,
}

impl Batch {
    /// Checks what a producer sent for one partition, which must be exactly one batch.
    ///
    /// What the framing, the magic byte or the checksum refutes is `CORRUPT_MESSAGE`; what a
    /// producer may not send is `INVALID_RECORD`.
    pub(crate) fn parse(records: &Bytes) -> Result<Self, ResponseError> {
        let mut header = records.clone();
        let batch = Self::header(&mut header, records).map_err(|_| ResponseError::CorruptMessage)??;
        Ok(batch)
    }

    fn header(header: &mut Bytes, records: &Bytes) -> Result<Result<Self, ResponseError>, bytes::TryGetError> {
        let _base_offset = header.try_get_i64()?;
        let length = header.try_get_i32()?;
        let _leader_epoch = header.try_get_i32()?;
        let magic = header.try_get_i8()?;
        let checksum = header.try_get_u32()?;
        let attributes = header.try_get_i16()?;
        let last_offset_delta = header.try_get_i32()?;
        let _base_timestamp = header.try_get_i64()?;
        let max_timestamp = header.try_get_i64()?;
        let producer_id = header.try_get_i64()?;
        let producer_epoch = header.try_get_i16()?;
        let base_sequence = header.try_get_i32()?;
        let record_count = header.try_get_i32()?;

        let whole = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_add(PREFIX))
            .unwrap_or(usize::MAX);
        if magic != 2 || whole > records.len() {
            return Ok(Err(ResponseError::CorruptMessage));
        }
        let bytes = records.slice(..whole);
        let checked = bytes.get(BEFORE_CHECKED..).unwrap_or_default();
        if checked.is_empty() || crc32c::crc32c(checked) != checksum {
            return Ok(Err(ResponseError::CorruptMessage));
        }
        // A transaction's batches would need a transaction coordinator, which this broker lacks.
        if attributes & TRANSACTIONAL != 0 {
            return Ok(Err(ResponseError::InvalidTxnState));
        }
        let one_batch = whole == records.len();
        let counted = record_count > 0 && last_offset_delta == record_count - 1;
        let sequenced = producer_id < 0 || (producer_epoch >= 0 && base_sequence >= 0);
        let from_a_producer = attributes & (CONTROL | LOG_APPEND_TIME) == 0;
        let known_codec = attributes & COMPRESSION <= 4;
        if !(one_batch && counted && sequenced && from_a_producer && known_codec) {
            return Ok(Err(ResponseError::InvalidRecord));
        }
        Ok(Ok(Self {
            max_timestamp,
            last_offset_delta,
            producer_id,
            producer_epoch,
            base_sequence,
            bytes,
        }))
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The last sequence number of the batch; after `i32::MAX` comes 0.
    pub(crate) fn last_sequence(&self) -> i32 {
        advance(self.base_sequence, self.last_offset_delta)
    }

    /// The bytes as a consumer gets them: a copy, so that a stored batch keeps no request alive.
    pub(crate) fn at(&self, base_offset: i64, leader_epoch: i32) -> Bytes {
        let mut stored = BytesMut::with_capacity(self.bytes.len());
        stored.extend_from_slice(&base_offset.to_be_bytes());
        stored.extend_from_slice(self.bytes.get(8..PREFIX).unwrap_or_default());
        stored.extend_from_slice(&leader_epoch.to_be_bytes());
        stored.extend_from_slice(self.bytes.get(16..).unwrap_or_default());
        stored.freeze()
    }
}

/// The sequence number `steps` after `sequence`, in Kafka's wrapping order.
pub(crate) fn advance(sequence: i32, steps: i32) -> i32 {
    sequence.wrapping_add(steps) & i32::MAX
}

#[cfg(test)]
pub(crate) mod samples {
    use bytes::{BufMut, Bytes, BytesMut};

    /// What a batch says about itself; its records are opaque to the broker, and so to its tests.
    pub(crate) struct Sample {
        pub(crate) count: i32,
        pub(crate) timestamp: i64,
        pub(crate) producer: (i64, i16, i32),
        pub(crate) attributes: i16,
        pub(crate) payload: usize,
    }

    impl Default for Sample {
        fn default() -> Self {
            Self {
                count: 1,
                timestamp: 1_000,
                producer: (-1, -1, -1),
                attributes: 0,
                payload: 39,
            }
        }
    }

    impl Sample {
        pub(crate) fn bytes(&self) -> Bytes {
            let mut checked = BytesMut::new();
            checked.put_i16(self.attributes);
            checked.put_i32(self.count - 1);
            checked.put_i64(self.timestamp);
            checked.put_i64(self.timestamp);
            checked.put_i64(self.producer.0);
            checked.put_i16(self.producer.1);
            checked.put_i32(self.producer.2);
            checked.put_i32(self.count);
            checked.put_bytes(b'x', self.payload);
            let mut batch = BytesMut::new();
            batch.put_i64(0);
            batch.put_i32(9 + checked.len() as i32);
            batch.put_i32(-1);
            batch.put_i8(2);
            batch.put_u32(crc32c::crc32c(&checked));
            batch.put_slice(&checked);
            batch.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::Sample;
    use super::*;

    #[test]
    fn a_batch_keeps_its_bytes_but_for_offset_and_epoch() {
        let sent = Sample::default().bytes();
        let stored = Batch::parse(&sent).unwrap().at(77, 3);
        assert_eq!(stored.len(), sent.len());
        assert_eq!(&stored[..8], 77i64.to_be_bytes());
        assert_eq!(&stored[12..16], 3i32.to_be_bytes());
        assert_eq!(stored[8..12], sent[8..12]);
        assert_eq!(stored[16..], sent[16..]);
        Batch::parse(&stored).expect("the checksum does not cover what was patched");
    }

    #[test]
    fn what_framing_magic_or_checksum_refutes_is_corrupt() {
        let sent = Sample::default().bytes();
        for cut in 0..sent.len() {
            let error = Batch::parse(&sent.slice(..cut)).unwrap_err();
            assert_eq!(error, ResponseError::CorruptMessage, "cut at {cut}");
        }
        for position in 8..sent.len() {
            let mut damaged = sent.to_vec();
            damaged[position] ^= 0x40;
            let outcome = Batch::parse(&Bytes::from(damaged));
            match position {
                // The leader epoch is the broker's own field.
                12..16 => assert!(outcome.is_ok()),
                _ => assert_eq!(
                    outcome.unwrap_err(),
                    ResponseError::CorruptMessage,
                    "flipped at {position}"
                ),
            }
        }
    }

    #[test]
    fn what_a_producer_may_not_send_is_refused() {
        let check = |sample: Sample, expected| {
            assert_eq!(Batch::parse(&sample.bytes()).unwrap_err(), expected);
        };
        let with = |attributes| Sample {
            attributes,
            ..Sample::default()
        };
        check(with(CONTROL), ResponseError::InvalidRecord);
        check(with(LOG_APPEND_TIME), ResponseError::InvalidRecord);
        check(with(5), ResponseError::InvalidRecord);
        check(with(TRANSACTIONAL), ResponseError::InvalidTxnState);
        check(
            Sample {
                count: 0,
                ..Sample::default()
            },
            ResponseError::InvalidRecord,
        );
        check(
            Sample {
                producer: (9, -1, 0),
                ..Sample::default()
            },
            ResponseError::InvalidRecord,
        );
        let one = Sample::default().bytes();
        let two = Bytes::from([&one[..], &one[..]].concat());
        assert_eq!(Batch::parse(&two).unwrap_err(), ResponseError::InvalidRecord);
    }
}
