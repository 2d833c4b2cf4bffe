//! Where ids come from: a small generator that a seed makes repeatable.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use uuid::Uuid;

const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// SplitMix64: enough to make ids differ, and of no use for secrets.
#[derive(Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn from_process() -> Self {
        Self::seeded(RandomState::new().build_hasher().finish())
    }

    /// A version 4 uuid.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }

    /// 22 characters of URL-safe base64, the form of Kafka's cluster ids.
    pub(crate) fn cluster_id(&mut self) -> String {
        (0..22)
            .filter_map(|_| BASE64_URL.get((self.next() & 63) as usize))
            .map(|byte| char::from(*byte))
            .collect()
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// FNV-1a: the same group has the same coordinator in every run.
pub(crate) fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_ids_and_another_seed_does_not() {
        let (mut one, mut same, mut other) = (Random::seeded(7), Random::seeded(7), Random::seeded(8));
        let id = one.uuid();
        assert_eq!(id, same.uuid());
        assert_ne!(id, other.uuid());
        assert_ne!(id, one.uuid());
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(one.cluster_id().len(), 22);
    }
}
