//! What was measured, and numbers of it.

use std::collections::BTreeMap;

use super::peers::Kind;

/// Values of figures, of each configuration, by rounds.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<(&'static str, Kind), BTreeMap<usize, f64>>);

/// The middle of values, and the least and the most of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Samples {
    pub(super) fn add(&mut self, figure: &'static str, kind: Kind, round: usize, value: f64) {
        self.0.entry((figure, kind)).or_default().insert(round, value);
    }

    pub(super) fn spread(&self, figure: &'static str, kind: Kind) -> Option<Spread> {
        Spread::of(self.0.get(&(figure, kind))?.values().copied())
    }

    /// Two configurations within each round, compared.
    pub(super) fn paired(
        &self,
        figure: &'static str,
        kind: Kind,
        base: Kind,
        compare: impl Fn(f64, f64) -> f64,
    ) -> Option<Spread> {
        let (values, bases) = (self.0.get(&(figure, kind))?, self.0.get(&(figure, base))?);
        let pairs = values
            .iter()
            .filter_map(|(round, value)| Some(compare(*value, *bases.get(round)?)));
        Spread::of(pairs)
    }
}

impl Spread {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median = match values.len() % 2 {
            0 => f64::midpoint(*values.get(middle - 1)?, upper),
            _ => upper,
        };
        Some(Self {
            median,
            least: *values.first()?,
            most: *values.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Spread::of([].into_iter()), None);
        for (values, median) in [(&[3.0][..], 3.0), (&[9.0, 1.0, 2.0], 2.0), (&[4.0, 1.0, 2.0, 8.0], 3.0)] {
            assert_eq!(Spread::of(values.iter().copied()).unwrap().median, median);
        }
    }

    #[test]
    fn only_values_of_the_same_round_are_compared() {
        let mut samples = Samples::default();
        for (kind, round, value) in [(Kind::Keg, 0, 4.0), (Kind::Haproxy, 0, 8.0), (Kind::Keg, 1, 100.0)] {
            samples.add("cpu", kind, round, value);
        }
        let ratio = samples.paired("cpu", Kind::Keg, Kind::Haproxy, |a, b| a / b).unwrap();
        assert_eq!((ratio.least, ratio.most), (0.5, 0.5));
        assert_eq!(samples.paired("cpu", Kind::Keg, Kind::Direct, |a, b| a / b), None);
    }
}
