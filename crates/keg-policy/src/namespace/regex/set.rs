//! Sets of the characters that a topic's name can have.

/// A set of legal characters of topic names, which are ASCII: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Set(u128);

const UPPER: Set = Set::between(b'A', b'Z');
const LOWER: Set = Set::between(b'a', b'z');
/// How far a letter is from the same of the other case.
const CASE: u32 = 32;

impl Set {
    pub(super) const NONE: Self = Self(0);
    /// All that Kafka allows.
    pub(super) const ALL: Self = Self::between(b'0', b'9')
        .or(UPPER)
        .or(LOWER)
        .or(Self::between(b'-', b'.'))
        .or(Self::between(b'_', b'_'));
    /// `\w`
    pub(super) const WORD: Self = Self::between(b'0', b'9')
        .or(UPPER)
        .or(LOWER)
        .or(Self::between(b'_', b'_'));

    /// All from `first` to `last`, which are ASCII.
    pub(super) const fn between(first: u8, last: u8) -> Self {
        Self((u128::MAX >> (127 - last)) & (u128::MAX << first))
    }

    /// Of the code points from `first` to `last`, those that a name can have.
    pub(super) fn range(first: u32, last: u32) -> Self {
        let ascii = |point: u32| u8::try_from(point.min(127)).unwrap_or(127);
        match first {
            0..=127 if first <= last => Self::between(ascii(first), ascii(last)).and(Self::ALL),
            _ => Self::NONE,
        }
    }

    /// The same with all that differ from them in case only.
    pub(super) fn folded_range(first: u32, last: u32) -> Self {
        let mut set = Self::range(first, last).folded();
        // The sign for Kelvin and the long s are letters of the alphabet in another case.
        for (other, letter) in [(0x212a, b'k'), (0x017f, b's')] {
            if (first..=last).contains(&other) {
                set = set.or(Self::between(letter, letter).folded());
            }
        }
        set
    }

    pub(super) fn folded(self) -> Self {
        Self(self.0 | self.and(UPPER).0 << CASE | self.and(LOWER).0 >> CASE)
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn negated(self) -> Self {
        Self(!self.0).and(Self::ALL)
    }

    pub(super) fn contains(self, byte: u8) -> bool {
        byte.is_ascii() && self.0 >> byte & 1 == 1
    }

    /// The character, if it is the only one.
    pub(super) fn only(self) -> Option<u8> {
        self.runs()
            .next()
            .map(|(first, _)| first)
            .filter(|first| Self::between(*first, *first) == self)
    }

    /// Runs of neighbours, as their first and last.
    pub(super) fn runs(self) -> impl Iterator<Item = (u8, u8)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            let first = rest.trailing_zeros();
            let end = first + (rest >> first).trailing_ones();
            rest &= u128::MAX.checked_shl(end).unwrap_or(0);
            Some((u8::try_from(first).ok()?, u8::try_from(end - 1).ok()?))
        })
    }
}
