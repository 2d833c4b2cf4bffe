//! Share sessions, which hold the topics of a member of a share group on a node (KIP-932).
//!
//! Nodes know a session by the group and the member, so that nobody outside of the group gets at it. As in a fetch session,
//! later requests don't name the topics again. A client thinks of a topic that was denied that it is in the session, and
//! would not ask for it again when it is the client's after all: it was made a moment ago, and the node didn't know it yet.
//! So the next request is told that there is no such session, and the client begins anew, with all its topics.

use std::collections::VecDeque;

use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};

use crate::connection::Connection;

/// Nodes keep one session for a connection.
const MOST: usize = 16;

/// Brokers refuse longer member ids.
const LONGEST_MEMBER: usize = 36;

/// What begins a session; what ends one.
const INITIAL_EPOCH: i64 = 0;
const FINAL_EPOCH: i64 = -1;

/// The sessions of a connection that lack topics of which the client thinks that they are in it: group and member.
#[derive(Debug, Default)]
pub(super) struct ShareSessions {
    out_of_step: VecDeque<(Box<[u8]>, Box<[u8]>)>,
}

impl ShareSessions {
    fn narrowed(&mut self, group: &[u8], member: &[u8]) {
        self.remove(group, member);
        if self.out_of_step.len() == MOST {
            self.out_of_step.pop_front();
        }
        self.out_of_step.push_back((group.into(), member.into()));
    }

    fn remove(&mut self, group: &[u8], member: &[u8]) -> bool {
        let count = self.out_of_step.len();
        self.out_of_step.retain(|(of, by)| **of != *group || **by != *member);
        self.out_of_step.len() < count
    }
}

/// Whether a ShareFetch request is of a session that the client is to begin anew; it is told once.
pub(super) fn is_out_of_step(
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
    let (group, member, epoch) = session(&request);
    let was = connection.remember(|sessions: &mut ShareSessions| sessions.remove(group, member));
    Ok(was && epoch != INITIAL_EPOCH && epoch != FINAL_EPOCH)
}

/// Remembers that the node didn't get all topics of a ShareFetch request.
pub(super) fn narrowed(connection: &Connection, api: &'static Api, version: i16, body: &[u8]) -> Result<(), WalkError> {
    if api.key != ApiKey::SHARE_FETCH {
        return Ok(());
    }
    let request = Struct::read(&api.request, version, body)?;
    let (group, member, epoch) = session(&request);
    if epoch != FINAL_EPOCH && member.len() <= LONGEST_MEMBER {
        connection.remember(|sessions: &mut ShareSessions| sessions.narrowed(group, member));
    }
    Ok(())
}

/// The group, the member and the epoch of a session.
fn session(request: &Struct) -> (&[u8], &[u8], i64) {
    let text = |name| match request.get(name) {
        Some(Value::Bytes(text)) => text.as_slice(),
        _ => &[],
    };
    let epoch = request.get("ShareSessionEpoch").and_then(Value::as_integer);
    (text("GroupId"), text("MemberId"), epoch.unwrap_or(FINAL_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_sessions_are_remembered_each_once() {
        let mut sessions = ShareSessions::default();
        for number in 0..2 * MOST {
            sessions.narrowed(b"group", number.to_string().as_bytes());
            sessions.narrowed(b"group", b"always");
        }
        assert_eq!(sessions.out_of_step.len(), MOST);
        assert!(!sessions.remove(b"group", b"0"));
        assert!(!sessions.remove(b"other", b"always"));
        assert!(sessions.remove(b"group", b"always"));
        assert!(!sessions.remove(b"group", b"always"));
        assert!(sessions.remove(b"group", b"31"));
    }
}
