//! What brokers refuse, whoever asks, before they look at what is allowed: it is left to them to say why.

use std::collections::BTreeSet;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};

use super::inbound::Asked;
use crate::namespace::metadata::is_name;
use crate::namespace::share_sessions::LONGEST_MEMBER;
use crate::namespace::topic_ids::NO_TOPIC_ID;

/// Takes a setting away, for which no value is needed (Kafka's `AlterConfigOp.OpType.DELETE`).
const DELETE: i64 = 1;

/// From this version on DeleteTopics takes ids of topics.
const DELETED_BY_ID: i16 = 6;

/// The versions of Metadata before those that take ids of topics.
const WITH_IDS_IN_VAIN: std::ops::RangeInclusive<i16> = 10..=11;

/// Parts of a request, by their names.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// CreateTopics, CreatePartitions: the topics that are named more than once.
    pub(super) topics: BTreeSet<Vec<u8>>,
    /// AlterConfigs, IncrementalAlterConfigs: the resources, by their types too.
    pub(super) resources: BTreeSet<(i64, Vec<u8>)>,
    /// DeleteTopics: the places of topics that have both a name and an id.
    pub(super) places: BTreeSet<usize>,
}

impl Refused {
    /// `None` for a request of which nothing can be.
    pub(super) fn of(api: &'static Api, version: i16, body: &Bytes) -> Result<Option<Self>, WalkError> {
        let is_any = match api.key {
            ApiKey::CREATE_TOPICS | ApiKey::CREATE_PARTITIONS => true,
            ApiKey::DELETE_TOPICS => version >= DELETED_BY_ID,
            ApiKey::ALTER_CONFIGS | ApiKey::INCREMENTAL_ALTER_CONFIGS => true,
            _ => false,
        };
        is_any.then(|| Self::among(api, version, body)).transpose()
    }

    fn among(api: &'static Api, version: i16, body: &Bytes) -> Result<Self, WalkError> {
        let asked = Struct::read(&api.request, version, body)?;
        let mut refused = Self::default();
        match api.key {
            ApiKey::DELETE_TOPICS => {
                let topics = asked.elements("Topics").enumerate();
                let both = topics.filter(|(_, topic)| topic.get("Name") != Some(&Value::Null) && has_id(topic));
                refused.places = both.map(|(place, _)| place).collect();
            }
            ApiKey::ALTER_CONFIGS | ApiKey::INCREMENTAL_ALTER_CONFIGS => {
                refused.resources = repeated(asked.elements("Resources").map(resource));
                let invalid = asked.elements("Resources").filter(|it| is_invalid(it));
                refused.resources.extend(invalid.map(resource));
            }
            _ => {
                let names = asked.elements("Topics").map(|topic| topic.bytes("Name").to_vec());
                refused.topics = repeated(names);
            }
        }
        Ok(refused)
    }
}

/// Whether the request is refused altogether: Metadata in the versions that have ids of topics and don't take them, nor topics
/// without a name.
pub(super) fn is_invalid_request(api: &'static Api, version: i16, body: &Bytes) -> Result<bool, WalkError> {
    if api.key != ApiKey::METADATA || !WITH_IDS_IN_VAIN.contains(&version) {
        return Ok(false);
    }
    let asked = Struct::read(&api.request, version, body)?;
    let is_invalid = |topic: &Struct| topic.get("Name") == Some(&Value::Null) || has_id(topic);
    Ok(asked.elements("Topics").any(is_invalid))
}

/// Whether a share group's request is refused altogether once its group may be read, which is said rather than that topics are
/// denied: what is fetched first acknowledges nothing, and names of members have an end.
pub(super) fn is_invalid_of_share_group(api: &'static Api, version: i16, body: &[u8]) -> Result<bool, WalkError> {
    Ok(match api.key {
        ApiKey::SHARE_FETCH => {
            let asked = Struct::read(&api.request, version, body)?;
            let mut partitions = asked.elements("Topics").flat_map(|topic| topic.elements("Partitions"));
            let acknowledges = |partition: &Struct| partition.elements("AcknowledgementBatches").next().is_some();
            asked.integer("ShareSessionEpoch") == Some(0) && partitions.any(acknowledges)
        }
        ApiKey::SHARE_GROUP_HEARTBEAT => {
            let asked = Struct::read(&api.request, version, body)?;
            asked.bytes("MemberId").len() > LONGEST_MEMBER
        }
        _ => false,
    })
}

fn has_id(topic: &Struct) -> bool {
    matches!(topic.get("TopicId"), Some(Value::Uuid(id)) if *id != NO_TOPIC_ID)
}

/// StreamsGroupHeartbeat: why a topology isn't taken, if some of its topics are called what none can be.
pub(super) fn invalid_topology(asked: &Asked<'_>) -> Option<String> {
    let request = Struct::read(&asked.api.request, asked.version, asked.body).ok()?;
    let topology = request.get("Topology").and_then(Value::as_struct)?;
    let mut invalid: Vec<&[u8]> = Vec::new();
    for subtopology in topology.elements("Subtopologies") {
        let texts = |array| subtopology.get(array).and_then(Value::as_array).unwrap_or_default();
        let named = ["SourceTopics", "RepartitionSinkTopics"]
            .map(texts)
            .into_iter()
            .flatten();
        let named = named.filter_map(|topic| match topic {
            Value::Bytes(name) => Some(&**name),
            _ => None,
        });
        let made = ["RepartitionSourceTopics", "StateChangelogTopics"].map(|array| subtopology.elements(array));
        let made = made.into_iter().flatten().map(|topic| topic.bytes("Name"));
        for name in named.chain(made).filter(|name| !is_name(name)) {
            if !invalid.contains(&name) {
                invalid.push(name);
            }
        }
    }
    let names: Vec<_> = invalid.into_iter().map(String::from_utf8_lossy).collect();
    (!names.is_empty()).then(|| format!("Topic names {} are not valid topic names.", names.join(",")))
}

/// What is there more than once.
fn repeated<T: Ord + Clone>(items: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut seen = BTreeSet::new();
    items.filter(|it| !seen.insert(it.clone())).collect()
}

fn resource(of: &Struct) -> (i64, Vec<u8>) {
    (
        of.integer("ResourceType").unwrap_or_default(),
        of.bytes("ResourceName").to_vec(),
    )
}

/// Whether a setting has no value, or is there twice (Kafka's `ConfigAdminManager.preprocess`).
fn is_invalid(resource: &Struct) -> bool {
    let names = resource.elements("Configs").map(|config| config.bytes("Name"));
    let has_no_value = |config: &Struct| {
        let is_deleted = config.integer("ConfigOperation") == Some(DELETE);
        config.get("Value") == Some(&Value::Null) && !is_deleted
    };
    resource.elements("Configs").any(has_no_value) || !repeated(names).is_empty()
}
