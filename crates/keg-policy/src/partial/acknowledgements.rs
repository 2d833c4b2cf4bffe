//! ShareFetch, which fetches, and acknowledges what was fetched before: it is answered for each. And ShareAcknowledge, which
//! only acknowledges. As in Kafka's `KafkaApis.handleShareFetchRequest` and `handleAcknowledgements`.

use std::collections::BTreeSet;

use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey, ErrorCode};

use crate::namespace::topic_ids::NO_TOPIC_ID;

/// The epoch that ends a session, with which nothing is fetched.
const FINAL_EPOCH: i64 = -1;

/// How records are acknowledged: as a gap, accepted, released, rejected, and from a version on renewed.
const REJECT: i64 = 3;
const RENEW: i64 = 4;
const FIRST_WITH_RENEWAL: i16 = 2;

/// What a request of a share session asks for, some of which is denied.
#[derive(Debug)]
pub(super) struct Asked {
    api: &'static Api,
    fetches: bool,
    /// All of the request acknowledges, or none of it: what has nothing to acknowledge is answered for as well.
    acknowledges: bool,
    /// Topics and partitions of which something is acknowledged that can't be, which brokers say before they look at whose the
    /// topic is.
    invalid: BTreeSet<([u8; 16], i64)>,
}

impl Asked {
    /// Whether anything is asked for by this API that is answered for here.
    pub(super) fn is_by(api: &Api) -> bool {
        matches!(api.key, ApiKey::SHARE_FETCH | ApiKey::SHARE_ACKNOWLEDGE)
    }

    /// What all of a request asks for.
    pub(super) fn by(api: &'static Api, version: i16, request: &Struct) -> Self {
        let is = |field, value| request.get(field) == Some(&Value::Integer(value));
        let renews = is("IsRenewAck", 1);
        let types = Types {
            most: if version < FIRST_WITH_RENEWAL { REJECT } else { RENEW },
            renews,
        };
        let partitions = || {
            let topics = request.elements("Topics");
            topics.flat_map(|topic| topic.elements("Partitions").map(move |partition| (topic, partition)))
        };
        Self {
            api,
            fetches: api.key == ApiKey::SHARE_FETCH && !is("ShareSessionEpoch", FINAL_EPOCH) && !renews,
            acknowledges: partitions().any(|(_, it)| it.elements("AcknowledgementBatches").next().is_some()),
            invalid: partitions()
                .filter(|(_, partition)| types.is_invalid(partition))
                .map(|(topic, partition)| (topic_id(topic), index(partition)))
                .collect(),
        }
    }

    /// Says the error of a denied part as brokers do; they say nothing where nothing was asked for.
    pub(super) fn amend(&self, answer: &mut Struct, code: ErrorCode) {
        let acknowledges_in_fetch = self.api.key == ApiKey::SHARE_FETCH;
        if acknowledges_in_fetch && !self.fetches && !self.acknowledges {
            answer.set("Responses", Value::Array(Vec::new()));
        }
        for topic in answer.elements_mut("Responses") {
            let id = topic_id(topic);
            for partition in topic.elements_mut("Partitions") {
                let is_invalid = self.invalid.contains(&(id, index(partition)));
                let acknowledged = if is_invalid && code != ErrorCode::UNKNOWN_TOPIC_ID {
                    ErrorCode::INVALID_REQUEST
                } else {
                    code
                };
                let acknowledged = Value::Integer(acknowledged.0.into());
                if !acknowledges_in_fetch {
                    partition.set("ErrorCode", acknowledged);
                    continue;
                }
                if self.acknowledges {
                    partition.set("AcknowledgeErrorCode", acknowledged);
                }
                if !self.fetches {
                    partition.set("ErrorCode", Value::Integer(0));
                }
            }
        }
    }
}

/// How a request may acknowledge records.
#[derive(Debug, Clone, Copy)]
struct Types {
    most: i64,
    renews: bool,
}

impl Types {
    fn is_invalid(self, partition: &Struct) -> bool {
        let mut end = -1;
        let mut batches = partition.elements("AcknowledgementBatches");
        batches.any(|batch| !self.is_valid(batch, &mut end))
    }

    /// Whether a batch can be behind another that has this end, which becomes its own.
    fn is_valid(self, batch: &Struct, end: &mut i64) -> bool {
        let number = |name| batch.integer(name).unwrap_or_default();
        let (first, last) = (number("FirstOffset"), number("LastOffset"));
        let types = batch
            .get("AcknowledgeTypes")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let is_type = |kind: &Value| {
            let Some(kind) = kind.as_integer() else { return false };
            (0..=self.most).contains(&kind) && (kind != RENEW || self.renews)
        };
        let fits = match i64::try_from(types.len()) {
            Ok(0) | Err(_) => false,
            Ok(1) => true,
            Ok(count) => last.checked_sub(first) == Some(count - 1),
        };
        let is_valid = first <= last && first >= *end && fits && types.iter().all(is_type);
        *end = last;
        is_valid
    }
}

fn topic_id(topic: &Struct) -> [u8; 16] {
    match topic.get("TopicId") {
        Some(Value::Uuid(id)) => *id,
        _ => NO_TOPIC_ID,
    }
}

fn index(partition: &Struct) -> i64 {
    partition.integer("PartitionIndex").unwrap_or_default()
}
