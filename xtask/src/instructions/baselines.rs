//! Counts as a file, and held against each other.

use std::collections::BTreeMap;
use std::fmt;

const HEADER: &str = "# Instructions of each case, as `cargo xtask instructions --write` counts them.";
const COMPILER: &str = "# Compiler: ";

/// What was counted, and the compiler of what was counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Baselines {
    pub(super) compiler: String,
    /// By the case's name.
    pub(super) counts: BTreeMap<String, u64>,
}

/// A case, then and now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Compared<'a> {
    name: &'a str,
    before: Option<u64>,
    now: Option<u64>,
    allowed: u64,
}

impl Baselines {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let compiler = text.lines().find_map(|line| line.strip_prefix(COMPILER));
        let counts = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let count = |line: &str| {
            let (count, name) = line.trim_start().split_once("  ")?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        Ok(Self {
            compiler: compiler.unwrap_or_default().to_owned(),
            counts: counts
                .map(|line| count(line).ok_or_else(|| format!("not a count and a name: `{line}`")))
                .collect::<Result<_, _>>()?,
        })
    }

    /// What became of each case, that of only one side included.
    pub(super) fn compare<'a>(&'a self, now: &'a Self, allowed: u64) -> Vec<Compared<'a>> {
        let gone = self.counts.keys().filter(|name| !now.counts.contains_key(*name));
        let names = now.counts.keys().chain(gone);
        names
            .map(|name| Compared {
                name,
                before: self.counts.get(name).copied(),
                now: now.counts.get(name).copied(),
                allowed,
            })
            .collect()
    }
}

impl fmt::Display for Baselines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\n{COMPILER}{}", self.compiler)?;
        for (name, count) in &self.counts {
            writeln!(f, "{count:>10}  {name}")?;
        }
        Ok(())
    }
}

impl Compared<'_> {
    /// Whether it costs more than is allowed, or can't be compared.
    pub(super) fn is_problem(&self) -> bool {
        match (self.before, self.now) {
            (Some(before), Some(now)) => now * 100 > before * (100 + self.allowed),
            _ => true,
        }
    }
}

impl fmt::Display for Compared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.before, self.now) {
            (Some(before), Some(now)) => {
                let change = (now as f64 / before.max(1) as f64 - 1.0) * 100.0;
                write!(f, "{now:>10} {change:>+6.1} %  {}", self.name)
            }
            (None, Some(now)) => write!(f, "{now:>10}  has no baseline  {}", self.name),
            (_, None) => write!(f, "is not counted any more  {}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baselines(counts: &[(&str, u64)]) -> Baselines {
        Baselines {
            compiler: "rustc 1".to_owned(),
            counts: counts
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = baselines(&[("ledger, 5 requests", 120), ("walk", 4_000_000_000)]);
        assert_eq!(Baselines::read(&written.to_string()), Ok(written));
        assert!(Baselines::read("a walk").is_err());
    }

    #[test]
    fn only_what_costs_over_a_tenth_more_is_a_problem() {
        let check = |before, now, expected| {
            let (before, now) = (baselines(&[("walk", before)]), baselines(&[("walk", now)]));
            let problems = before.compare(&now, 10).iter().filter(|it| it.is_problem()).count();
            assert_eq!(problems, expected);
        };
        check(1_000, 1_100, 0);
        check(1_000, 1_101, 1);
        check(1_000, 10, 0);
    }

    #[test]
    fn a_case_without_its_counterpart_is_a_problem() {
        let (one, other) = (baselines(&[("walk", 1)]), baselines(&[("ledger", 1)]));
        assert!(one.compare(&other, 10).iter().all(Compared::is_problem));
        assert_eq!(one.compare(&other, 10).len(), 2);
    }
}
