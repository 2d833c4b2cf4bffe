//! A batch of records, as a producer sends it.

/// Who produces: the id and the epoch, and whether within a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Producer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) transactional: bool,
}

impl Producer {
    pub(crate) const PLAIN: Self = Self {
        id: -1,
        epoch: -1,
        transactional: false,
    };
}

/// An uncompressed batch of the second format (KIP-98) with one record for each value.
pub(crate) fn batch(producer: Producer, values: &[String]) -> Vec<u8> {
    let count = i32::try_from(values.len()).unwrap();
    let mut checked = Vec::new();
    checked.extend((i16::from(producer.transactional) << 4).to_be_bytes());
    checked.extend((count - 1).to_be_bytes());
    // The times of the first and the last record.
    checked.extend(1_700_000_000_000_i64.to_be_bytes());
    checked.extend(1_700_000_000_000_i64.to_be_bytes());
    checked.extend(producer.id.to_be_bytes());
    checked.extend(producer.epoch.to_be_bytes());
    checked.extend((if producer.id < 0 { -1_i32 } else { 0 }).to_be_bytes());
    checked.extend(count.to_be_bytes());
    for (offset, value) in (0..).zip(values) {
        checked.extend(record(offset, value));
    }

    let mut batch = 0_i64.to_be_bytes().to_vec();
    batch.extend(i32::try_from(checked.len() + 9).unwrap().to_be_bytes());
    batch.extend((-1_i32).to_be_bytes());
    batch.push(2);
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

fn record(offset: i64, value: &str) -> Vec<u8> {
    let mut record = vec![0];
    signed_varint(0, &mut record);
    signed_varint(offset, &mut record);
    signed_varint(-1, &mut record);
    signed_varint(i64::try_from(value.len()).unwrap(), &mut record);
    record.extend(value.as_bytes());
    signed_varint(0, &mut record);
    let mut out = Vec::new();
    signed_varint(i64::try_from(record.len()).unwrap(), &mut out);
    out.extend(record);
    out
}

fn signed_varint(value: i64, out: &mut Vec<u8>) {
    super::encode::unsigned_varint(((value << 1) ^ (value >> 63)) as u64, out);
}

/// The checksum of Castagnoli's polynomial, a bit at a time: the batches are small.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0x82f6_3b78
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[test]
fn the_checksum_is_castagnolis() {
    // RFC 3720, B.4.
    assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
}
