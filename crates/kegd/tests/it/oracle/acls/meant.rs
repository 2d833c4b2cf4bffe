//! What the gateway answers otherwise than Kafka's authorizer: on purpose, and documented in `docs/acls.md`.

use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};

use crate::oracle::meant::{Meant, TOPIC_AUTHORIZATION_FAILED, text};
use crate::oracle::settle::elements;
use crate::oracle::side::Outcome;

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

/// Kafka fails altogether, also of what it has denied before: its controller at what isn't an operation in
/// IncrementalAlterConfigs, and its broker at an empty name in DescribeTopicPartitions.
pub(in crate::oracle) fn same_failure(api: &Api, outcomes: &mut [Outcome; 2]) {
    const UNKNOWN_SERVER_ERROR: Value = Value::Integer(-1);
    let (array, names): (_, &[&str]) = match api.key {
        ApiKey::INCREMENTAL_ALTER_CONFIGS => ("Responses", &["ResourceType", "ResourceName"]),
        ApiKey::DESCRIBE_TOPIC_PARTITIONS => ("Topics", &["Name"]),
        _ => return,
    };
    let [Outcome::Response(one), Outcome::Response(other)] = outcomes else {
        return;
    };
    let has_failed = |it: &Struct| it.get("ErrorCode") == Some(&UNKNOWN_SERVER_ERROR);
    if ![&*one, other].iter().all(|it| elements(it, array).any(has_failed)) {
        return;
    }
    let named = |it: &Struct| names.iter().map(|name| it.get(name).cloned()).collect::<Vec<_>>();
    let failed: Vec<_> = elements(other, array).filter(|it| has_failed(it)).map(named).collect();
    if let Some(Value::Array(responses)) = one.get_mut(array) {
        for response in responses {
            let Value::Struct(response) = response else { continue };
            let is_denied = matches!(response.get("ErrorCode"), Some(Value::Integer(29..=31)));
            if is_denied && failed.contains(&named(response)) {
                response.set("ErrorCode", UNKNOWN_SERVER_ERROR);
                if response.get("ErrorMessage").is_some() {
                    response.set("ErrorMessage", Value::Null);
                }
            }
        }
    }
}

/// Acknowledgements in a request that names a topic without an id: Kafka's authorizer fails on that it has no name, and what
/// else was to be acknowledged or fetched is not.
pub(in crate::oracle) fn is_not_played(api: &Api, request: &Struct) -> bool {
    let has_no_id = |topic: &Struct| topic.get("TopicId") == Some(&Value::Uuid([0; 16]));
    let acknowledges = match api.key {
        ApiKey::SHARE_ACKNOWLEDGE => true,
        ApiKey::SHARE_FETCH => elements(request, "Topics")
            .flat_map(|topic| elements(topic, "Partitions"))
            .any(|partition| elements(partition, "AcknowledgementBatches").next().is_some()),
        _ => false,
    };
    acknowledges && elements(request, "Topics").any(has_no_id)
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
