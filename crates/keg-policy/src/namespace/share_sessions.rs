//! Share sessions, which hold the topics of a member of a share group on a node (KIP-932).
//!
//! Nodes know a session by the group and the member, so that nobody outside of the group gets at it. As in a fetch session,
//! later requests don't name the topics again. A client thinks of a topic that was denied that it is in the session, and
//! would not ask for it again when it is the client's after all: it was made a moment ago, and the node didn't know it yet.
//! So the next request is told that there is no such session, and the client begins anew, with all its topics.

use std::collections::VecDeque;

use keg_codec::message::Struct;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};

use crate::connection::Connection;

/// Nodes keep one session for a connection.
const MOST: usize = 16;

/// Brokers refuse longer member ids.
pub(crate) const LONGEST_MEMBER: usize = 36;

/// What begins a session; what ends one.
const INITIAL_EPOCH: i64 = 0;
const FINAL_EPOCH: i64 = -1;

/// The sessions of a connection that lack topics of which the client thinks that they are in it.
#[derive(Debug, Default)]
pub(super) struct ShareSessions {
    out_of_step: VecDeque<Key>,
}

/// What a node knows a session by.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    group: Box<[u8]>,
    member: Box<[u8]>,
}

impl ShareSessions {
    fn narrowed(&mut self, key: Key) {
        self.remove(&key);
        if self.out_of_step.len() == MOST {
            self.out_of_step.pop_front();
        }
        self.out_of_step.push_back(key);
    }

    fn remove(&mut self, key: &Key) -> bool {
        let count = self.out_of_step.len();
        self.out_of_step.retain(|other| other != key);
        self.out_of_step.len() < count
    }
}

/// Whether a ShareFetch request is of a session that the client is to begin anew; it is told once.
pub(crate) fn is_out_of_step(
    connection: &Connection,
    api: &'static Api,
    version: i16,
    body: &[u8],
) -> Result<bool, WalkError> {
    let is_any = || connection.remember(|sessions: &mut ShareSessions| !sessions.out_of_step.is_empty());
    if api.key != ApiKey::SHARE_FETCH || !is_any() {
        return Ok(false);
    }
    let request = Struct::read(&api.request, version, body)?;
    let (key, epoch) = session(&request);
    let was = connection.remember(|sessions: &mut ShareSessions| sessions.remove(&key));
    Ok(was && epoch != INITIAL_EPOCH && epoch != FINAL_EPOCH)
}

/// Remembers that the node didn't get all topics of a ShareFetch request.
pub(crate) fn narrowed(connection: &Connection, api: &'static Api, version: i16, body: &[u8]) -> Result<(), WalkError> {
    if api.key != ApiKey::SHARE_FETCH {
        return Ok(());
    }
    let request = Struct::read(&api.request, version, body)?;
    let (key, epoch) = session(&request);
    if epoch != FINAL_EPOCH && key.member.len() <= LONGEST_MEMBER {
        connection.remember(|sessions: &mut ShareSessions| sessions.narrowed(key));
    }
    Ok(())
}

/// The session of a request, and how far the client thinks that it has come.
fn session(request: &Struct) -> (Key, i64) {
    let key = Key {
        group: request.bytes("GroupId").into(),
        member: request.bytes("MemberId").into(),
    };
    let epoch = request.integer("ShareSessionEpoch");
    (key, epoch.unwrap_or(FINAL_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(group: &str, member: &str) -> Key {
        Key {
            group: group.as_bytes().into(),
            member: member.as_bytes().into(),
        }
    }

    #[test]
    fn the_latest_sessions_are_remembered_each_once() {
        let mut sessions = ShareSessions::default();
        for number in 0..2 * MOST {
            sessions.narrowed(key("group", &number.to_string()));
            sessions.narrowed(key("group", "always"));
        }
        assert_eq!(sessions.out_of_step.len(), MOST);
        assert!(!sessions.remove(&key("group", "0")));
        assert!(!sessions.remove(&key("other", "always")));
        assert!(sessions.remove(&key("group", "always")));
        assert!(!sessions.remove(&key("group", "always")));
        assert!(sessions.remove(&key("group", "31")));
    }
}
