//! Rebalances: how they begin, when they are complete, and what time does to a group.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::Event;
use super::group::{Group, Phase};
use super::join::{JoinRefused, Joined, JoinedMember};
use super::member::Member;

impl Group {
    /// Ends sessions and waits that are over at `now`.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.pending.retain(|_, until| *until > now);
        self.remove_those(now, |member| !member.is_waiting() && member.expires <= now);
        if matches!(self.phase, Phase::Completing { latest } if latest <= now) {
            self.remove_those(now, |member| member.syncing.is_none());
        }
        self.try_complete(now);
    }

    /// When `tick` has something to do next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Preparing { earliest, .. } if self.all_joined() => Some(earliest),
            Phase::Preparing { latest, .. } | Phase::Completing { latest } => Some(latest),
            Phase::Empty | Phase::Stable => None,
        };
        let sessions = self
            .members
            .values()
            .filter(|member| !member.is_waiting())
            .map(|member| member.expires);
        sessions.chain(self.pending.values().copied()).chain(phase).min()
    }

    /// Begins a rebalance, unless one is in preparation.
    pub(super) fn prepare(&mut self, now: Instant) {
        let delay = match self.phase {
            Phase::Preparing { .. } => return,
            Phase::Empty => self.initial_delay,
            Phase::Completing { .. } | Phase::Stable => Duration::ZERO,
        };
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
            if let Some(ticket) = member.syncing.take() {
                member.touch(now);
                self.events
                    .push(Event::Synced(ticket, Err(ResponseError::RebalanceInProgress)));
            }
        }
        let earliest = now + delay;
        self.phase = Phase::Preparing {
            earliest,
            latest: earliest.max(now + self.rebalance_timeout()),
        };
    }

    /// Makes the next generation if everybody has joined, or has had the time to.
    pub(super) fn try_complete(&mut self, now: Instant) {
        let Phase::Preparing { earliest, latest } = self.phase else {
            return;
        };
        if (self.all_joined() && now >= earliest) || now >= latest {
            self.complete(now);
        }
    }

    /// Removes a member, which makes the others rebalance.
    pub(super) fn remove(&mut self, now: Instant, member_id: &str) {
        let Some(member) = self.members.remove(member_id) else {
            return;
        };
        if let Some(ticket) = member.joining {
            let refused = JoinRefused::new(ResponseError::UnknownMemberId, member_id);
            self.events.push(Event::Joined(ticket, Err(refused)));
        }
        if let Some(ticket) = member.syncing {
            self.events
                .push(Event::Synced(ticket, Err(ResponseError::UnknownMemberId)));
        }
        if self.leader.as_deref() == Some(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.prepare(now);
        self.try_complete(now);
    }

    fn remove_those(&mut self, now: Instant, leaves: impl Fn(&Member) -> bool) {
        let leaving = self
            .members
            .iter()
            .filter(|(_, member)| leaves(member))
            .map(|(id, _)| id.clone());
        for member_id in leaving.collect::<Vec<_>>() {
            self.remove(now, &member_id);
        }
    }

    /// The strategy that every member supports and most prefer.
    pub(super) fn choose_protocol(&self) -> Option<String> {
        let leader = self.leader.as_ref().and_then(|leader| self.members.get(leader));
        let common: Vec<&str> = leader?
            .protocols
            .iter()
            .map(|own| own.name.as_str())
            .filter(|name| self.members.values().all(|member| member.supports(name)))
            .collect();
        let votes = |candidate: &str| {
            let vote = |name: &str| common.contains(&name);
            let first = |member: &Member| {
                member
                    .protocols
                    .iter()
                    .find(|own| vote(&own.name))
                    .map(|own| own.name.clone())
            };
            self.members
                .values()
                .filter(|member| first(member).as_deref() == Some(candidate))
                .count()
        };
        // `max_by_key` takes the last of equals: reversed, the leader's preference decides.
        common
            .iter()
            .rev()
            .max_by_key(|candidate| votes(candidate))
            .map(|name| (*name).to_owned())
    }

    /// What a member of the current generation is told.
    pub(super) fn joined(&self, member_id: &str) -> Option<Joined> {
        let protocol = self.protocol.clone()?;
        let leader = self.leader.clone()?;
        let describe = |(id, member): (&String, &Member)| JoinedMember {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            metadata: member.metadata(&protocol),
        };
        let members = match leader == member_id {
            true => self.members.iter().map(describe).collect(),
            false => Vec::new(),
        };
        Some(Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol,
            leader,
            member_id: member_id.to_owned(),
            members,
            skip_assignment: false,
        })
    }

    fn complete(&mut self, now: Instant) {
        // A static member that is away keeps its place until its session ends (KIP-345).
        self.members
            .retain(|_, member| member.joining.is_some() || member.instance_id.is_some());
        let joined = |id: &String| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if self.leader.as_ref().is_none_or(|leader| !joined(leader)) {
            let elected = self.members.keys().find(|id| joined(id)).cloned();
            if elected.is_none() && !self.members.is_empty() {
                self.phase = Phase::Preparing {
                    earliest: now,
                    latest: now + self.rebalance_timeout(),
                };
                return;
            }
            self.leader = elected;
        }
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        self.protocol = self.choose_protocol();
        if self.members.is_empty() {
            self.phase = Phase::Empty;
            return;
        }
        self.phase = Phase::Completing {
            latest: now + self.rebalance_timeout(),
        };
        let mut waiting = Vec::new();
        for (id, member) in &mut self.members {
            if let Some(ticket) = member.joining.take() {
                member.touch(now);
                waiting.push((ticket, id.clone()));
            }
        }
        for (ticket, id) in waiting {
            let refused = || JoinRefused::new(ResponseError::InconsistentGroupProtocol, &id);
            let outcome = self.joined(&id).ok_or_else(refused);
            self.events.push(Event::Joined(ticket, outcome));
        }
    }

    fn all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    fn rebalance_timeout(&self) -> Duration {
        self.members
            .values()
            .map(|member| member.rebalance_timeout)
            .max()
            .unwrap_or_default()
    }
}
