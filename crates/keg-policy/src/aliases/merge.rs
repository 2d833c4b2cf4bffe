//! Answers to the parts of a request, put together.

use std::collections::HashMap;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field};

/// Adds an answer to another one. Topics stand behind those that are there; what holds topics (a group, a transaction, a
/// directory) is one with what has its name.
pub(super) fn merge(into: &mut Struct, from: Struct) {
    // An error of the whole says so, whichever part it was.
    for ((field, value), (_, other)) in into.iter_mut().zip(from.iter()) {
        match (value, other) {
            (Value::Array(into), Value::Array(from)) => elements(field, into, from),
            (value @ Value::Null, other) => *value = other.clone(),
            (Value::Integer(value), Value::Integer(other)) if field.name == "ThrottleTimeMs" => {
                *value = (*value).max(*other);
            }
            (Value::Integer(value), Value::Integer(other)) if field.entity == Entity::ErrorCode && *value == 0 => {
                *value = *other;
            }
            _ => {}
        }
    }
}

fn elements(field: &'static Field, into: &mut Vec<Value>, from: &[Value]) {
    let places = into
        .iter()
        .enumerate()
        .filter_map(|(place, it)| Some((key(it)?, place)));
    let places: HashMap<Key, usize> = places.collect();
    for element in from {
        let known = key(element).and_then(|key| into.get_mut(*places.get(&key)?));
        match (known, element) {
            // Nodes are the same in all answers.
            (Some(_), _) if matches!(field.name, "Brokers" | "NodeEndpoints") => {}
            (Some(Value::Struct(known)), Value::Struct(element)) => merge(known, element.clone()),
            _ => into.push(element.clone()),
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Name(Vec<u8>),
    Node(i64),
}

/// What an element is about, if it isn't a topic.
fn key(element: &Value) -> Option<Key> {
    let is_key = |field: &Field| {
        matches!(field.entity, Entity::GroupId | Entity::TransactionalId) || matches!(field.name, "LogDir" | "NodeId")
    };
    match element.as_struct()?.iter().find(|(field, _)| is_key(field))? {
        (_, Value::Bytes(name)) => Some(Key::Name(name.clone())),
        (_, Value::Integer(node)) => Some(Key::Node(*node)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use keg_codec::{Api, ApiKey};

    use super::*;

    fn set(key: ApiKey, version: i16, fields: &[(&str, Value)]) -> Struct {
        let mut message = Struct::new(Api::of(key).unwrap().response.fields, version);
        for (name, value) in fields {
            assert!(message.set(name, value.clone()));
        }
        message
    }

    #[test]
    fn an_error_of_a_part_is_one_of_the_whole_and_the_longest_wait_counts() {
        let part = |error, wait| {
            set(
                ApiKey::FETCH,
                12,
                &[
                    ("ErrorCode", Value::Integer(error)),
                    ("ThrottleTimeMs", Value::Integer(wait)),
                ],
            )
        };
        for (one, other, expected) in [
            ((0, 5), (70, 0), (70, 5)),
            ((6, 0), (70, 9), (6, 9)),
            ((0, 0), (0, 0), (0, 0)),
        ] {
            let mut merged = part(one.0, one.1);
            merge(&mut merged, part(other.0, other.1));
            assert_eq!(merged, part(expected.0, expected.1));
        }
    }
}
