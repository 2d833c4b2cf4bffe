//! What ACLs were just made for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::pattern::Pattern;

/// How many are kept; brokers catch up with their controller within moments.
const MOST: usize = 1000;
/// The longest name that is kept; no real one comes near it.
const LONGEST: usize = 1024;

/// What clients of the namespace made ACLs for last, as the backend has it. Clones share it.
///
/// The controller makes and deletes ACLs, and whoever has made one can delete it at once; but what there is to delete is
/// asked of a broker, which may not know yet.
#[derive(Debug, Clone, Default)]
pub(in crate::namespace) struct RecentAcls(Arc<Mutex<VecDeque<Pattern>>>);

impl RecentAcls {
    /// ACLs are about to be made for these.
    pub(super) fn made(&self, patterns: impl IntoIterator<Item = Pattern>) {
        self.change(|recent| {
            for pattern in patterns.into_iter().filter(|it| it.name.len() <= LONGEST) {
                if recent.len() == MOST {
                    recent.pop_front();
                }
                recent.push_back(pattern);
            }
        });
    }

    /// Those of which this holds, without the ones that a broker knows by now.
    pub(super) fn which(&self, holds: impl Fn(&Pattern) -> bool, is_known: impl Fn(&Pattern) -> bool) -> Vec<Pattern> {
        self.change(|recent| {
            recent.retain(|pattern| !is_known(pattern));
            recent.iter().filter(|pattern| holds(pattern)).cloned().collect()
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut VecDeque<Pattern>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(name: &str) -> Pattern {
        Pattern {
            resource_type: 2,
            pattern_type: 3,
            name: name.as_bytes().into(),
        }
    }

    #[test]
    fn the_last_ones_are_kept_until_a_broker_knows_them() {
        let recent = RecentAcls::default();
        let names = (0..=MOST).map(|number| pattern(&number.to_string()));
        recent.clone().made(names);
        recent.made([pattern(&"x".repeat(LONGEST + 1))]);
        assert_eq!(recent.which(|_| true, |_| false).len(), MOST);
        let is = |name: &'static str| move |it: &Pattern| *it == pattern(name);
        assert_eq!(recent.which(is("0"), |_| false), []);
        assert_eq!(recent.which(is("1"), is("2")), [pattern("1")]);
        assert_eq!(recent.which(is("2"), |_| false), []);
        assert_eq!(recent.which(is("1"), is("1")), []);
    }
}
