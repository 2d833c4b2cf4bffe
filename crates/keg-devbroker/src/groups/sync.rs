//! SyncGroup.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::group::{Group, Phase};
use super::member::Identity;
use super::{Event, SyncOutcome, Ticket};

/// What a client asks for with SyncGroup.
#[derive(Debug, Clone)]
pub(crate) struct Sync {
    pub(crate) identity: Identity,
    pub(crate) generation: i32,
    /// From version 5 on a member says what it believes the group speaks (KIP-559).
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    /// By member id; the leader's alone count.
    pub(crate) assignments: BTreeMap<String, Bytes>,
}

/// A member's assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) assignment: Bytes,
}

impl Group {
    pub(crate) fn sync(&mut self, now: Instant, ticket: Ticket, sync: Sync) {
        if let Some(outcome) = self.try_sync(now, ticket, sync).transpose() {
            self.events.push(Event::Synced(ticket, outcome));
        }
    }

    fn try_sync(&mut self, now: Instant, ticket: Ticket, sync: Sync) -> Result<Option<Synced>, ResponseError> {
        self.check_generation(&sync.identity, sync.generation)?;
        let differs = |said: &Option<String>, is: Option<&str>| said.is_some() && said.as_deref() != is;
        if differs(&sync.protocol_type, Some(&self.protocol_type)) || differs(&sync.protocol, self.protocol.as_deref())
        {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        let member_id = &sync.identity.member_id;
        match self.phase {
            Phase::Empty => Err(ResponseError::UnknownMemberId),
            Phase::Preparing { .. } => Err(ResponseError::RebalanceInProgress),
            Phase::Stable => {
                if let Some(member) = self.members.get_mut(member_id) {
                    member.touch(now);
                }
                self.synced(member_id).map(Some)
            }
            Phase::Completing { .. } => {
                if let Some(earlier) = self
                    .members
                    .get_mut(member_id)
                    .and_then(|member| member.syncing.replace(ticket))
                {
                    self.events
                        .push(Event::Synced(earlier, Err(ResponseError::RebalanceInProgress)));
                }
                if self.leader.as_ref() == Some(member_id) {
                    self.assign(now, sync.assignments);
                }
                Ok(None)
            }
        }
    }

    /// The leader's assignment makes the group stable, and answers whoever waits for it.
    fn assign(&mut self, now: Instant, mut assignments: BTreeMap<String, Bytes>) {
        self.phase = Phase::Stable;
        let mut waiting = Vec::new();
        for (id, member) in &mut self.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
            if let Some(ticket) = member.syncing.take() {
                member.touch(now);
                waiting.push((ticket, id.clone()));
            }
        }
        for (ticket, id) in waiting {
            let outcome = self.synced(&id);
            self.events.push(Event::Synced(ticket, outcome));
        }
    }

    fn synced(&self, member_id: &str) -> SyncOutcome {
        let member = self.members.get(member_id).ok_or(ResponseError::UnknownMemberId)?;
        Ok(Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone().unwrap_or_default(),
            assignment: member.assignment.clone(),
        })
    }
}
