//! What brokers tell of topics where one is denied, beside that it is: of which partitions there are none
//! (AddPartitionsToTxn), and which id a denied topic has (AlterShareGroupOffsets).

use std::collections::{BTreeMap, BTreeSet};

use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

use super::inbound::{Asked, Inbound};
use super::request::{Asks, Progress, Waiting};
use crate::aliases::set_topics;
use crate::message::{Reply, Request};
use crate::namespace::look_up;
use crate::namespace::metadata::FIRST_BY_ID;
use crate::policy::Question;

const OPERATION_NOT_ATTEMPTED: i64 = 55;

/// From this version on AddPartitionsToTxn is sent by brokers.
const FIRST_OF_BROKERS: i16 = 4;

/// Topics that there are, by their names.
pub(super) type Beside = BTreeMap<Vec<u8>, Topic>;

/// What there is of a topic.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    id: [u8; 16],
    partitions: usize,
}

/// The topics that the broker has told of.
pub(super) fn read(reply: Reply) -> Result<Beside, WalkError> {
    let (Reply::Response(mut response), Some(api)) = (reply, Api::of(ApiKey::METADATA)) else {
        return Ok(Beside::new());
    };
    let response = Struct::read(&api.response, FIRST_BY_ID, &response.body_bytes())?;
    let told = response.elements("Topics").filter_map(|topic| {
        let Some(Value::Uuid(id)) = topic.get("TopicId") else {
            return None;
        };
        let partitions = topic.elements("Partitions").count();
        let topic = (topic.bytes("Name").to_vec(), Topic { id: *id, partitions });
        (partitions > 0).then_some(topic)
    });
    Ok(told.collect())
}

/// Where topics are named in a request whose denials tell more than that.
fn array(api: ApiKey, version: i16) -> Option<(&'static str, &'static str)> {
    match api {
        ApiKey::ADD_PARTITIONS_TO_TXN if version < FIRST_OF_BROKERS => Some(("V3AndBelowTopics", "Name")),
        ApiKey::ALTER_SHARE_GROUP_OFFSETS => Some(("Topics", "TopicName")),
        _ => None,
    }
}

impl Inbound<'_> {
    /// What the broker is to be asked before what is denied can be answered.
    pub(super) fn question_beside(
        &self,
        request: &Request,
        progress: &Progress,
    ) -> Result<Option<Question>, WalkError> {
        let Some((array, name)) = array(request.api.key, request.version) else {
            return Ok(None);
        };
        let needs_none = self.judge.refusal.is_some() || self.judge.admitted_all() || progress.beside.is_some();
        if needs_none || !look_up::is_possible(self.asked.client.connection()) {
            return Ok(None);
        }
        let asked = Struct::read(&request.api.request, request.version, self.asked.body)?;
        let names: BTreeSet<_> = asked.elements(array).map(|topic| topic.bytes(name).to_vec()).collect();
        let question = look_up::metadata(request, |body| set_topics(body, FIRST_BY_ID, names.into_iter()))?;
        let progress = progress.told_of(&self.settled);
        Ok(question.map(|question| Waiting::question(question, Asks::Beside, progress)))
    }
}

impl Asked<'_> {
    /// Says in an answer to what is denied what brokers say beside.
    pub(super) fn tell_beside(&self, answer: &mut Struct) {
        if self.by_id {
            // A topic that is named by its id has no other name, whatever stands beside the id.
            for topic in answer.elements_mut("Topics") {
                topic.set("Name", Value::Null);
            }
        }
        let Some(beside) = self.beside else { return };
        match self.api.key {
            ApiKey::ADD_PARTITIONS_TO_TXN => {
                for topic in answer.elements_mut("ResultsByTopicV3AndBelow") {
                    let there = beside.get(topic.bytes("Name")).map_or(0, |topic| topic.partitions);
                    for partition in topic.elements_mut("ResultsByPartition") {
                        let index = partition
                            .integer("PartitionIndex")
                            .and_then(|index| usize::try_from(index).ok());
                        // The broker looks for partitions before it finds that it won't add any.
                        let is_missing = index.is_none_or(|index| index >= there);
                        if is_missing && partition.integer("PartitionErrorCode") == Some(OPERATION_NOT_ATTEMPTED) {
                            let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0.into();
                            partition.set("PartitionErrorCode", Value::Integer(code));
                        }
                    }
                }
            }
            ApiKey::ALTER_SHARE_GROUP_OFFSETS => {
                for topic in answer.elements_mut("Responses") {
                    if let Some(known) = beside.get(topic.bytes("TopicName")) {
                        topic.set("TopicId", Value::Uuid(known.id));
                    }
                }
            }
            _ => {}
        }
    }
}
