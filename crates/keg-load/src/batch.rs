//! Record batches, as `org.apache.kafka.common.record.DefaultRecordBatch` describes them.

/// A batch without compression, of records without keys whose values have this size.
pub(crate) fn batch(records: u32, value_size: usize) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(0_i16.to_be_bytes()); // attributes
    body.extend((i64::from(records) - 1).to_be_bytes().iter().skip(4)); // last offset delta
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_millis());
    let now = i64::try_from(now).unwrap_or_default();
    body.extend(now.to_be_bytes());
    body.extend(now.to_be_bytes());
    body.extend((-1_i64).to_be_bytes()); // producer id
    body.extend((-1_i16).to_be_bytes());
    body.extend((-1_i32).to_be_bytes());
    body.extend(records.to_be_bytes());
    // What compresses to nothing would be unlike most records; nobody compresses here, but TLS must not be helped either.
    let value: Vec<u8> = (0..value_size)
        .map(|place| (place.wrapping_mul(167) >> 3) as u8)
        .collect();
    for delta in 0..records {
        let mut record = vec![0]; // attributes
        varint(&mut record, 0);
        varint(&mut record, i64::from(delta));
        varint(&mut record, -1);
        varint(&mut record, i64::try_from(value_size).unwrap_or_default());
        record.extend(&value);
        varint(&mut record, 0);
        varint(&mut body, i64::try_from(record.len()).unwrap_or_default());
        body.extend(record);
    }
    let mut batch = Vec::with_capacity(body.len() + 21);
    batch.extend(0_i64.to_be_bytes());
    batch.extend(u32::try_from(body.len() + 9).unwrap_or_default().to_be_bytes());
    batch.extend((-1_i32).to_be_bytes());
    batch.push(2);
    batch.extend(crc32c::crc32c(&body).to_be_bytes());
    batch.extend(body);
    batch
}

/// The size of such a batch.
pub(crate) fn size(records: u32, value_size: usize) -> usize {
    batch(records, value_size).len()
}

fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_zigzag() {
        for (value, bytes) in [
            (0, &[0][..]),
            (-1, &[1]),
            (1, &[2]),
            (63, &[126]),
            (64, &[0x80, 1]),
            (1024, &[0x80, 16]),
        ] {
            let mut out = Vec::new();
            varint(&mut out, value);
            assert_eq!(out, bytes, "{value}");
        }
    }

    #[test]
    fn a_batch_says_its_own_length() {
        let batch = batch(3, 100);
        assert_eq!(
            u32::from_be_bytes(batch[8..12].try_into().unwrap()) as usize,
            batch.len() - 12
        );
        assert_eq!(batch.len(), size(3, 100));
    }
}
