//! What ACLs were just made for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::filter::Entry;
use super::pattern::Pattern;

/// How many are kept; brokers catch up with their controller within moments.
const MOST: usize = 1000;
/// The longest texts that are kept; no real ones come near it.
const LONGEST: usize = 1024;

/// An ACL, as the backend has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Acl {
    pub(super) pattern: Pattern,
    pub(super) entry: Entry,
}

/// The ACLs that clients of the namespace made last, as the backend has it. Clones share it.
///
/// The controller makes and deletes ACLs, and whoever has made one can delete it at once; but what there is to delete is
/// asked of a broker, which may not know yet.
#[derive(Debug, Clone, Default)]
pub(in crate::namespace) struct RecentAcls(Arc<Mutex<VecDeque<Acl>>>);

impl RecentAcls {
    /// These are about to be made.
    pub(super) fn made(&self, acls: impl IntoIterator<Item = Acl>) {
        let is_short = |acl: &Acl| acl.pattern.name.len() + acl.entry.len() <= LONGEST;
        self.change(|recent| {
            for acl in acls.into_iter().filter(is_short) {
                if recent.len() == MOST {
                    recent.pop_front();
                }
                recent.push_back(acl);
            }
        });
    }

    /// What those are about of which this holds, without the ones that a broker knows by now. That it knows another ACL about
    /// the same says nothing of them.
    pub(super) fn which(&self, holds: impl Fn(&Pattern) -> bool, is_known: impl Fn(&Acl) -> bool) -> Vec<Pattern> {
        self.change(|recent| {
            recent.retain(|acl| !is_known(acl));
            let patterns = recent.iter().map(|acl| &acl.pattern);
            patterns.filter(|pattern| holds(pattern)).cloned().collect()
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut VecDeque<Acl>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(name: &str, operation: i64) -> Acl {
        Acl {
            pattern: Pattern {
                resource_type: 2,
                pattern_type: 3,
                name: name.as_bytes().into(),
            },
            entry: Entry {
                principal: Some(b"User:ann".as_slice().into()),
                host: Some(b"*".as_slice().into()),
                operation,
                permission: 3,
            },
        }
    }

    #[test]
    fn the_last_ones_are_kept_until_a_broker_knows_them() {
        let recent = RecentAcls::default();
        let acls = (0..=MOST).map(|number| acl(&number.to_string(), 3));
        recent.clone().made(acls);
        recent.made([acl(&"x".repeat(LONGEST + 1), 3)]);
        assert_eq!(recent.which(|_| true, |_| false).len(), MOST);
        let about = |name: &'static str| move |it: &Pattern| *it == acl(name, 3).pattern;
        let is = |name: &'static str| move |it: &Acl| *it == acl(name, 3);
        assert_eq!(recent.which(about("0"), |_| false), []);
        assert_eq!(recent.which(about("1"), is("2")), [acl("1", 3).pattern]);
        assert_eq!(recent.which(about("2"), |_| false), []);
        assert_eq!(recent.which(about("1"), is("1")), []);
    }

    #[test]
    fn an_acl_is_kept_where_another_about_the_same_is_known() {
        let recent = RecentAcls::default();
        recent.made([acl("orders", 3), acl("orders", 4)]);
        assert_eq!(
            recent.which(|_| true, |it| *it == acl("orders", 3)),
            [acl("orders", 4).pattern]
        );
    }
}
