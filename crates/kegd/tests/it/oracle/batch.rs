//! Record batches in Kafka's format 2: made for requests, and shown from responses.

use super::shown::Shown;
use super::symbols::Symbols;
use super::term::Batch;

/// Timestamps that the records are given, so that both sides can be asked for them.
pub(super) const TIMESTAMP: i64 = 1_700_000_000_000;

/// The attribute of batches that belong to a transaction, and of markers.
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;

/// Where things stand in a batch.
const LENGTH: usize = 8;
const CRC: usize = 17;
const ATTRIBUTES: usize = 21;
const LAST_OFFSET_DELTA: usize = 23;
const BASE_TIMESTAMP: usize = 27;
const MAX_TIMESTAMP: usize = 35;
const PRODUCER_ID: usize = 43;
const PRODUCER_EPOCH: usize = 51;
const BASE_SEQUENCE: usize = 53;
const RECORDS: usize = 61;

/// Who the records are of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Producer {
    pub(super) id: i64,
    pub(super) epoch: i64,
    pub(super) transactional: bool,
}

/// The bytes of a batch.
pub(super) fn bytes(batch: Batch, producer: Option<Producer>) -> Vec<u8> {
    let attributes = if producer.is_some_and(|it| it.transactional) {
        TRANSACTIONAL
    } else {
        0
    };
    let last = i32::from(batch.count) - 1;
    let mut out = vec![0; CRC + 4];
    out[CRC - 1] = 2;
    out.extend(attributes.to_be_bytes());
    out.extend(last.to_be_bytes());
    out.extend(TIMESTAMP.to_be_bytes());
    out.extend((TIMESTAMP + i64::from(last)).to_be_bytes());
    let (id, epoch, sequence) = producer.map_or((-1, -1, -1), |it| (it.id, it.epoch, batch.sequence));
    out.extend(id.to_be_bytes());
    out.extend(i16::try_from(epoch).unwrap_or(i16::MAX).to_be_bytes());
    out.extend(sequence.to_be_bytes());
    out.extend(i32::from(batch.count).to_be_bytes());
    for index in 0..i8::try_from(batch.count).unwrap() {
        // No attributes, the distance of time and offset, a key of one byte, a value of one byte, no headers.
        let zigzag = (index << 1).cast_unsigned();
        let record = [0, zigzag, zigzag, 2, b'k', 2, b'v', 0];
        out.push(u8::try_from(record.len() << 1).unwrap());
        out.extend(record);
    }
    let length = i32::try_from(out.len() - LENGTH - 4).unwrap();
    out[LENGTH..LENGTH + 4].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c::crc32c(&out[ATTRIBUTES..]) ^ u32::from(batch.corrupt);
    out[CRC..ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
    out
}

/// What the batches say, but for their checksum, which is over the producer's id, and the times of markers, which are
/// the broker's.
pub(super) fn show(mut bytes: &[u8], symbols: &mut Symbols) -> Shown {
    let mut batches = Vec::new();
    while let Some(batch) = whole(bytes) {
        bytes = &bytes[batch.len()..];
        let attributes = i16::from_be_bytes(at(batch, ATTRIBUTES));
        let time = |place| match attributes & CONTROL {
            0 => Shown::Integer(i64::from_be_bytes(at(batch, place))),
            _ => Shown::Symbol("now".to_owned()),
        };
        batches.push(Shown::Fields(vec![
            ("BaseOffset", Shown::Integer(i64::from_be_bytes(at(batch, 0)))),
            ("LeaderEpochAndMagic", Shown::Bytes(batch[LENGTH + 4..CRC].to_vec())),
            ("Attributes", Shown::Integer(attributes.into())),
            (
                "LastOffsetDelta",
                Shown::Integer(i32::from_be_bytes(at(batch, LAST_OFFSET_DELTA)).into()),
            ),
            ("BaseTimestamp", time(BASE_TIMESTAMP)),
            ("MaxTimestamp", time(MAX_TIMESTAMP)),
            (
                "ProducerId",
                symbols.producer(i64::from_be_bytes(at(batch, PRODUCER_ID))),
            ),
            (
                "ProducerEpoch",
                Shown::Integer(i16::from_be_bytes(at(batch, PRODUCER_EPOCH)).into()),
            ),
            (
                "BaseSequence",
                Shown::Integer(i32::from_be_bytes(at(batch, BASE_SEQUENCE)).into()),
            ),
            ("Records", Shown::Bytes(batch[RECORDS - 4..].to_vec())),
        ]));
    }
    // A fetch that is bounded by bytes may end within a batch.
    batches.push(Shown::Integer(i64::try_from(bytes.len()).unwrap()));
    Shown::List(batches)
}

fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let length = i32::from_be_bytes(*bytes.get(LENGTH..)?.first_chunk()?);
    bytes
        .get(..LENGTH + 4 + usize::try_from(length).ok()?)
        .filter(|batch| batch.len() >= RECORDS)
}

fn at<const N: usize>(batch: &[u8], place: usize) -> [u8; N] {
    *batch[place..].first_chunk().unwrap()
}
