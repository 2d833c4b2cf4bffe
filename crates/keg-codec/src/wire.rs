//! Kafka's primitive types: a reader that is bounded by the bytes that are there, and writers.

use crate::walk::WalkError;

/// Reads primitives from a slice; every length is checked against what remains.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// How many bytes a varint may have.
    pub(crate) const LONGEST_VARINT: usize = 5;

    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A reader of which so many bytes were read.
    pub(crate) fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        (at <= bytes.len()).then_some(Self { bytes, at })
    }

    /// All bytes, those that were read included.
    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many bytes were read.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], WalkError> {
        let start = self.at;
        self.skip(count)?;
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }

    /// Takes so many bytes that nobody looks at.
    #[inline]
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), WalkError> {
        if count > self.remaining() {
            return Err(self.truncated(count));
        }
        self.at += count;
        Ok(())
    }

    /// Takes a byte that is zero, if it comes next.
    #[inline]
    pub(crate) fn skip_zero(&mut self) -> bool {
        let is_zero = self.bytes.get(self.at) == Some(&0);
        self.at += usize::from(is_zero);
        is_zero
    }

    #[cold]
    fn truncated(&self, needed: usize) -> WalkError {
        WalkError::Truncated {
            needed,
            left: self.remaining(),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], WalkError> {
        let Some(chunk) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>()) else {
            return Err(self.truncated(N));
        };
        self.at += N;
        Ok(*chunk)
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

    /// A tag, which is above the one before it in its section.
    pub(crate) fn tag(&mut self, previous: &mut Option<u32>) -> Result<u32, WalkError> {
        let tag = self.varint()?;
        // Decoders hold tags as signed numbers.
        if tag > i32::MAX as u32 || *previous >= Some(tag) {
            return Err(WalkError::TagOrder { tag });
        }
        *previous = Some(tag);
        Ok(tag)
    }

    /// A section of tagged fields, none of which is looked at.
    pub(crate) fn skip_tags(&mut self) -> Result<(), WalkError> {
        let mut previous = None;
        for _ in 0..self.varint()? {
            self.tag(&mut previous)?;
            let size = self.varint()?;
            self.take(size as usize)?;
        }
        Ok(())
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

    #[inline]
    fn compact_length(&mut self) -> Result<Option<usize>, WalkError> {
        // Most are of one byte.
        if let Some(byte @ ..0x80) = self.bytes.get(self.at).copied() {
            self.at += 1;
            return Ok(usize::from(byte).checked_sub(1));
        }
        self.long_compact_length()
    }

    #[cold]
    fn long_compact_length(&mut self) -> Result<Option<usize>, WalkError> {
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
pub(crate) fn put_varint(out: &mut impl Extend<u8>, mut value: u32) {
    while value >= 0x80 {
        out.extend([(value & 0x7f) as u8 | 0x80]);
        value >>= 7;
    }
    out.extend([value as u8]);
}

/// Writes the length of a string; `None` is null.
pub(crate) fn put_length16(out: &mut impl Extend<u8>, length: Option<usize>, flexible: bool) -> Result<(), WalkError> {
    if flexible {
        return put_compact_length(out, length);
    }
    let length = length.map_or(Ok(-1), |length| {
        i16::try_from(length).map_err(|_| WalkError::TooLong { length })
    })?;
    out.extend(length.to_be_bytes());
    Ok(())
}

/// Writes the length of bytes or the count of an array; `None` is null.
pub(crate) fn put_length32(out: &mut impl Extend<u8>, length: Option<usize>, flexible: bool) -> Result<(), WalkError> {
    if flexible {
        return put_compact_length(out, length);
    }
    let length = length.map_or(Ok(-1), |length| {
        i32::try_from(length).map_err(|_| WalkError::TooLong { length })
    })?;
    out.extend(length.to_be_bytes());
    Ok(())
}

fn put_compact_length(out: &mut impl Extend<u8>, length: Option<usize>) -> Result<(), WalkError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_read_as_they_are_written() {
        let check = |value, bytes: &[u8]| {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out, bytes);
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.varint(), Ok(value));
            assert_eq!(reader.remaining(), 0);
        };
        check(0, &[0]);
        check(1, &[1]);
        check(0x7f, &[0x7f]);
        check(0x80, &[0x80, 1]);
        check(300, &[0xac, 2]);
        check(0x3fff, &[0xff, 0x7f]);
        check(0x4000, &[0x80, 0x80, 1]);
        check(i32::MAX as u32, &[0xff, 0xff, 0xff, 0xff, 7]);
        check(u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    }

    #[test]
    fn varints_may_be_longer_than_they_must_but_not_than_five_bytes_or_32_bits() {
        let check = |bytes: &[u8], expected| assert_eq!(Reader::new(bytes).varint(), expected);
        check(&[0x80, 0], Ok(0));
        check(&[0x81, 0x80, 0x80, 0x80, 0], Ok(1));
        check(&[0x80, 0x80, 0x80, 0x80, 0x80, 0], Err(WalkError::VarintTooLong));
        check(&[0xff, 0xff, 0xff, 0xff, 0x1f], Err(WalkError::VarintTooLong));
        check(&[0xff; 10], Err(WalkError::VarintTooLong));
        check(&[0xff, 0xff], Err(WalkError::Truncated { needed: 1, left: 0 }));
        check(&[], Err(WalkError::Truncated { needed: 1, left: 0 }));
    }

    #[test]
    fn lengths_are_null_at_minus_one_and_refused_below() {
        let check = |bytes: &[u8], expected| assert_eq!(Reader::new(bytes).length16(false), expected);
        check(&[0xff, 0xff], Ok(None));
        check(&[0, 0], Ok(Some(0)));
        check(&[0x7f, 0xff], Ok(Some(0x7fff)));
        check(&[0xff, 0xfe], Err(WalkError::NegativeLength { length: -2 }));
        let check = |bytes: &[u8], expected| assert_eq!(Reader::new(bytes).length32(false), expected);
        check(&[0xff; 4], Ok(None));
        check(&[0x7f, 0xff, 0xff, 0xff], Ok(Some(0x7fff_ffff)));
        check(
            &[0x80, 0, 0, 0],
            Err(WalkError::NegativeLength {
                length: i64::from(i32::MIN),
            }),
        );
    }

    #[test]
    fn compact_lengths_are_one_higher_on_the_wire() {
        let check = |length, bytes: &[u8]| {
            let mut out = Vec::new();
            put_length32(&mut out, length, true).unwrap();
            assert_eq!(out, bytes);
            assert_eq!(Reader::new(bytes).length32(true), Ok(length));
            assert_eq!(Reader::new(bytes).length16(true), Ok(length));
        };
        check(None, &[0]);
        check(Some(0), &[1]);
        check(Some(126), &[0x7f]);
        check(Some(127), &[0x80, 1]);
        check(Some(0x7fff_fffe), &[0xff, 0xff, 0xff, 0xff, 7]);
    }

    #[test]
    fn what_is_too_long_for_its_length_field_is_not_written() {
        let mut out = Vec::new();
        let check = |outcome, length| assert_eq!(outcome, Err(WalkError::TooLong { length }));
        check(put_length16(&mut out, Some(0x8000), false), 0x8000);
        check(put_length32(&mut out, Some(0x8000_0000), false), 0x8000_0000);
        check(put_length16(&mut out, Some(0x7fff_ffff), true), 0x7fff_ffff);
        assert!(out.is_empty());
    }

    #[test]
    fn nothing_is_taken_beyond_the_end() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.take(4), Err(WalkError::Truncated { needed: 4, left: 3 }));
        assert_eq!(
            reader.take(usize::MAX),
            Err(WalkError::Truncated {
                needed: usize::MAX,
                left: 3
            })
        );
        assert_eq!(reader.take(3), Ok(&[1, 2, 3][..]));
        assert_eq!(reader.int8(), Err(WalkError::Truncated { needed: 1, left: 0 }));
    }

    #[test]
    fn tags_ascend_and_fit_a_signed_number() {
        let check = |bytes: &[u8], expected| assert_eq!(Reader::new(bytes).skip_tags(), expected);
        check(&[0], Ok(()));
        check(&[2, 0, 1, 9, 5, 0], Ok(()));
        check(&[2, 5, 0, 5, 0], Err(WalkError::TagOrder { tag: 5 }));
        check(&[2, 5, 0, 4, 0], Err(WalkError::TagOrder { tag: 4 }));
        check(&[1, 0xff, 0xff, 0xff, 0xff, 7, 0], Ok(()));
        check(
            &[1, 0x80, 0x80, 0x80, 0x80, 8, 0],
            Err(WalkError::TagOrder { tag: 0x8000_0000 }),
        );
        check(&[1, 3, 9, 1], Err(WalkError::Truncated { needed: 9, left: 1 }));
    }
}
