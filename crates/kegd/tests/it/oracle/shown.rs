//! Responses as they are compared, and requests as they are told.

use std::fmt;

use keg_codec::message::{Struct, Value};

use super::symbols::base64;

/// A value of a response, with symbols in the place of what each side makes up for itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    Null,
    Integer(i64),
    Text(String),
    Symbol(String),
    Bytes(Vec<u8>),
    List(Vec<Shown>),
    Fields(Vec<(&'static str, Shown)>),
}

impl Shown {
    /// Where two values differ: the path, and what is there on each side.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        compare(self, other, String::new(), &mut found);
        found
    }
}

fn compare(one: &Shown, other: &Shown, path: String, found: &mut Vec<String>) {
    match (one, other) {
        (Shown::List(ones), Shown::List(others)) if ones.len() == others.len() => {
            for (index, (one, other)) in ones.iter().zip(others).enumerate() {
                compare(one, other, format!("{path}[{index}]"), found);
            }
        }
        (Shown::Fields(ones), Shown::Fields(others)) if ones.len() == others.len() => {
            for ((name, one), (_, other)) in ones.iter().zip(others) {
                compare(one, other, format!("{path}.{name}"), found);
            }
        }
        _ if one != other => found.push(format!("{path}: {one:?} here, {other:?} on a Kafka of its own")),
        _ => {}
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Symbol(symbol) => write!(f, "<{symbol}>"),
            Self::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            Self::Fields(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {value:?}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// A request without what it leaves as it is by default.
pub(super) fn brief(fields: &Struct, version: i16) -> String {
    let defaults = Struct::new(fields.table(), version);
    let set = fields
        .iter()
        .zip(defaults.iter())
        .filter(|((field, value), (_, default))| field.versions.contains(version) && value != default)
        .map(|((field, value), _)| format!("{}: {}", field.name, brief_value(value, version)));
    format!("{{{}}}", set.collect::<Vec<_>>().join(", "))
}

fn brief_value(value: &Value, version: i16) -> String {
    match value {
        Value::Struct(nested) => brief(nested, version),
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(|it| brief_value(it, version)).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Bytes(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        Value::Integer(number) => number.to_string(),
        Value::Uuid(id) => base64(*id),
        Value::Null => "null".to_owned(),
        other => format!("{other:?}"),
    }
}
