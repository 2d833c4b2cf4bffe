//! Topics that are to be deleted: the controller tells who may describe one a little more than that it may not be deleted.

use std::collections::BTreeSet;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field};
use keg_codec::walk::{Edit, WalkError};
use keg_codec::{ApiKey, ErrorCode};

use super::inbound::{Asked, Inbound};
use super::operation::{Operation, ResourceType};
use super::request::{Asks, Progress, Waiting};
use crate::aliases::set_topics;
use crate::message::Request;
use crate::namespace::look_up;
use crate::namespace::metadata::FIRST_BY_ID;
use crate::policy::Question;

impl<'a> Inbound<'a> {
    /// What is said of a topic by its name, or by the id whose name it is.
    pub(super) fn deletion(&mut self, field: &'static Field, name: &[u8]) -> Result<Edit<'a>, ErrorCode> {
        let client = self.asked.client;
        let is_named = field.entity == Entity::TopicName;
        let may_describe = self.asked.may_describe(name);
        // What may not be described can be deleted by its id alone (Kafka's `ControllerApis`).
        let operation = match is_named && !may_describe {
            true => Operation::Describe,
            false => Operation::Delete,
        };
        // Who may delete the cluster, as it were, may delete all topics.
        if client.could_with_cluster(Operation::Delete) || self.may(operation, ResourceType::Topic, name) {
            return Ok(Edit::Keep);
        }
        if is_named && may_describe {
            match self.asked.existing {
                None => {
                    self.uncertain.push(name.to_vec());
                }
                Some(existing) if !existing.contains(name) => return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                Some(_) => {}
            }
        }
        Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED)
    }

    /// What the broker is to be asked first: which of the topics that the client may describe, and not delete, there are.
    pub(super) fn question(&self, request: &Request, progress: &Progress) -> Result<Option<Question>, WalkError> {
        // Of a broker that can't be asked so, who may not delete a topic is told just that.
        if self.uncertain.is_empty() || !look_up::is_possible(self.asked.client.connection()) {
            return Ok(None);
        }
        let names: BTreeSet<_> = self.uncertain.iter().cloned().collect();
        let question = look_up::metadata(request, |body| set_topics(body, FIRST_BY_ID, names.into_iter()))?;
        let progress = progress.told_of(&self.settled);
        Ok(question.map(|question| Waiting::question(question, Asks::Existing, progress)))
    }
}

impl Asked<'_> {
    fn may_describe(&self, name: &[u8]) -> bool {
        self.client.could(Operation::Describe, ResourceType::Topic, name)
    }

    /// A part of a request that is denied, with the names of the topics that it gives the ids of and the client may describe.
    pub(super) fn with_names(&self, part: Bytes) -> Result<Bytes, WalkError> {
        let Some(settled) = self.settled.filter(|_| self.api.key == ApiKey::DELETE_TOPICS) else {
            return Ok(part);
        };
        let mut request = Struct::read(&self.api.request, self.version, &part)?;
        if let Some(Value::Array(topics)) = request.get_mut("Topics") {
            for topic in topics {
                let Value::Struct(topic) = topic else { continue };
                let Some(Value::Uuid(id)) = topic.get("TopicId") else {
                    continue;
                };
                if let Some(Some(name)) = settled.get(id)
                    && self.may_describe(name)
                {
                    topic.set("Name", Value::Bytes(name.to_vec()));
                }
            }
        }
        request.write(&self.api.request, self.version).map(Bytes::from)
    }
}
