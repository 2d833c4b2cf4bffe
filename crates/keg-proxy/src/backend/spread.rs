//! When what lasts for a while is renewed.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// So much of the time is by chance, so that those that began together don't go on together.
const SPREAD: f32 = 0.1;

/// This share of a time, or up to a tenth of it more.
pub(super) fn share(of: Duration, at_least: f32) -> Duration {
    let chance = RandomState::new().hash_one(0) % 1_000;
    of.mul_f32(at_least + SPREAD * (chance as f32 / 1_000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spread_over_a_tenth() {
        let of = Duration::from_secs(1_000);
        let shares: Vec<_> = (0..1_000).map(|_| share(of, 0.75)).collect();
        let among = |from: u64, to: u64| {
            let among = Duration::from_secs(from)..Duration::from_secs(to);
            shares.iter().filter(|it| among.contains(*it)).count()
        };
        // To the millisecond, as far as a float goes.
        assert_eq!(among(749, 851), shares.len());
        for from in [750, 775, 800, 825] {
            assert!(among(from, from + 25) > 100, "{shares:?}");
        }
    }
}
