//! Decisions that are read from bytes, so that proptest and the fuzzer can both make and shrink them.

/// Decisions; zeros once the bytes have run out, which are the plainest decisions.
#[derive(Debug)]
pub(crate) struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    /// Decisions that the bytes make.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether the bytes have run out.
    #[allow(dead_code, reason = "the fuzz targets use it")]
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All bytes that are left.
    #[allow(dead_code, reason = "the fuzz targets use it")]
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        *first
    }

    /// A number below `end`, which is at most 256.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// True once in `count` times.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    /// A signed number of so many bytes.
    pub(crate) fn integer(&mut self, size: usize) -> i64 {
        let mut bytes = [0; 8];
        for byte in &mut bytes[8 - size..] {
            *byte = self.byte();
        }
        i64::from_be_bytes(bytes) << (8 * (8 - size)) >> (8 * (8 - size))
    }

    /// Text of a few letters, not all of which are of one byte.
    pub(crate) fn text(&mut self) -> Vec<u8> {
        const LETTERS: [&str; 8] = ["a", "b", ".", "-", "_", "7", "ö", "漢"];
        (0..self.below(6))
            .map(|_| LETTERS[self.below(8)])
            .collect::<String>()
            .into_bytes()
    }
}
