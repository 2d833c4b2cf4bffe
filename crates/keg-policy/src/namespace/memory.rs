//! What a connection's groups are made of, for SyncGroup versions that don't say it.

use std::collections::VecDeque;

/// A connection is of one member, or of a few; a client that joins more has the older ones forgotten.
const MOST: usize = 64;

/// The groups that were joined on a connection, and whether their members are consumers.
#[derive(Debug, Default)]
pub(super) struct JoinedGroups {
    groups: VecDeque<(Box<[u8]>, bool)>,
}

impl JoinedGroups {
    pub(super) fn joined(&mut self, group: &[u8], consumers: bool) {
        if let Some((_, known)) = self.groups.iter_mut().find(|(name, _)| **name == *group) {
            *known = consumers;
            return;
        }
        if self.groups.len() == MOST {
            self.groups.pop_front();
        }
        self.groups.push_back((group.into(), consumers));
    }

    pub(super) fn consumers(&self, group: &[u8]) -> Option<bool> {
        self.groups
            .iter()
            .find(|(name, _)| **name == *group)
            .map(|(_, consumers)| *consumers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_join_counts_and_old_groups_are_forgotten() {
        let mut groups = JoinedGroups::default();
        groups.joined(b"first", true);
        groups.joined(b"first", false);
        assert_eq!(groups.consumers(b"first"), Some(false));
        for number in 0..MOST {
            groups.joined(number.to_string().as_bytes(), true);
        }
        assert_eq!(groups.consumers(b"first"), None);
        assert_eq!(groups.consumers(b"0"), Some(true));
    }
}
