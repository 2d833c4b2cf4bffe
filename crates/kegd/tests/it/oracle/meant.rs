//! What the gateway refuses though a Kafka of one's own does it: on purpose, and documented in
//! `docs/virtual-clusters.md`.
//!
//! Such a request is sent to the gateway alone, and must be refused as said here. If it isn't, it goes to both sides
//! as any other.

use std::collections::HashSet;

use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};

use super::memory::Subject;
use super::settle::{elements, errors};
use super::side::Outcome;
use super::symbols::NO_ID;

const REBALANCE_IN_PROGRESS: i64 = 27;
pub(super) const TOPIC_AUTHORIZATION_FAILED: i64 = 29;
const CLUSTER_AUTHORIZATION_FAILED: i64 = 31;
const INVALID_REQUEST: i64 = 42;
const UNKNOWN_TOPIC_ID: i64 = 100;
const INVALID_REGULAR_EXPRESSION: i64 = 128;

/// A reason to refuse a request.
#[derive(Debug)]
pub(super) struct Meant {
    pub(super) apis: &'static [ApiKey],
    pub(super) is: fn(&Struct, i16, &HashSet<String>) -> bool,
    pub(super) code: i64,
}

pub(super) const MEANT: &[Meant] = &[
    // The settings of brokers and of client metrics are the operator's.
    Meant {
        apis: &[
            ApiKey::DESCRIBE_CONFIGS,
            ApiKey::ALTER_CONFIGS,
            ApiKey::INCREMENTAL_ALTER_CONFIGS,
        ],
        is: |request, _, _| {
            elements(request, "Resources").any(|it| !matches!(it.get("ResourceType"), Some(Value::Integer(2 | 32))))
        },
        code: CLUSTER_AUTHORIZATION_FAILED,
    },
    // Without topics it is about every tenant's.
    Meant {
        apis: &[ApiKey::ELECT_LEADERS],
        is: |request, _, _| request.get("TopicPartitions") == Some(&Value::Null),
        code: CLUSTER_AUTHORIZATION_FAILED,
    },
    // A topic by both its name and an id: Kafka refuses it alone, the gateway all of the request unless it knows the id.
    Meant {
        apis: &[ApiKey::DELETE_TOPICS],
        is: |request, version, _| {
            let has_both =
                |it: &Struct| it.get("Name") != Some(&Value::Null) && it.get("TopicId") != Some(&Value::Uuid(NO_ID));
            version >= 6 && elements(request, "Topics").any(has_both)
        },
        code: INVALID_REQUEST,
    },
    // The gateway has to read the expression before the broker looks at anything else of the request.
    Meant {
        apis: &[ApiKey::CONSUMER_GROUP_HEARTBEAT],
        is: |request, version, _| {
            version > 0 && text(request, "SubscribedTopicRegex").is_some_and(|it| it.contains("t[-"))
        },
        code: INVALID_REGULAR_EXPRESSION,
    },
    // Whether the bytes that members exchange name topics is told by the protocol type, or by a JoinGroup on the same
    // connection that has succeeded. A member that does neither is told to join again.
    Meant {
        apis: &[ApiKey::SYNC_GROUP],
        is: |request, version, joined| {
            let said = version >= 5 && !matches!(text(request, "ProtocolType"), None | Some(""));
            !said && !text(request, "GroupId").is_some_and(|group| joined.contains(group))
        },
        code: REBALANCE_IN_PROGRESS,
    },
];

/// The errors of which the gateway gives one on purpose. `joined` are the groups that were joined on the connection.
pub(super) fn refusals(
    lists: [&[Meant]; 2],
    api: &Api,
    version: i16,
    request: &Struct,
    joined: &HashSet<String>,
) -> Vec<i64> {
    let all = lists.into_iter().flatten();
    all.filter(|meant| meant.apis.contains(&api.key) && (meant.is)(request, version, joined))
        .map(|meant| meant.code)
        .collect()
}

/// Whether a response says the error of all that was asked, so that nothing was done. The oldest ElectLeaders has a place
/// for it in its results only, of which it has none.
pub(super) fn is_refused(api: &Api, version: i16, response: &Struct, codes: &[i64]) -> bool {
    if api.key == ApiKey::ELECT_LEADERS && version == 0 {
        return elements(response, "ReplicaElectionResults").next().is_none();
    }
    let errors = errors(response);
    codes
        .iter()
        .any(|code| !errors.is_empty() && errors.iter().all(|found| found == code))
}

/// Fetch: when a topic's id is not the tenant's, or a topic is denied, the gateway gives no session, since the broker's
/// would be without that topic. Then the other side's client takes none either.
pub(super) fn same_session(api: &Api, subject: &Subject, outcomes: &mut [Outcome; 2]) {
    let [Outcome::Response(one), Outcome::Response(other)] = outcomes else {
        return;
    };
    let is_left_out = |code: &i64| [UNKNOWN_TOPIC_ID, TOPIC_AUTHORIZATION_FAILED].contains(code);
    let denied = errors(one).iter().any(is_left_out) && one.get("SessionId") == Some(&Value::Integer(0));
    if api.key == ApiKey::FETCH && subject.session_epoch == 0 && denied {
        other.set("SessionId", Value::Integer(0));
    }
}

pub(super) fn text<'a>(fields: &'a Struct, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_text)
}
