//! Kafka's primitive types: a reader that is bounded by the bytes that are there, and writers.

use crate::walk::WalkError;

/// Reads primitives from a slice; every length is checked against what remains.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], WalkError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let Some(taken) = end.and_then(|end| self.bytes.get(self.at..end)) else {
            return Err(WalkError::Truncated {
                needed: count,
                left: self.remaining(),
            });
        };
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WalkError> {
        match self.take(N)?.first_chunk::<N>() {
            Some(chunk) => Ok(*chunk),
            None => Err(WalkError::Truncated {
                needed: N,
                left: self.remaining(),
            }),
        }
    }

    pub(crate) fn int8(&mut self) -> Result<i8, WalkError> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    pub(crate) fn int16(&mut self) -> Result<i16, WalkError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn int32(&mut self) -> Result<i32, WalkError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn int64(&mut self) -> Result<i64, WalkError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub(crate) fn uuid(&mut self) -> Result<[u8; 16], WalkError> {
        self.array()
    }

    /// An unsigned varint of at most five bytes and 32 bits.
    pub(crate) fn varint(&mut self) -> Result<u32, WalkError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array::<1>()?;
            if shift == 28 && byte > 0x0f {
                return Err(WalkError::VarintTooLong);
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WalkError::VarintTooLong)
    }

    /// A length or count of four bytes, or of a varint one higher in flexible versions; `None` is null.
    pub(crate) fn length32(&mut self, flexible: bool) -> Result<Option<usize>, WalkError> {
        if flexible {
            return self.compact_length();
        }
        length(i64::from(self.int32()?))
    }

    /// The length of a string: two bytes, or a varint one higher in flexible versions; `None` is null.
    pub(crate) fn length16(&mut self, flexible: bool) -> Result<Option<usize>, WalkError> {
        if flexible {
            return self.compact_length();
        }
        length(i64::from(self.int16()?))
    }

    fn compact_length(&mut self) -> Result<Option<usize>, WalkError> {
        length(i64::from(self.varint()?) - 1)
    }
}

/// Lengths that don't fit are left to the check against the bytes that remain.
fn length(value: i64) -> Result<Option<usize>, WalkError> {
    match value {
        -1 => Ok(None),
        0.. => Ok(Some(usize::try_from(value).unwrap_or(usize::MAX))),
        _ => Err(WalkError::NegativeLength { length: value }),
    }
}

/// Writes an unsigned varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes the length of a string; `None` is null.
pub(crate) fn put_length16(out: &mut Vec<u8>, length: Option<usize>, flexible: bool) -> Result<(), WalkError> {
    if flexible {
        return put_compact_length(out, length);
    }
    let length = length.map_or(Ok(-1), |length| {
        i16::try_from(length).map_err(|_| WalkError::TooLong { length })
    })?;
    out.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

/// Writes the length of bytes or the count of an array; `None` is null.
pub(crate) fn put_length32(out: &mut Vec<u8>, length: Option<usize>, flexible: bool) -> Result<(), WalkError> {
    if flexible {
        return put_compact_length(out, length);
    }
    let length = length.map_or(Ok(-1), |length| {
        i32::try_from(length).map_err(|_| WalkError::TooLong { length })
    })?;
    out.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

fn put_compact_length(out: &mut Vec<u8>, length: Option<usize>) -> Result<(), WalkError> {
    let value = length.map_or(Ok(0), |length| {
        u32::try_from(length)
            .ok()
            .filter(|length| *length < i32::MAX as u32)
            .map(|length| length + 1)
            .ok_or(WalkError::TooLong { length })
    })?;
    put_varint(out, value);
    Ok(())
}
