//! Members of groups, of which each topic is one, whatever they call it.
//!
//! What a member subscribes to goes on under the topics' names, so that a group shares a topic out once, among those that
//! call it by its name and those that call it by an alias; and what a member is assigned comes back under the name that it
//! subscribed by. One that subscribed by several gets the topic under its own name, or the first alias.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::walk::{Edit, WalkError, walk};
use keg_codec::{Api, ApiKey, ErrorCode};

use super::coverage::{joins, subscribes};
use super::ids::{Meaning, exchange};
use super::inbound::{Found, Inbound, Side};
use super::outbound::replace;
use super::set::Handle;
use super::{DENIED, TopicAliases};
use crate::connection::Connection;
use crate::message::{Request, Response};
use crate::namespace::embedded;
use crate::policy::{Decision, Note};

/// A connection is of one member, or of a few; a client that has more joins again with the older ones.
const MOST: usize = 64;

/// COORDINATOR_LOAD_IN_PROGRESS: the member says again all that it has to say.
const AGAIN: ErrorCode = ErrorCode(14);

/// By topic, the alias that a member subscribed by; others it subscribed to by their own names.
pub(super) type Subscription = Arc<BTreeMap<Arc<[u8]>, Arc<[u8]>>>;

/// What the members of a connection have subscribed to.
#[derive(Debug, Default)]
struct Members(VecDeque<Member>);

#[derive(Debug)]
struct Member {
    group: Vec<u8>,
    id: Vec<u8>,
    /// Of the aliases in force.
    fingerprint: u128,
    /// What it said last, if that is known, when it was asked to say it again and didn't.
    subscription: Option<Subscription>,
}

impl Members {
    fn find(&self, group: &[u8], id: &[u8], fingerprint: u128) -> Option<&Member> {
        let is = |member: &&Member| member.group == group && member.id == id && member.fingerprint == fingerprint;
        self.0.iter().find(is)
    }

    fn set(&mut self, member: Member) {
        self.0.retain(|it| it.group != member.group || it.id != member.id);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(member);
    }
}

/// What is kept of a member's request.
#[derive(Debug)]
pub(super) struct Said {
    group: Vec<u8>,
    member: Vec<u8>,
    /// What it subscribes to, if it says so.
    subscription: Option<Subscription>,
    /// SyncGroup: whether the group is of consumers, as far as it is said.
    consumers: bool,
}

/// Whether a member says all that it has to say, and so is told its assignment: what brokers go by.
fn is_full(request: &Struct) -> bool {
    let owned = request.get("TopicPartitions").is_none_or(|owned| *owned != Value::Null);
    let timeout = request.get("RebalanceTimeoutMs").and_then(Value::as_integer);
    owned && timeout != Some(-1)
}

impl TopicAliases {
    /// A member's request; `None` when ids are to be looked up first.
    pub(super) fn member_request(
        &self,
        connection: &Connection,
        request: &mut Request,
        body: &Bytes,
        looked_up: bool,
    ) -> Result<Option<Decision>, WalkError> {
        let (api, version) = (request.api, request.version);
        let asked = Struct::read(&api.request, version, body)?;
        let (group, member) = (asked.bytes("GroupId").to_vec(), asked.bytes("MemberId").to_vec());
        let known = connection.remember(|members: &mut Members| {
            let member = members.find(&group, &member, self.set.fingerprint)?;
            Some(member.subscription.clone())
        });
        let mut visitor = Inbound::new(self, connection, api, version, Side::Whole);
        // Older versions of SyncGroup don't say what the group is of.
        let protocol = asked.bytes("ProtocolType");
        visitor.consumers = protocol.is_empty() && known.is_some();
        let edits = walk(&api.request, version, body, &mut visitor)?;
        let found = visitor.found;
        if found.unknown && !looked_up {
            return Ok(None);
        }
        if let (ApiKey::STREAMS_GROUP_HEARTBEAT, Some(code)) = (api.key, found.denied.first()) {
            return Response::error(api, version, body, *code, Some(DENIED)).map(|it| Some(Decision::Answer(it)));
        }
        // Before that it joins, and below it leaves.
        let is_member = asked
            .get("MemberEpoch")
            .and_then(Value::as_integer)
            .is_some_and(|epoch| epoch > 0);
        let mut said = Said {
            group,
            member,
            subscription: None,
            consumers: matches!(protocol, b"" | b"consumer"),
        };
        match api.key {
            // Also of one that subscribed to nothing of ours, as an assignor may give it what it likes.
            ApiKey::JOIN_GROUP if protocol == b"consumer" => said.subscription = Some(self.subscription(&found)),
            key if subscribes(key) && found.subscribes => {
                let subscription = self.subscription(&found);
                if is_member && !is_full(&asked) && matches!(&known, Some(Some(known)) if *known != subscription) {
                    // For the coordinator nothing may have changed, and only who says everything is told its assignment.
                    self.remember_member(connection, said.group, said.member, Some(subscription));
                    return Response::error(api, version, body, AGAIN, None).map(|it| Some(Decision::Answer(it)));
                }
                if !subscription.is_empty() && !looked_up {
                    // What it is assigned comes by the topics' ids.
                    return Ok(None);
                }
                said.subscription = Some(subscription);
            }
            key if subscribes(key) && is_member && known.is_none() => {
                // It subscribed on another connection, or before these aliases were: it is to say it again, once.
                let last = self.last_subscription(connection, &said.group, &said.member);
                self.remember_member(connection, said.group, said.member, last);
                return Response::error(api, version, body, AGAIN, None).map(|it| Some(Decision::Answer(it)));
            }
            _ => {}
        }
        request.body = edits.apply(body);
        Ok(Some(Decision::Forward(Note::new(said))))
    }

    fn subscription(&self, found: &Found) -> Subscription {
        let by_alias = found.handles.iter().filter_map(|(topic, handles)| {
            if handles.iter().any(|handle| matches!(handle, Handle::Direct(_))) {
                return None;
            }
            let alias = self.set.name(*handles.first()?)?;
            Some((Arc::clone(&self.set.topic(*topic)?.name), Arc::clone(alias)))
        });
        Arc::new(by_alias.collect())
    }

    /// What a member said here last, of the aliases that still lead there.
    fn last_subscription(&self, connection: &Connection, group: &[u8], id: &[u8]) -> Option<Subscription> {
        let last = self.memory.subscription(group, id)?;
        let leads_there = |(topic, alias): &(&Arc<[u8]>, &Arc<[u8]>)| {
            let found = self.set.find(connection, alias);
            found
                .and_then(|it| self.set.topic_of(it))
                .is_some_and(|it| it.name == **topic)
        };
        let still = last.iter().filter(leads_there);
        Some(Arc::new(
            still
                .map(|(topic, alias)| (Arc::clone(topic), Arc::clone(alias)))
                .collect(),
        ))
    }

    fn remember_member(
        &self,
        connection: &Connection,
        group: Vec<u8>,
        id: Vec<u8>,
        subscription: Option<Subscription>,
    ) {
        if let Some(subscription) = &subscription {
            self.memory.set_subscription(&group, &id, subscription);
        }
        let member = Member {
            group,
            id,
            fingerprint: self.set.fingerprint,
            subscription,
        };
        connection.remember(|members: &mut Members| members.set(member));
    }

    /// The response to a member's request.
    pub(super) fn member_response(
        &self,
        connection: &Connection,
        said: &Said,
        api: &'static Api,
        version: i16,
        response: &mut Response,
    ) -> Result<(), WalkError> {
        if !joins(api.key) && !subscribes(api.key) {
            return Ok(());
        }
        let mut body = Struct::read(&api.response, version, &response.body_bytes())?;
        if let (Some(said), Some(Value::Bytes(text))) = (&said.subscription, body.get_mut("ErrorMessage")) {
            for (topic, alias) in said.iter() {
                *text = replace(text, topic, alias);
            }
            response.body = Bytes::from(body.write(&api.response, version)?).into();
        }
        if body.get("ErrorCode").and_then(Value::as_integer) != Some(0) {
            return Ok(());
        }
        if let Some(subscription) = &said.subscription {
            let told = body.bytes("MemberId");
            let id = if told.is_empty() { &said.member } else { told };
            self.remember_member(
                connection,
                said.group.clone(),
                id.to_vec(),
                Some(Arc::clone(subscription)),
            );
        }
        let known = || {
            connection.remember(|members: &mut Members| {
                let member = members.find(&said.group, &said.member, self.set.fingerprint)?;
                member.subscription.clone()
            })
        };
        let assigned = match api.key {
            ApiKey::JOIN_GROUP => return Ok(()),
            ApiKey::SYNC_GROUP => self.synced(&mut body, said.consumers, known),
            _ => self.assigned(&mut body, said.subscription.clone(), known),
        };
        let again = match assigned {
            Ok(false) => return Ok(()),
            Ok(true) => None,
            Err(code) => Some(code),
        };
        if let Some(code) = again {
            body.reset(version);
            body.set("ErrorCode", Value::Integer(code.0.into()));
        }
        response.body = Bytes::from(body.write(&api.response, version)?).into();
        Ok(())
    }

    /// Renames what a member of a classic group is assigned; true when that changes something.
    fn synced(
        &self,
        body: &mut Struct,
        consumers: bool,
        known: impl FnOnce() -> Option<Subscription>,
    ) -> Result<bool, ErrorCode> {
        let known = known();
        let Some(Value::Bytes(assignment)) = body.get("Assignment").filter(|_| consumers) else {
            return Ok(false);
        };
        let mut is_unknown = false;
        let rewritten = embedded::rewrite(Entity::ConsumerAssignment, assignment, |topic| match &known {
            Some(subscription) => match subscription.get(topic) {
                Some(alias) => Edit::Replace(alias.to_vec().into()),
                None => Edit::Keep,
            },
            None => {
                is_unknown |= self.set.topic_named(topic).is_some();
                Edit::Keep
            }
        });
        match rewritten {
            // The member joins again, on this connection, and says what it calls the topic.
            _ if is_unknown => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            Ok(Some(bytes)) => Ok(body.set("Assignment", Value::Bytes(bytes))),
            Ok(None) | Err(_) => Ok(false),
        }
    }

    /// The same of other groups, whose coordinator assigns topics by their ids.
    fn assigned(
        &self,
        body: &mut Struct,
        said: Option<Subscription>,
        known: impl FnOnce() -> Option<Subscription>,
    ) -> Result<bool, ErrorCode> {
        let is_sure = said.is_some();
        let Some(Value::Struct(assignment)) = body.get_mut("Assignment") else {
            return Ok(false);
        };
        // A member that doesn't say it again goes without its aliases.
        let Some(subscription) = said.or_else(known).filter(|it| !it.is_empty()) else {
            return Ok(false);
        };
        let Some(Value::Array(topics)) = assignment.get_mut("TopicPartitions") else {
            return Ok(false);
        };
        let mut changed = false;
        for topic in topics {
            let Value::Struct(topic) = topic else { continue };
            let Some(Value::Uuid(id)) = topic.get_mut("TopicId") else {
                continue;
            };
            match self.memory.meaning(id) {
                Some(Meaning::Topic(name)) => {
                    if let Some(alias) = subscription.get(&name) {
                        *id = exchange(alias, id);
                        changed = true;
                    }
                }
                Some(Meaning::Alias { .. }) => {}
                // It may be that of a topic that was made again. With what it says again, ids are looked up.
                None if !is_sure => return Err(AGAIN),
                None => {}
            }
        }
        Ok(changed)
    }
}
