//! The names of one case: the same on both sides, and used by no other case.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Topic,
    Group,
    Transaction,
}

/// A name, whatever the case and the mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// One of the few that a sequence works with.
    Own(u8),
    /// One that a topic can't have.
    Odd(&'static str),
    /// None at all, which no topic, transactional id or member's group has.
    Empty,
    /// What the other tenant's object is called on the shared backend.
    Foreign(u8),
}

/// Topics of a case; the last two differ in `.` and `_` only, which Kafka doesn't let stand beside each other.
pub(super) const TOPICS: [&str; 5] = ["t0", "t1", "t2", "t.", "t_"];
pub(super) const GROUPS: [&str; 3] = ["g0", "g1", "g2"];
pub(super) const TRANSACTIONS: [&str; 2] = ["x0", "x1"];

/// Names that no topic can have. Exactly these where the prefix is hidden; behind an enforced one they are others.
pub(super) const ODD: [&str; 6] = ["", ".", "..", "a b", "ü", LONG];
const LONG: &str = match str::from_utf8(&[b'x'; 250]) {
    Ok(name) => name,
    Err(_) => "",
};

/// Numbers of cases that no other cases of this process have.
pub(super) fn numbers(count: u64) -> Range<u64> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let first = NEXT.fetch_add(count, Ordering::Relaxed);
    first..first + count
}

/// One run of one sequence.
#[derive(Debug)]
pub(super) struct Case<'a> {
    /// What clients put before every name: the prefix, where it isn't hidden.
    shown_prefix: &'a str,
    /// What the other tenant's names begin with on the shared backend.
    foreign_prefix: &'a str,
    suffix: String,
}

impl<'a> Case<'a> {
    /// A case with names that no other case of this number has.
    pub(super) fn new(shown_prefix: &'a str, foreign_prefix: &'a str, number: u64) -> Self {
        Self {
            shown_prefix,
            foreign_prefix,
            suffix: format!("-c{number}"),
        }
    }

    /// What clients call it.
    pub(super) fn name(&self, kind: Kind, name: Name) -> String {
        let Self {
            shown_prefix,
            foreign_prefix,
            suffix,
        } = self;
        match name {
            Name::Own(index) => format!("{shown_prefix}{}{suffix}", own(kind, index)),
            Name::Empty if shown_prefix.is_empty() => String::new(),
            Name::Empty => format!("{shown_prefix}{suffix}"),
            Name::Odd(odd) if shown_prefix.is_empty() && kind == Kind::Topic => odd.to_owned(),
            // Groups and transactional ids may be called almost anything: these would outlive the case.
            Name::Odd(odd) => format!("{shown_prefix}{odd}{suffix}"),
            Name::Foreign(index) => format!("{shown_prefix}{foreign_prefix}{}{suffix}", own(kind, index)),
        }
    }

    /// What the other tenant calls its objects in this case.
    pub(super) fn others_name(&self, kind: Kind, index: u8) -> String {
        format!("{}{}", own(kind, index), self.suffix)
    }

    pub(super) fn topics(&self) -> Vec<String> {
        (0..TOPICS.len())
            .map(|index| self.name(Kind::Topic, Name::Own(u8::try_from(index).unwrap())))
            .collect()
    }

    /// A regular expression that matches some topics of this case and no other's.
    pub(super) fn pattern(&self, stem: &str) -> String {
        format!("{}{stem}{}", self.shown_prefix.replace('.', "\\."), self.suffix)
    }

    /// Whether a name is one that another case of the same virtual cluster may have given to something.
    pub(super) fn is_of_another_case(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(self.shown_prefix) else {
            return false;
        };
        let Some((stem, number)) = rest.rsplit_once("-c") else {
            return false;
        };
        let stem = stem.strip_prefix(self.foreign_prefix).unwrap_or(stem);
        let known = [&TOPICS[..], &GROUPS, &TRANSACTIONS, &ODD].concat();
        known.contains(&stem) && self.is_another_number(number)
    }

    /// Whether a name ends as one of another case, whoever's.
    pub(super) fn ends_as_another_case(&self, name: &str) -> bool {
        name.rsplit_once("-c")
            .is_some_and(|(_, number)| self.is_another_number(number))
    }

    fn is_another_number(&self, number: &str) -> bool {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && self.suffix[2..] != *number
    }
}

fn own(kind: Kind, index: u8) -> &'static str {
    let names: &[&str] = match kind {
        Kind::Topic => &TOPICS,
        Kind::Group => &GROUPS,
        Kind::Transaction => &TRANSACTIONS,
    };
    names[usize::from(index) % names.len()]
}
