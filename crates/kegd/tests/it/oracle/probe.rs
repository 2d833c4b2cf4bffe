//! Waiting until a Kafka's group coordinator has done what it does after it has answered. Kafka is asked itself, so that
//! a gateway learns nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use super::settle::{elements, patiently, set};
use super::side::Side;

/// How many partitions each topic has.
type Topics = BTreeMap<[u8; 16], usize>;

/// The topics of these names that are there, and their ids. Waits until a member of a new group would
/// be assigned just these: the coordinator is told of topics after everybody else.
pub(super) fn known_topics(backend: &mut Side, names: &[String]) -> BTreeMap<String, [u8; 16]> {
    let topics = topics(backend, names);
    let expected = topics.values().copied().collect();
    patiently(|| assigned(backend, names), |assigned| *assigned == expected);
    topics.into_iter().map(|(name, (id, _))| (name, id)).collect()
}

/// The topics of these names that are there.
fn topics(backend: &mut Side, names: &[String]) -> BTreeMap<String, ([u8; 16], usize)> {
    let metadata = backend.ask(ApiKey::METADATA, 12, |request| {
        let topics = names.iter().map(|name| vec![("Name", Value::text(name))]);
        set(request, "Topics", topics.collect());
        request.set("AllowAutoTopicCreation", Value::Integer(0));
    });
    let topics = elements(&metadata, "Topics").filter_map(|topic| match topic.get("TopicId") {
        Some(Value::Uuid(id)) if topic.get("ErrorCode") == Some(&Value::Integer(0)) => {
            let name = topic.get("Name")?.as_text()?.to_owned();
            Some((name, (*id, elements(topic, "Partitions").count())))
        }
        _ => None,
    });
    topics.collect()
}

/// Waits until a share group has the state of all partitions that its members subscribe to: what they are assigned, and
/// in which epoch, depends on it.
pub(super) fn until_share_group_is_initialised(backend: &mut Side, group: &str) {
    let described = backend.ask(ApiKey::SHARE_GROUP_DESCRIBE, 1, |request| {
        request.set("GroupIds", Value::Array(vec![Value::text(group)]));
    });
    let members = elements(&described, "Groups").flat_map(|group| elements(group, "Members"));
    let subscribed = members.filter_map(|member| member.get("SubscribedTopicNames")?.as_array());
    let names: BTreeSet<String> = subscribed
        .flatten()
        .filter_map(|it| Some(it.as_text()?.to_owned()))
        .collect();
    let expected: Topics = topics(backend, &names.into_iter().collect::<Vec<_>>())
        .into_values()
        .collect();
    let initialised = || -> Topics {
        let response = backend.ask(ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS, 0, |request| {
            set(
                request,
                "Groups",
                vec![vec![("GroupId", Value::text(group)), ("Topics", Value::Null)]],
            );
        });
        let topics = elements(&response, "Groups").flat_map(|group| elements(group, "Topics"));
        let topics = topics.filter_map(|topic| match topic.get("TopicId") {
            Some(Value::Uuid(id)) => Some((*id, elements(topic, "Partitions").count())),
            _ => None,
        });
        topics.collect()
    };
    patiently(initialised, |initialised| {
        expected
            .iter()
            .all(|(id, partitions)| initialised.get(id) >= Some(partitions))
    });
}

/// How many partitions of each topic a member of a new group would be assigned.
fn assigned(backend: &mut Side, names: &[String]) -> Topics {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Like a name of a case that there isn't, so that no list is different for it.
    let group = Value::text(&format!("probe-{}-c0", NEXT.fetch_add(1, Ordering::Relaxed)));
    let mut heartbeat = |member: &Value, epoch| {
        backend.ask(ApiKey::CONSUMER_GROUP_HEARTBEAT, 0, |request| {
            request.set("GroupId", group.clone());
            request.set("MemberId", member.clone());
            request.set("MemberEpoch", Value::Integer(epoch));
            request.set("RebalanceTimeoutMs", Value::Integer(10_000));
            request.set("TopicPartitions", Value::Array(Vec::new()));
            let names = names.iter().map(|name| Value::text(name)).collect();
            request.set("SubscribedTopicNames", Value::Array(names));
        })
    };
    let joined = heartbeat(&Value::text(""), 0);
    if let Some(member @ Value::Bytes(_)) = joined.get("MemberId") {
        heartbeat(member, -1);
    }
    backend.ask(ApiKey::DELETE_GROUPS, 0, |request| {
        request.set("GroupsNames", Value::Array(vec![group.clone()]));
    });
    let assignment = joined.get("Assignment").and_then(Value::as_struct);
    let topics = assignment.into_iter().flat_map(|it| elements(it, "TopicPartitions"));
    topics
        .filter_map(|topic: &Struct| match topic.get("TopicId") {
            Some(Value::Uuid(id)) => Some((*id, topic.get("Partitions")?.as_array()?.len())),
            _ => None,
        })
        .collect()
}
