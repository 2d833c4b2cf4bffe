//! What a side has told in a case, which later requests are asked with.

use std::collections::HashMap;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::{Api, ApiKey};

use super::symbols::NO_ID;

/// What a request was about, as far as its answer doesn't say it.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) group: String,
    pub(super) member: u8,
    pub(super) transaction: Option<String>,
    pub(super) session_epoch: i64,
}

/// The place of one that isn't known as a member, and may become one.
pub(super) const NOBODY: u8 = u8::MAX;

/// A member of a group, with its generation or epoch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) epoch: i64,
    pub(super) share_epoch: i64,
}

/// What one side has told.
#[derive(Debug, Default)]
pub(super) struct Memory {
    topic_ids: HashMap<String, [u8; 16]>,
    members: HashMap<(String, u8), Member>,
    producers: HashMap<Option<String>, (i64, i64)>,
    /// The fetch session, and the epoch of its next request.
    session: (i64, i64),
}

impl Memory {
    /// The client has been told of a topic by somebody else.
    pub(super) fn hear_of_topic(&mut self, topic: String, id: [u8; 16]) {
        self.topic_ids.insert(topic, id);
    }

    pub(super) fn topic_id(&self, topic: &str) -> Option<[u8; 16]> {
        self.topic_ids.get(topic).copied()
    }

    /// Whether an id was told for a topic of this name, and no other since.
    pub(super) fn knows(&self, id: &[u8; 16]) -> bool {
        self.topic_ids.values().any(|known| known == id)
    }

    pub(super) fn member(&self, group: &str, place: u8) -> Option<&Member> {
        self.members.get(&(group.to_owned(), place))
    }

    /// Whether a group has had several members, with the one that a request is about.
    pub(super) fn has_several_members(&self, subject: &Subject) -> bool {
        let has_another = |group: &str, member| self.members.keys().any(|(it, place)| it == group && *place != member);
        has_another(&subject.group, subject.member)
            || self.members.keys().any(|(group, place)| has_another(group, *place))
    }

    /// The id and epoch of the transactional id's producer, or of the one without.
    pub(super) fn producer(&self, transaction: Option<&str>) -> (i64, i64) {
        self.producers
            .get(&transaction.map(str::to_owned))
            .copied()
            .unwrap_or((-1, -1))
    }

    pub(super) fn session(&self) -> (i64, i64) {
        self.session
    }

    /// As a client does with its connection: through the gateway a session is of the connection that it was given on.
    pub(super) fn forget_session(&mut self) {
        self.session = (0, 0);
    }

    /// The same of a member's share session.
    pub(super) fn forget_share_session(&mut self, subject: &Subject) {
        if let Some(member) = self.members.get_mut(&(subject.group.clone(), subject.member)) {
            member.share_epoch = 0;
        }
    }

    pub(super) fn learn(&mut self, api: &Api, subject: &Subject, response: &Struct) {
        self.learn_topic_ids(response);
        let number = |name| response.get(name).and_then(Value::as_integer).unwrap_or_default();
        let error = number("ErrorCode");
        match api.key {
            ApiKey::JOIN_GROUP if error == 0 || error == MEMBER_ID_REQUIRED => {
                self.learn_member(subject, response, number("GenerationId"));
            }
            ApiKey::CONSUMER_GROUP_HEARTBEAT | ApiKey::SHARE_GROUP_HEARTBEAT | ApiKey::STREAMS_GROUP_HEARTBEAT
                if error == 0 =>
            {
                self.learn_member(subject, response, number("MemberEpoch"));
            }
            ApiKey::SHARE_FETCH | ApiKey::SHARE_ACKNOWLEDGE if error == 0 => {
                if let Some(member) = self.members.get_mut(&(subject.group.clone(), subject.member)) {
                    member.share_epoch = next(subject.session_epoch);
                }
            }
            ApiKey::INIT_PRODUCER_ID if error == 0 => self.learn_producer(subject, response),
            // From version 5 on a transaction ends with a new epoch.
            ApiKey::END_TXN if error == 0 && number("ProducerId") >= 0 => self.learn_producer(subject, response),
            ApiKey::FETCH if error == 0 && subject.session_epoch >= 0 => {
                let id = number("SessionId");
                // Without a session the next request begins one.
                self.session = (id, if id == 0 { 0 } else { next(subject.session_epoch) });
            }
            _ => {}
        }
    }

    fn learn_member(&mut self, subject: &Subject, response: &Struct, epoch: i64) {
        let id = response.get("MemberId").and_then(Value::as_text).unwrap_or_default();
        let key = (subject.group.clone(), subject.member);
        let known = self.members.get(&key).filter(|known| known.id == id);
        let member = Member {
            id: id.to_owned(),
            epoch,
            share_epoch: known.map_or(0, |known| known.share_epoch),
        };
        self.members.insert(key, member);
    }

    fn learn_producer(&mut self, subject: &Subject, response: &Struct) {
        let number = |name| response.get(name).and_then(Value::as_integer).unwrap_or_default();
        let producer = (number("ProducerId"), number("ProducerEpoch"));
        self.producers.insert(subject.transaction.clone(), producer);
    }

    /// Wherever an id stands beside its topic.
    fn learn_topic_ids(&mut self, fields: &Struct) {
        let (mut name, mut id, mut failed) = (None, NO_ID, false);
        for (field, value) in fields.iter() {
            match (field.entity, value) {
                (Entity::TopicName, Value::Bytes(bytes)) => name = String::from_utf8(bytes.clone()).ok(),
                (Entity::TopicId, Value::Uuid(uuid)) => id = *uuid,
                (Entity::ErrorCode, Value::Integer(code)) => failed |= *code != 0,
                (_, Value::Struct(nested)) => self.learn_topic_ids(nested),
                (_, Value::Array(elements)) => {
                    for nested in elements.iter().filter_map(Value::as_struct) {
                        self.learn_topic_ids(nested);
                    }
                }
                _ => {}
            }
        }
        if let Some(name) = name
            && !name.is_empty()
            && id != NO_ID
            && !failed
        {
            self.topic_ids.insert(name, id);
        }
    }
}

const MEMBER_ID_REQUIRED: i64 = 79;

fn next(epoch: i64) -> i64 {
    epoch + 1
}
