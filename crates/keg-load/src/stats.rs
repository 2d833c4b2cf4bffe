//! Numbers of many numbers.

/// The value below which this share of the sorted values is (nearest rank); `None` of nothing.
pub(crate) fn quantile(sorted: &[u64], share: f64) -> Option<u64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(last)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_there() {
        let values: Vec<u64> = (1..=100).collect();
        let found = [0.0, 0.5, 0.99, 1.0].map(|share| quantile(&values, share));
        assert_eq!(found, [Some(1), Some(50), Some(99), Some(100)]);
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7], 0.99), Some(7));
    }
}
