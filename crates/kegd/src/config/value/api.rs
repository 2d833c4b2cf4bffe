//! Kafka APIs by name or number.

use keg_codec::{Api, ApiKey};
use serde_json::{Value, json};

use super::super::decode::{Decode, Reader, nearest};
use super::super::schema::Definitions;
use super::super::yaml::Meaning;

const EXPECTED: &str = "the name of a Kafka API in snake_case, such as create_topics, or its number";

/// The snake_case name of a Kafka API that keg knows, or the number of any.
#[derive(Debug, Clone)]
pub(crate) struct ApiName(pub(crate) String);

impl Decode for ApiName {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        let found = reader.text(EXPECTED)?;
        let text = &found.text;
        let legal = match found.meaning {
            None => is_number(text) || is_name(text),
            Some(Meaning::Number) => is_number(text),
            Some(Meaning::Text) => is_number(text) || is_name(text),
            Some(Meaning::Null | Meaning::Boolean) => false,
        };
        if legal {
            return Some(Self(text.clone()));
        }
        let message = format!("expected {EXPECTED}, found {}", found.shown());
        let names: Vec<String> = Api::all().iter().map(|api| snake_case(api.name)).collect();
        match nearest(text, names.iter().map(String::as_str)) {
            Some(name) => reader.refuse_with_hint(message, format!("did you mean {name}?")),
            None => reader.refuse(message),
        }
        None
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({
            "anyOf": [
                { "type": "string", "pattern": r"^([a-z][a-z0-9_]*|\d+|\$\{.+\})$" },
                { "type": "integer", "minimum": 0, "maximum": i16::MAX },
            ],
        })
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i16>().is_ok()
}

fn is_name(text: &str) -> bool {
    ApiKey::from_name(text).is_some_and(|key| snake_case(key.name()) == text)
}

/// `CreateTopics` as `create_topics`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
