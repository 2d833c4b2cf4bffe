//! Versions as bits: what a walk asks of every field costs one instruction.

use super::Versions;

/// Versions below 32. Kafka's newest message has 19.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionSet(u32);

impl VersionSet {
    pub(crate) const EMPTY: Self = Self(0);

    /// One version; nothing is in the set of a version that is out of range.
    pub(crate) const fn one(version: i16) -> Self {
        match version {
            0..32 => Self(1 << version),
            _ => Self::EMPTY,
        }
    }

    /// All versions of the range.
    pub(crate) const fn range(versions: Versions) -> Self {
        let mut set = Self::EMPTY;
        let mut version = versions.first;
        while version <= versions.last {
            // The tables are made at compile time, and so is this found.
            assert!(0 <= version && version < 32, "a set holds versions below 32");
            set.0 |= Self::one(version).0;
            version += 1;
        }
        set
    }

    /// The versions that the other set doesn't have.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the sets share a version.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_its_range_has() {
        let range = Versions { first: 3, last: 31 };
        let set = VersionSet::range(range).without(VersionSet::one(7));
        for version in -1..40 {
            let expected = range.contains(version) && version != 7;
            assert_eq!(set.intersects(VersionSet::one(version)), expected, "{version}");
        }
        assert_eq!(VersionSet::range(Versions::NONE), VersionSet::EMPTY);
    }
}
