//! The state of one group, and the requests that are answered at once.

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::member::{Identity, Member};
use super::offsets::Offsets;
use super::{Event, subscription};

/// One group of the classic protocol (KIP-62, KIP-345, KIP-394).
#[derive(Debug)]
pub(crate) struct Group {
    pub(super) phase: Phase,
    pub(super) generation: i32,
    pub(super) protocol_type: String,
    pub(super) protocol: Option<String>,
    pub(super) leader: Option<String>,
    pub(super) members: BTreeMap<String, Member>,
    /// Ids that were handed out (KIP-394) and have not joined yet, and until when they may.
    pub(super) pending: BTreeMap<String, Instant>,
    pub(super) initial_delay: Duration,
    pub(super) events: Vec<Event>,
    pub(crate) offsets: Offsets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Empty,
    /// Members join: until all have, but not before `earliest`, nor after `latest`.
    Preparing {
        earliest: Instant,
        latest: Instant,
    },
    /// The generation is made; its leader owes the assignment.
    Completing {
        latest: Instant,
    },
    Stable,
}

/// A member as DescribeGroups shows it.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) metadata: Bytes,
    pub(crate) assignment: Bytes,
}

impl Group {
    pub(crate) fn new(initial_delay: Duration) -> Self {
        Self {
            phase: Phase::Empty,
            generation: 0,
            protocol_type: String::new(),
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
            initial_delay,
            events: Vec::new(),
            offsets: Offsets::default(),
        }
    }

    pub(crate) fn heartbeat(
        &mut self,
        now: Instant,
        identity: &Identity,
        generation: i32,
    ) -> Result<(), ResponseError> {
        self.check_generation(identity, generation)?;
        self.touch(now, identity);
        match self.phase {
            Phase::Preparing { .. } => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    pub(crate) fn leave(&mut self, now: Instant, identity: &Identity) -> Result<(), ResponseError> {
        let member_id = match &identity.instance_id {
            // An administrator removes a static member by its instance alone.
            Some(instance) if identity.member_id.is_empty() => {
                self.member_of(instance).ok_or(ResponseError::UnknownMemberId)?
            }
            _ if self.pending.remove(&identity.member_id).is_some() => {
                self.try_complete(now);
                return Ok(());
            }
            _ => {
                self.check_member(identity)?;
                identity.member_id.clone()
            }
        };
        self.remove(now, &member_id);
        Ok(())
    }

    pub(crate) fn check_commit(
        &mut self,
        now: Instant,
        identity: &Identity,
        generation: i32,
    ) -> Result<(), ResponseError> {
        if generation < 0 && self.members.is_empty() {
            return Ok(());
        }
        self.check_generation(identity, generation)?;
        self.touch(now, identity);
        match self.phase {
            Phase::Completing { .. } => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        mem::take(&mut self.events)
    }

    /// True if nobody is in the group.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.pending.is_empty()
    }

    /// The name of the state, as Kafka's tools print it.
    pub(crate) fn state(&self) -> &'static str {
        match self.phase {
            Phase::Empty => "Empty",
            Phase::Preparing { .. } => "PreparingRebalance",
            Phase::Completing { .. } => "CompletingRebalance",
            Phase::Stable => "Stable",
        }
    }

    pub(crate) fn protocol_type(&self) -> &str {
        &self.protocol_type
    }

    /// The assignment strategy; none unless the group is stable.
    pub(crate) fn stable_protocol(&self) -> Option<&str> {
        match self.phase {
            Phase::Stable => self.protocol.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn describe(&self) -> Vec<Described> {
        let protocol = self.stable_protocol();
        let describe = |(id, member): (&String, &Member)| Described {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: protocol.map(|name| member.metadata(name)).unwrap_or_default(),
            assignment: protocol.map(|_| member.assignment.clone()).unwrap_or_default(),
        };
        self.members.iter().map(describe).collect()
    }

    /// True if a member subscribes to the topic, or may: what is no subscription can't tell.
    pub(crate) fn subscribes(&self, topic: &str) -> bool {
        let subscribed = |metadata: &Bytes| match subscription::topics(metadata) {
            Some(topics) => topics.iter().any(|subscribed| subscribed == topic),
            None => true,
        };
        self.members
            .values()
            .flat_map(|member| &member.protocols)
            .any(|own| subscribed(&own.metadata))
    }

    pub(super) fn member_of(&self, instance: &str) -> Option<String> {
        let mut members = self.members.iter();
        let found = members.find(|(_, member)| member.instance_id.as_deref() == Some(instance));
        found.map(|(id, _)| id.clone())
    }

    /// Checks that the member exists, and that its instance has not moved to another member id.
    pub(super) fn check_member(&self, identity: &Identity) -> Result<(), ResponseError> {
        if let Some(instance) = &identity.instance_id {
            match self.member_of(instance) {
                None => return Err(ResponseError::UnknownMemberId),
                Some(member_id) if member_id != identity.member_id => {
                    return Err(ResponseError::FencedInstanceId);
                }
                Some(_) => {}
            }
        }
        match self.members.contains_key(&identity.member_id) {
            true => Ok(()),
            false => Err(ResponseError::UnknownMemberId),
        }
    }

    pub(super) fn check_generation(&self, identity: &Identity, generation: i32) -> Result<(), ResponseError> {
        self.check_member(identity)?;
        match generation == self.generation {
            true => Ok(()),
            false => Err(ResponseError::IllegalGeneration),
        }
    }

    fn touch(&mut self, now: Instant, identity: &Identity) {
        if let Some(member) = self.members.get_mut(&identity.member_id) {
            member.touch(now);
        }
    }
}
