//! Consumer groups of the classic protocol: the state machines of all groups, and who waits on them.
//!
//! Nothing here reads a clock or does I/O: time is a parameter, and what a waiting request gets
//! in the end goes through a channel of its own.

mod group;
mod join;
mod member;
mod offsets;
mod rebalance;
mod subscription;
mod sync;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use tokio::sync::oneshot;

pub(crate) use group::Group;
pub(crate) use join::{Join, JoinRefused, Joined};
pub(crate) use member::{Identity, Protocol};
pub(crate) use offsets::Committed;
pub(crate) use sync::{Sync, Synced};

/// What a JoinGroup request gets.
pub(crate) type JoinOutcome = Result<Joined, JoinRefused>;
/// What a SyncGroup request gets.
pub(crate) type SyncOutcome = Result<Synced, ResponseError>;

/// Names a request that waits for its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

/// A waiting request is answered.
#[derive(Debug)]
pub(crate) enum Event {
    Joined(Ticket, JoinOutcome),
    Synced(Ticket, SyncOutcome),
}

/// All groups of the cluster; which node coordinates which is the callers' business.
#[derive(Debug)]
pub(crate) struct Groups {
    initial_delay: Duration,
    groups: BTreeMap<String, Group>,
    waiting: BTreeMap<Ticket, Waiting>,
    next_ticket: u64,
}

#[derive(Debug)]
enum Waiting {
    Join(oneshot::Sender<JoinOutcome>),
    Sync(oneshot::Sender<SyncOutcome>),
}

impl Groups {
    pub(crate) fn new(initial_delay: Duration) -> Self {
        Self {
            initial_delay,
            groups: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next_ticket: 0,
        }
    }

    /// A member joins; the outcome arrives when the rebalance is complete.
    pub(crate) fn join(&mut self, now: Instant, group: &str, join: Join) -> oneshot::Receiver<JoinOutcome> {
        let (sender, receiver) = oneshot::channel();
        let ticket = self.wait(Waiting::Join(sender));
        // A client that names a member expects the group to exist: only newcomers found groups.
        if join.member_id.is_empty() || self.groups.contains_key(group) {
            let delay = self.initial_delay;
            let group = self.groups.entry(group.to_owned()).or_insert_with(|| Group::new(delay));
            group.join(now, ticket, join);
        } else {
            let refused = JoinRefused::new(ResponseError::UnknownMemberId, &join.member_id);
            self.answer(Event::Joined(ticket, Err(refused)));
        }
        self.deliver(group);
        receiver
    }

    /// A member asks for its assignment; the outcome arrives when the leader has made it.
    pub(crate) fn sync(&mut self, now: Instant, group: &str, sync: Sync) -> oneshot::Receiver<SyncOutcome> {
        let (sender, receiver) = oneshot::channel();
        let ticket = self.wait(Waiting::Sync(sender));
        match self.groups.get_mut(group) {
            Some(group) => group.sync(now, ticket, sync),
            None => self.answer(Event::Synced(ticket, Err(ResponseError::UnknownMemberId))),
        }
        self.deliver(group);
        receiver
    }

    pub(crate) fn heartbeat(
        &mut self,
        now: Instant,
        group: &str,
        identity: &Identity,
        generation: i32,
    ) -> Result<(), ResponseError> {
        let group = self.groups.get_mut(group).ok_or(ResponseError::UnknownMemberId)?;
        group.heartbeat(now, identity, generation)
    }

    pub(crate) fn leave(&mut self, now: Instant, group: &str, identity: &Identity) -> Result<(), ResponseError> {
        let left = match self.groups.get_mut(group) {
            Some(group) => group.leave(now, identity),
            None => Err(ResponseError::UnknownMemberId),
        };
        self.deliver(group);
        left
    }

    /// Checks that a commit may be made, founding the group for one that stands outside of it.
    pub(crate) fn committing(
        &mut self,
        now: Instant,
        group: &str,
        identity: &Identity,
        generation: i32,
    ) -> Result<&mut Group, ResponseError> {
        if generation < 0 && !self.groups.contains_key(group) {
            self.groups.insert(group.to_owned(), Group::new(self.initial_delay));
        }
        let group = self.groups.get_mut(group).ok_or(ResponseError::IllegalGeneration)?;
        group.check_commit(now, identity, generation)?;
        Ok(group)
    }

    /// Deletes a group that has no members.
    pub(crate) fn delete(&mut self, group: &str) -> Result<(), ResponseError> {
        let found = self.groups.get(group).ok_or(ResponseError::GroupIdNotFound)?;
        if !found.is_empty() {
            return Err(ResponseError::NonEmptyGroup);
        }
        self.groups.remove(group);
        Ok(())
    }

    /// Forgets what was committed for a topic that is gone.
    pub(crate) fn forget_topic(&mut self, topic: &str) {
        for group in self.groups.values_mut() {
            group.offsets.forget_topic(topic);
        }
    }

    /// Does what is due at `now`.
    pub(crate) fn tick(&mut self, now: Instant) {
        let due: Vec<String> = self
            .groups
            .iter()
            .filter(|(_, group)| group.next_deadline().is_some_and(|deadline| deadline <= now))
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            if let Some(group) = self.groups.get_mut(&name) {
                group.tick(now);
            }
            self.deliver(&name);
        }
    }

    /// When `tick` has something to do next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.groups.values().filter_map(Group::next_deadline).min()
    }

    pub(crate) fn get(&self, group: &str) -> Option<&Group> {
        self.groups.get(group)
    }

    pub(crate) fn get_mut(&mut self, group: &str) -> Option<&mut Group> {
        self.groups.get_mut(group)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.groups.iter().map(|(name, group)| (name.as_str(), group))
    }

    fn wait(&mut self, waiting: Waiting) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.waiting.insert(ticket, waiting);
        ticket
    }

    fn deliver(&mut self, group: &str) {
        let events = self.groups.get_mut(group).map(Group::take_events).unwrap_or_default();
        for event in events {
            self.answer(event);
        }
    }

    /// Wakes the request; one whose connection is gone has nobody to tell.
    fn answer(&mut self, event: Event) {
        let (Event::Joined(ticket, _) | Event::Synced(ticket, _)) = &event;
        match (self.waiting.remove(ticket), event) {
            (Some(Waiting::Join(sender)), Event::Joined(_, outcome)) => {
                let _gone = sender.send(outcome);
            }
            (Some(Waiting::Sync(sender)), Event::Synced(_, outcome)) => {
                let _gone = sender.send(outcome);
            }
            _ => {}
        }
    }
}
