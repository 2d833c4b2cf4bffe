//! Values that are one scalar.

use serde_json::{Value, json};

use super::super::schema::{Definitions, or_template};
use super::super::yaml::Meaning;
use super::{Decode, Reader};

/// A value that is read from text.
pub(crate) trait FromText: Sized {
    /// What a message says was expected.
    const EXPECTED: &'static str;
    /// Whether a number without quotes will do.
    const NUMBERS: bool = false;
    /// Whether messages must not show what was found: because it is secret, or long.
    const HIDDEN: bool = false;

    fn from_text(text: &str) -> Option<Self>;

    /// The JSON Schema of the text. Templates are added where the schema would refuse them.
    fn text_schema() -> Value;
}

impl<T: FromText> Decode for T {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        let expected = T::EXPECTED;
        let found = reader.text(expected)?;
        let value = T::from_text(&found.text);
        let meaning = found
            .other_meaning()
            .filter(|meaning| !(T::NUMBERS && *meaning == Meaning::Number));
        match (meaning, value) {
            (None, Some(value)) => return Some(value),
            (Some(meaning), Some(_)) => {
                let message = format!("expected {expected}, found {meaning}");
                reader.refuse_with_hint(message, "put it in quotes");
            }
            (Some(meaning), None) => {
                reader.refuse(format!("expected {expected}, found {meaning}"));
            }
            (None, None) if T::HIDDEN => reader.refuse(format!("expected {expected}")),
            (None, None) => {
                reader.refuse(format!("expected {expected}, found {}", found.shown()));
            }
        }
        None
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let schema = T::text_schema();
        if schema.get("pattern").is_some() || schema.get("type").is_none() {
            or_template(schema, definitions)
        } else {
            schema
        }
    }
}

impl Decode for bool {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        let found = reader.text("true or false")?;
        let boolean = match found.meaning {
            None | Some(Meaning::Boolean) => match found.text.to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            Some(_) => None,
        };
        if boolean.is_none() {
            reader.refuse(format!("expected true or false, found {}", found.shown()));
        }
        boolean
    }

    fn schema(definitions: &mut Definitions) -> Value {
        or_template(json!({ "type": "boolean" }), definitions)
    }
}

/// A whole number between two bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounded<const MIN: i64, const MAX: i64>(pub(crate) i64);

impl<const MIN: i64, const MAX: i64> Decode for Bounded<MIN, MAX> {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        let expected = format!("a whole number from {MIN} to {MAX}");
        let found = reader.text(&expected)?;
        let number = match found.meaning {
            None | Some(Meaning::Number) => found.text.parse().ok(),
            Some(_) => None,
        };
        let number = number.filter(|number| (MIN..=MAX).contains(number));
        if number.is_none() {
            reader.refuse(format!("expected {expected}, found {}", found.shown()));
        }
        number.map(Self)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let schema = json!({ "type": "integer", "minimum": MIN, "maximum": MAX });
        or_template(schema, definitions)
    }
}
