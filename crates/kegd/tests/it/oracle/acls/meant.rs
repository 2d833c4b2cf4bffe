//! What the gateway answers otherwise than Kafka's authorizer: on purpose, and documented in `docs/acls.md`.

use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};

use crate::oracle::meant::{Meant, TOPIC_AUTHORIZATION_FAILED, text};
use crate::oracle::settle::{elements, errors};
use crate::oracle::side::Outcome;
use crate::oracle::symbols::NO_ID;

const UNKNOWN_TOPIC_OR_PARTITION: i64 = 3;
const OPERATION_NOT_ATTEMPTED: i64 = 55;
const FETCH_SESSION_ID_NOT_FOUND: i64 = 70;
const SHARE_SESSION_NOT_FOUND: i64 = 122;

pub(in crate::oracle) const MEANT: &[Meant] = &[
    // The broker, which finds the topics, knows nothing of the rules.
    Meant {
        apis: &[ApiKey::CONSUMER_GROUP_HEARTBEAT],
        is: |request, version, _| version > 0 && text(request, "SubscribedTopicRegex").is_some_and(|it| !it.is_empty()),
        code: TOPIC_AUTHORIZATION_FAILED,
    },
    // The same, though Kafka doesn't take such subscriptions of Kafka Streams yet.
    Meant {
        apis: &[ApiKey::STREAMS_GROUP_HEARTBEAT],
        is: |request, _, _| any_subtopology(request, &["SourceTopicRegex"]),
        code: TOPIC_AUTHORIZATION_FAILED,
    },
    // Kafka says in the status of the group that it may not make its internal topics.
    Meant {
        apis: &[ApiKey::STREAMS_GROUP_HEARTBEAT],
        is: |request, _, _| any_subtopology(request, &["RepartitionSourceTopics", "StateChangelogTopics"]),
        code: TOPIC_AUTHORIZATION_FAILED,
    },
    // The broker's session has no place for a topic that is denied.
    Meant {
        apis: &[ApiKey::FETCH],
        is: |request, version, _| version >= 7 && matches!(request.get("SessionEpoch"), Some(Value::Integer(1..))),
        code: FETCH_SESSION_ID_NOT_FOUND,
    },
    Meant {
        apis: &[ApiKey::SHARE_FETCH],
        is: |request, _, _| matches!(request.get("ShareSessionEpoch"), Some(Value::Integer(1..))),
        code: SHARE_SESSION_NOT_FOUND,
    },
];

/// AddPartitionsToTxn: where a topic is denied nothing is attempted, and the gateway doesn't look for what isn't there.
pub(in crate::oracle) fn nothing_is_attempted(api: &Api, outcomes: &mut [Outcome; 2]) {
    let [Outcome::Response(one), Outcome::Response(other)] = outcomes else {
        return;
    };
    if api.key == ApiKey::ADD_PARTITIONS_TO_TXN && errors(one).contains(&TOPIC_AUTHORIZATION_FAILED) {
        of_results(other, "ResultsByTopicV3AndBelow", &mut |topic| {
            of_results(topic, "ResultsByPartition", &mut |partition| {
                if partition.get("PartitionErrorCode") == Some(&Value::Integer(UNKNOWN_TOPIC_OR_PARTITION)) {
                    partition.set("PartitionErrorCode", Value::Integer(OPERATION_NOT_ATTEMPTED));
                }
            });
        });
    }
}

/// AlterShareGroupOffsets: Kafka tells the id of a topic that is denied; the gateway doesn't look for it.
pub(in crate::oracle) fn no_id_is_told(api: &Api, outcomes: &mut [Outcome; 2]) {
    if let (ApiKey::ALTER_SHARE_GROUP_OFFSETS, [_, Outcome::Response(other)]) = (api.key, outcomes) {
        of_results(other, "Responses", &mut |topic| {
            if errors(topic).contains(&TOPIC_AUTHORIZATION_FAILED) {
                topic.set("TopicId", Value::Uuid(NO_ID));
            }
        });
    }
}

/// Metadata: the gateway says as often as it is asked that a topic is denied, Kafka once.
pub(in crate::oracle) fn denied_once(api: &Api, outcomes: &mut [Outcome; 2]) {
    if let (ApiKey::METADATA, [Outcome::Response(one), _]) = (api.key, outcomes)
        && let Some(Value::Array(topics)) = one.get_mut("Topics")
    {
        let mut denied = Vec::new();
        topics.retain(|topic| {
            let is_denied = topic
                .as_struct()
                .is_some_and(|it| errors(it).contains(&TOPIC_AUTHORIZATION_FAILED));
            let is_told = is_denied && denied.contains(topic);
            denied.extend(is_denied.then(|| topic.clone()));
            !is_told
        });
    }
}

fn of_results(response: &mut Struct, array: &str, change: &mut dyn FnMut(&mut Struct)) {
    if let Some(Value::Array(elements)) = response.get_mut(array) {
        for element in elements {
            if let Value::Struct(element) = element {
                change(element);
            }
        }
    }
}

/// Whether a subtopology has one of these arrays with something in it.
fn any_subtopology(request: &Struct, arrays: &[&str]) -> bool {
    let topology = request.get("Topology").and_then(Value::as_struct);
    let mut subtopologies = topology.into_iter().flat_map(|it| elements(it, "Subtopologies"));
    subtopologies.any(|it| {
        arrays.iter().any(|array| {
            let elements = it.get(array).and_then(Value::as_array);
            elements.is_some_and(|elements| !elements.is_empty())
        })
    })
}
