//! What a Kafka does when it is needed for the first time is done before anything is compared.

use std::time::Duration;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use super::settle::{elements, errors, is_retriable, patiently_for, set};
use super::side::Side;

/// Brokers that have just started make their internal topics one after the other.
const PATIENCE: Duration = Duration::from_secs(60);

const TOPIC_ALREADY_EXISTS: i64 = 36;

/// Has a Kafka make its internal topics, by requests at an address that may be a gateway's, and at its own.
pub(super) fn warm_up(address: &str, backend: &str, prefix: &str) {
    let mut side = Side::connect(address);
    let name = || Value::text(&format!("{prefix}any"));
    for kind in [0, 1] {
        until(&mut side, ApiKey::FIND_COORDINATOR, 1, has_no_error, |request| {
            request.set("Key", name());
            request.set("KeyType", Value::Integer(kind));
        });
    }
    let is_settled = |response: &Struct| !is_retriable(response);
    until(&mut side, ApiKey::DESCRIBE_TRANSACTIONS, 0, is_settled, |request| {
        request.set("TransactionalIds", Value::Array(vec![name()]));
    });
    // The first id is what errors have in its place.
    let is_given = |response: &Struct| matches!(response.get("ProducerId"), Some(Value::Integer(1..)));
    until(&mut side, ApiKey::INIT_PRODUCER_ID, 0, is_given, |request| {
        request.set("TransactionalId", Value::Null);
    });
    until(&mut side, ApiKey::DESCRIBE_GROUPS, 0, is_settled, |request| {
        request.set("Groups", Value::Array(vec![name()]));
    });
    share_group(&mut Side::connect(backend), prefix);
}

/// Has the state of a share group made. Its names are like those of a case that there isn't.
fn share_group(backend: &mut Side, prefix: &str) {
    let text = format!("warm-{prefix}-c0");
    let name = || Value::text(&text);
    let topics = || Value::Array(vec![name()]);
    // One that took long may have been made nevertheless.
    let is_there = |response: &Struct| {
        errors(response)
            .iter()
            .all(|code| [0, TOPIC_ALREADY_EXISTS].contains(code))
    };
    until(backend, ApiKey::CREATE_TOPICS, 5, is_there, |request| {
        let topic = vec![
            ("Name", name()),
            ("NumPartitions", Value::Integer(1)),
            ("ReplicationFactor", Value::Integer(1)),
        ];
        set(request, "Topics", vec![topic]);
        request.set("timeoutMs", Value::Integer(10_000));
    });
    // The coordinator may not know the topic yet, and has the state made only after it has answered.
    let is_assigned = |response: &Struct| {
        let assignment = response.get("Assignment").and_then(Value::as_struct);
        assignment.is_some_and(|it| elements(it, "TopicPartitions").next().is_some())
    };
    until(backend, ApiKey::SHARE_GROUP_HEARTBEAT, 1, is_assigned, |request| {
        request.set("GroupId", name());
        request.set("MemberId", Value::text("warm"));
        request.set("SubscribedTopicNames", topics());
    });
    until(backend, ApiKey::SHARE_GROUP_HEARTBEAT, 1, has_no_error, |request| {
        request.set("GroupId", name());
        request.set("MemberId", Value::text("warm"));
        request.set("MemberEpoch", Value::Integer(-1));
    });
    until(backend, ApiKey::DELETE_TOPICS, 5, has_no_error, |request| {
        request.set("TopicNames", topics());
        request.set("TimeoutMs", Value::Integer(10_000));
    });
}

fn has_no_error(response: &Struct) -> bool {
    errors(response).iter().all(|code| *code == 0)
}

fn until(side: &mut Side, key: ApiKey, version: i16, done: impl Fn(&Struct) -> bool, fill: impl Fn(&mut Struct)) {
    let last = patiently_for(PATIENCE, || side.ask(key, version, &fill), &done);
    assert!(done(&last), "{key:?}: {last:?}");
}
