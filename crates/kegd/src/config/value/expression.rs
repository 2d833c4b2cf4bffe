//! Expressions: text that is read when the configuration is.

use serde_json::{Value, json};

use super::super::decode::{Decode, Reader};
use super::super::schema::Definitions;
use crate::expression::{Condition, LONGEST, Mistake, Names};

impl Decode for Condition {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        read(reader, "an expression that is true or false", Self::new)
    }

    fn schema(_: &mut Definitions) -> Value {
        schema()
    }
}

impl Decode for Names {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        read(reader, "an expression that gives a list of names", Self::new)
    }

    fn schema(_: &mut Definitions) -> Value {
        schema()
    }
}

fn read<T>(reader: &Reader<'_>, expected: &str, parse: impl FnOnce(&str) -> Result<T, Mistake>) -> Option<T> {
    let found = reader.text(expected)?;
    if let Some(meaning) = found.other_meaning() {
        reader.refuse_with_hint(format!("expected {expected}, found {meaning}"), "put it in quotes");
        return None;
    }
    match parse(&found.text) {
        Ok(expression) => return Some(expression),
        // What a template gave is shown nowhere, parts of it included.
        Err(_) if found.meaning.is_none() => reader.refuse(format!("expected {expected}, found {}", found.shown())),
        Err(mistake) => {
            let message = format!("expected {expected}: {mistake}");
            match mistake.hint {
                Some(hint) => reader.refuse_with_hint(message, hint),
                None => reader.refuse(message),
            }
        }
    }
    None
}

fn schema() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": LONGEST })
}
