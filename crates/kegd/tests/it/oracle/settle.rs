//! Waiting for what Kafka does after it has answered. On each side for itself, over another connection, by requests
//! that carry no topic ids: a gateway must not learn anything from these.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Type};
use keg_codec::{Api, ApiKey};

use super::side::Side;

/// How long one side may take. What isn't settled then shows as a difference.
const PATIENCE: Duration = Duration::from_secs(5);

/// Errors that say that the same request is to be sent again: the coordinator is loading, isn't available, has moved;
/// an earlier transaction is being completed.
const RETRIABLE: [i64; 4] = [14, 15, 16, 51];

const UNKNOWN_TOPIC_OR_PARTITION: i64 = 3;

/// Tries until `done` says so, or patience is over.
pub(super) fn patiently<T>(attempt: impl FnMut() -> T, done: impl Fn(&T) -> bool) -> T {
    patiently_for(PATIENCE, attempt, done)
}

/// The same with another patience.
pub(super) fn patiently_for<T>(patience: Duration, mut attempt: impl FnMut() -> T, done: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + patience;
    loop {
        let outcome = attempt();
        if done(&outcome) || Instant::now() > end {
            return outcome;
        }
        thread::sleep(Duration::from_millis(3));
    }
}

/// Whether a response says that the same request is to be sent again.
pub(super) fn is_retriable(response: &Struct) -> bool {
    errors(response).iter().any(|code| RETRIABLE.contains(code))
}

/// All error codes of a response, wherever they stand.
pub(super) fn errors(fields: &Struct) -> Vec<i64> {
    let mut found = Vec::new();
    for (field, value) in fields.iter() {
        match value {
            Value::Integer(code) if field.entity == Entity::ErrorCode => found.push(*code),
            Value::Struct(nested) => found.extend(errors(nested)),
            Value::Array(elements) => found.extend(elements.iter().filter_map(Value::as_struct).flat_map(errors)),
            _ => {}
        }
    }
    found
}

/// Waits until what a request has begun is done. `topics` are those of the case, `transaction` is what it was about.
pub(super) fn settle(
    observer: &mut Side,
    api: &'static Api,
    (request, response): (&Struct, &Struct),
    transaction: Option<&str>,
) {
    match api.key {
        ApiKey::CREATE_TOPICS if request.get("validateOnly") != Some(&Value::Integer(1)) => {
            let created = succeeded(response, "Topics").map(|name| (name, Some(1))).collect();
            until_topics_are(observer, &created);
        }
        ApiKey::DELETE_TOPICS => {
            let deleted = succeeded(response, "Responses").map(|name| (name, None)).collect();
            until_topics_are(observer, &deleted);
        }
        ApiKey::CREATE_PARTITIONS if request.get("ValidateOnly") != Some(&Value::Integer(1)) => {
            let grown: Vec<String> = succeeded(response, "Results").collect();
            let counts = elements(request, "Topics").filter_map(|topic| {
                let count = usize::try_from(topic.get("Count")?.as_integer()?).ok()?;
                Some((topic.get("Name")?.as_text()?.to_owned(), Some(count)))
            });
            until_topics_are(observer, &counts.filter(|(name, _)| grown.contains(name)).collect());
        }
        ApiKey::END_TXN | ApiKey::INIT_PRODUCER_ID => {
            if let Some(transaction) = transaction {
                until_transaction_is_complete(observer, transaction);
            }
        }
        _ => {}
    }
}

/// The names of the elements that have no error.
fn succeeded<'a>(response: &'a Struct, array: &str) -> impl Iterator<Item = String> + use<'a> {
    elements(response, array)
        .filter(|it| it.get("ErrorCode") == Some(&Value::Integer(0)))
        .filter_map(|it| it.get("Name")?.as_text().map(str::to_owned))
}

pub(super) fn elements<'a>(fields: &'a Struct, name: &str) -> impl Iterator<Item = &'a Struct> + use<'a> {
    let elements = fields.get(name).and_then(Value::as_array).unwrap_or_default();
    elements.iter().filter_map(Value::as_struct)
}

/// Waits until topics have at least so many partitions and all of them serve, or are gone.
pub(super) fn until_topics_are(observer: &mut Side, expected: &HashMap<String, Option<usize>>) {
    for (topic, partitions) in expected {
        patiently(|| is(observer, topic, *partitions), |done| *done);
    }
}

fn is(observer: &mut Side, topic: &str, partitions: Option<usize>) -> bool {
    let metadata = observer.ask(ApiKey::METADATA, 9, |request| {
        set(request, "Topics", vec![vec![("Name", Value::text(topic))]]);
        request.set("AllowAutoTopicCreation", Value::Integer(0));
    });
    let count = elements(&metadata, "Topics")
        .next()
        .map_or(0, |topic| elements(topic, "Partitions").count());
    match partitions {
        Some(expected) if count < expected => return false,
        None if count > 0 => return false,
        _ => {}
    }
    (0..count.max(1)).all(|index| {
        let error = offsets_error(observer, topic, index);
        if partitions.is_some() {
            error == 0
        } else {
            error == UNKNOWN_TOPIC_OR_PARTITION
        }
    })
}

fn offsets_error(observer: &mut Side, topic: &str, partition: usize) -> i64 {
    let api = Api::of(ApiKey::LIST_OFFSETS).unwrap();
    let Some(Type::Struct(table)) = api.request.fields.iter().find(|it| it.name == "Topics").map(|it| it.ty) else {
        unreachable!("ListOffsets has topics")
    };
    let offsets = observer.ask(ApiKey::LIST_OFFSETS, 4, |request| {
        request.set("ReplicaId", Value::Integer(-1));
        let mut asked = Struct::new(table, 4);
        asked.set("Name", Value::text(topic));
        let index = Value::Integer(i64::try_from(partition).unwrap());
        set(
            &mut asked,
            "Partitions",
            vec![vec![("PartitionIndex", index), ("Timestamp", Value::Integer(-1))]],
        );
        request.set("Topics", Value::Array(vec![Value::Struct(asked)]));
    });
    errors(&offsets).into_iter().max().unwrap_or_default()
}

fn until_transaction_is_complete(observer: &mut Side, transaction: &str) {
    let is_complete = |response: &Struct| {
        elements(response, "TransactionStates").all(|it| {
            let state = it.get("TransactionState").and_then(Value::as_text).unwrap_or_default();
            !state.starts_with("Prepare")
        })
    };
    patiently(
        || {
            observer.ask(ApiKey::DESCRIBE_TRANSACTIONS, 0, |request| {
                request.set("TransactionalIds", Value::Array(vec![Value::text(transaction)]));
            })
        },
        |response| !is_retriable(response) && is_complete(response),
    );
}

/// Sets an array of structures.
pub(super) fn set(fields: &mut Struct, array: &str, elements: Vec<Vec<(&str, Value)>>) {
    let ty = fields
        .table()
        .iter()
        .find(|field| field.name == array)
        .map(|field| field.ty);
    let Some(Type::Struct(table)) = ty else {
        unreachable!("{array} is an array of structures")
    };
    let elements = elements.into_iter().map(|values| {
        // Defaults of the oldest version are those of all.
        let mut element = Struct::new(table, 0);
        for (name, value) in values {
            element.set(name, value);
        }
        Value::Struct(element)
    });
    let elements = elements.collect();
    fields.set(array, Value::Array(elements));
}
