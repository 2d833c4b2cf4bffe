//! Fetch and share sessions, whose topics later requests don't name.
//!
//! A session goes on as long as its client may read all topics in it. When a rule that allowed one is gone, or is not
//! the client's any more, the client is told
//! that there is no such session, and begins one anew with all its topics, of which those are denied.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::rules::Applied;
use crate::connection::Connection;

/// A consumer has one session on a node.
const MOST: usize = 16;

/// How many topics a session may have. Above, there is none.
pub(super) const MOST_TOPICS: usize = 10_000;

/// What a session is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A fetch session's number.
    Fetch(i64),
    /// The group and the member of a share session.
    Share(Box<[u8]>, Box<[u8]>),
}

/// The names of topics.
pub(super) type Topics = BTreeSet<Arc<[u8]>>;

#[derive(Debug)]
struct Session {
    key: Key,
    topics: Topics,
    /// The rules by which all of them may be read.
    checked_by: Arc<Applied>,
}

/// The sessions of a connection.
#[derive(Debug, Default)]
struct Sessions(VecDeque<Session>);

/// Remembers a session that begins with these topics, all of which may be read.
pub(super) fn begin(connection: &Connection, key: Key, topics: Topics, rules: &Arc<Applied>) {
    connection.remember(|Sessions(sessions)| {
        sessions.retain(|session| session.key != key);
        if sessions.len() == MOST {
            sessions.pop_front();
        }
        sessions.push_back(Session {
            key,
            topics,
            checked_by: Arc::clone(rules),
        });
    });
}

/// Forgets a session.
pub(super) fn end(connection: &Connection, key: &Key) {
    connection.remember(|Sessions(sessions)| sessions.retain(|session| session.key != *key));
}

/// Whether a session may go on, to which these topics are added, all of which may be read. `may_read` says it of those that
/// are in it.
pub(super) fn goes_on(
    connection: &Connection,
    key: &Key,
    topics: Topics,
    rules: &Arc<Applied>,
    may_read: impl Fn(&[u8]) -> bool,
) -> bool {
    let taken = connection.remember(|Sessions(sessions)| {
        let place = sessions.iter().position(|session| session.key == *key)?;
        sessions.remove(place)
    });
    let Some(mut session) = taken else {
        return false;
    };
    session.topics.extend(topics);
    let is_checked = Arc::ptr_eq(&session.checked_by, rules);
    if session.topics.len() > MOST_TOPICS || !(is_checked || session.topics.iter().all(|topic| may_read(topic))) {
        return false;
    }
    session.checked_by = Arc::clone(rules);
    connection.remember(|Sessions(sessions)| sessions.push_back(session));
    true
}
