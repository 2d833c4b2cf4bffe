//! Sizes in bytes: `64KiB`, `1MiB`.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::super::decode::FromText;

/// The largest size.
const LARGEST: u64 = 1 << 40;
/// The bounds of a frame's size. Kafka writes it as a signed 32-bit number.
const FRAMES: RangeInclusive<usize> = 1 << 10..=i32::MAX as usize;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

impl FromText for Size {
    const EXPECTED: &'static str = "a size such as 512KiB, 100MiB or 1GiB";

    fn from_text(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        let bytes = number.parse::<u64>().ok()?.checked_mul(factor)?;
        let bytes = (1..=LARGEST).contains(&bytes).then_some(bytes)?;
        usize::try_from(bytes).ok().map(Self)
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": r"^\d+(B|KiB|MiB|GiB)$" })
    }
}

/// The size of a Kafka frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameSize(pub(crate) usize);

impl FromText for FrameSize {
    const EXPECTED: &'static str = "a size from 1KiB to just below 2GiB, such as 100MiB";

    fn from_text(text: &str) -> Option<Self> {
        let Size(bytes) = Size::from_text(text)?;
        FRAMES.contains(&bytes).then_some(Self(bytes))
    }

    fn text_schema() -> Value {
        Size::text_schema()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_shorter_than_2_gib() {
        super::super::check::<FrameSize>(&[("1KiB", true), ("2047MiB", true), ("1023B", false), ("2GiB", false)]);
    }

    #[test]
    fn sizes_are_numbers_with_binary_units() {
        for (text, bytes) in [
            ("64KiB", Some(65_536)),
            ("1MiB", Some(1 << 20)),
            ("2GiB", Some(2 << 30)),
            ("10B", Some(10)),
            ("0B", None),
            ("10", None),
            ("10KB", None),
            ("KiB", None),
            ("1.5MiB", None),
            ("99999999999GiB", None),
        ] {
            assert_eq!(Size::from_text(text), bytes.map(Size), "{text:?}");
        }
    }
}
