//! Fetch sessions, which hold the topics of a client on a node (KIP-227).
//!
//! Nodes know a session by a number of 31 bits alone, and tell whoever says it what they have for the topics in it. So a
//! connection may say only those that were given on it. A client that comes back over another connection begins a new
//! session, as it does when a node has forgotten it.

use std::collections::VecDeque;

/// A consumer has one session on a node.
const MOST: usize = 16;

/// The sessions that were given on a connection.
#[derive(Debug, Default)]
pub(crate) struct FetchSessions {
    ids: VecDeque<i64>,
    /// Whether topics were asked for that can't be, under their own names.
    pub(crate) nobodys: bool,
}

impl FetchSessions {
    pub(crate) fn contains(&self, id: i64) -> bool {
        self.ids.contains(&id)
    }

    pub(crate) fn given(&mut self, id: i64) {
        if id == 0 || self.contains(id) {
            return;
        }
        if self.ids.len() == MOST {
            self.ids.pop_front();
        }
        self.ids.push_back(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_were_given_are_known_and_the_oldest_are_forgotten() {
        let mut sessions = FetchSessions::default();
        sessions.given(0);
        assert!(!sessions.contains(0));
        for id in 1..=20 {
            sessions.given(id);
            sessions.given(id);
        }
        assert!(!sessions.contains(4));
        assert!((5..=20).all(|id| sessions.contains(id)));
    }
}
