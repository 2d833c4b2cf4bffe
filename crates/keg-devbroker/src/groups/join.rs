//! JoinGroup.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::group::{Group, Phase};
use super::member::{Identity, Member, Protocol};
use super::{Event, Ticket};

/// What a client asks for with JoinGroup.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) member_id: String,
    /// The id that the member gets if it has none.
    pub(crate) fresh_member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<Protocol>,
    /// From version 4 on a dynamic member must come back with the id it was given (KIP-394).
    pub(crate) must_know_its_id: bool,
    /// From version 9 on a leader that restarts may be told to make no assignment (KIP-814).
    pub(crate) may_skip_assignment: bool,
}

/// A member is part of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) leader: String,
    pub(crate) member_id: String,
    /// All members, for the leader alone.
    pub(crate) members: Vec<JoinedMember>,
    pub(crate) skip_assignment: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinedMember {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) metadata: Bytes,
}

/// A member is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinRefused {
    pub(crate) error: ResponseError,
    /// The id to come back with, or the one that was refused.
    pub(crate) member_id: String,
}

impl JoinRefused {
    pub(crate) fn new(error: ResponseError, member_id: &str) -> Self {
        Self {
            error,
            member_id: member_id.to_owned(),
        }
    }
}

impl Group {
    pub(crate) fn join(&mut self, now: Instant, ticket: Ticket, join: Join) {
        let outcome = match self.check_protocols(&join) {
            false => Err(JoinRefused::new(
                ResponseError::InconsistentGroupProtocol,
                &join.member_id,
            )),
            true if join.member_id.is_empty() => self.join_new(now, ticket, join),
            true => self.join_known(now, ticket, join),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(joined)) => self.events.push(Event::Joined(ticket, Ok(joined))),
            Err(refused) => self.events.push(Event::Joined(ticket, Err(refused))),
        }
    }

    /// A client without a member id: `None` means that it waits for the rebalance.
    fn join_new(&mut self, now: Instant, ticket: Ticket, join: Join) -> Result<Option<Joined>, JoinRefused> {
        let member_id = join.fresh_member_id.clone();
        match &join.instance_id {
            Some(instance) => match self.member_of(instance) {
                Some(old) => Ok(self.replace_static(now, ticket, &old, join)),
                None => {
                    self.admit(now, ticket, member_id, join);
                    Ok(None)
                }
            },
            None if join.must_know_its_id => {
                self.pending.insert(member_id.clone(), now + join.session_timeout);
                Err(JoinRefused {
                    error: ResponseError::MemberIdRequired,
                    member_id,
                })
            }
            None => {
                self.admit(now, ticket, member_id, join);
                Ok(None)
            }
        }
    }

    fn join_known(&mut self, now: Instant, ticket: Ticket, join: Join) -> Result<Option<Joined>, JoinRefused> {
        if self.pending.remove(&join.member_id).is_some() {
            self.admit(now, ticket, join.member_id.clone(), join);
            return Ok(None);
        }
        let identity = Identity {
            member_id: join.member_id.clone(),
            instance_id: join.instance_id.clone(),
        };
        self.check_member(&identity)
            .map_err(|error| JoinRefused::new(error, &join.member_id))?;
        let member_id = &join.member_id;
        let unchanged = self
            .members
            .get(member_id)
            .is_some_and(|member| member.protocols == join.protocols);
        let is_leader = self.leader.as_ref() == Some(member_id);
        let current = match self.phase {
            // The answer to its last join got lost: it is told again.
            Phase::Completing { .. } => unchanged,
            // A leader joins again because it wants a rebalance, any other member only if something changed.
            Phase::Stable => unchanged && !is_leader,
            Phase::Preparing { .. } | Phase::Empty => false,
        };
        if current {
            let joined = self.joined(member_id);
            if let Some(member) = self.members.get_mut(member_id) {
                member.touch(now);
            }
            return Ok(joined);
        }
        self.rejoin(now, ticket, join);
        Ok(None)
    }

    /// A static member came back under a new id, and fences the old one.
    fn replace_static(&mut self, now: Instant, ticket: Ticket, old: &str, join: Join) -> Option<Joined> {
        let member_id = join.fresh_member_id.clone();
        let mut member = self.members.remove(old)?;
        let fenced = ResponseError::FencedInstanceId;
        if let Some(ticket) = member.joining.take() {
            self.events
                .push(Event::Joined(ticket, Err(JoinRefused::new(fenced, old))));
        }
        if let Some(ticket) = member.syncing.take() {
            self.events.push(Event::Synced(ticket, Err(fenced)));
        }
        let was_leader = self.leader.as_deref() == Some(old);
        let may_skip_assignment = join.may_skip_assignment;
        update(&mut member, join);
        member.touch(now);
        self.members.insert(member_id.clone(), member);
        if was_leader {
            self.leader = Some(member_id.clone());
        }
        if self.phase == Phase::Stable && self.protocol.is_some() && self.protocol == self.choose_protocol() {
            let mut joined = self.joined(&member_id)?;
            if was_leader && may_skip_assignment {
                joined.skip_assignment = true;
            } else if was_leader {
                // An old client would compute an assignment that a stable group ignores: as long
                // as another id leads, it does not.
                joined.leader = old.to_owned();
                joined.members.clear();
            }
            return Some(joined);
        }
        self.wait_for_rebalance(now, ticket, &member_id);
        None
    }

    fn admit(&mut self, now: Instant, ticket: Ticket, member_id: String, join: Join) {
        if self.members.is_empty() {
            self.protocol_type.clone_from(&join.protocol_type);
        }
        let mut member = Member {
            instance_id: None,
            client_id: String::new(),
            client_host: String::new(),
            session_timeout: Duration::ZERO,
            rebalance_timeout: Duration::ZERO,
            protocols: Vec::new(),
            assignment: Bytes::new(),
            joining: None,
            syncing: None,
            expires: now,
        };
        update(&mut member, join);
        member.touch(now);
        self.leader.get_or_insert_with(|| member_id.clone());
        self.members.insert(member_id.clone(), member);
        self.wait_for_rebalance(now, ticket, &member_id);
    }

    fn rejoin(&mut self, now: Instant, ticket: Ticket, join: Join) {
        let member_id = join.member_id.clone();
        if let Some(member) = self.members.get_mut(&member_id) {
            update(member, join);
            member.touch(now);
        }
        self.wait_for_rebalance(now, ticket, &member_id);
    }

    fn wait_for_rebalance(&mut self, now: Instant, ticket: Ticket, member_id: &str) {
        let Some(member) = self.members.get_mut(member_id) else {
            return;
        };
        if let Some(earlier) = member.joining.replace(ticket) {
            let refused = JoinRefused::new(ResponseError::RebalanceInProgress, member_id);
            self.events.push(Event::Joined(earlier, Err(refused)));
        }
        self.prepare(now);
        self.try_complete(now);
    }

    fn check_protocols(&self, join: &Join) -> bool {
        if join.protocol_type.is_empty() || join.protocols.is_empty() {
            return false;
        }
        // A member that is alone may change what it speaks.
        let others = || self.members.iter().filter(|(id, _)| **id != join.member_id);
        let shared = |own: &Protocol| others().all(|(_, member)| member.supports(&own.name));
        others().next().is_none() || (self.protocol_type == join.protocol_type && join.protocols.iter().any(shared))
    }
}

fn update(member: &mut Member, join: Join) {
    member.instance_id = join.instance_id;
    member.client_id = join.client_id;
    member.client_host = join.client_host;
    member.session_timeout = join.session_timeout;
    member.rebalance_timeout = join.rebalance_timeout;
    member.protocols = join.protocols;
}
