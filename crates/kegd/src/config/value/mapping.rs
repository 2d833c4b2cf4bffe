//! Rules from the names of certificates to principals.

use keg_auth::certificate::Mapping;
use serde_json::{Value, json};

use super::super::decode::{Decode, Reader};
use super::super::schema::Definitions;

const EXPECTED: &str = "rules such as RULE:^CN=([^,]*).*$/$1/L, DEFAULT";

/// Rules as those of Kafka's `ssl.principal.mapping.rules`.
#[derive(Debug, Clone)]
pub(crate) struct PrincipalRules(pub(crate) Mapping);

impl Decode for PrincipalRules {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        let found = reader.text(EXPECTED)?;
        match found.text.parse() {
            Ok(mapping) => return Some(Self(mapping)),
            // What a template gave is shown nowhere, parts of it included.
            Err(_) if found.meaning.is_none() => {
                reader.refuse(format!("expected {EXPECTED}, found {}", found.shown()));
            }
            Err(error) => reader.refuse(format!("expected {EXPECTED}: {error}")),
        }
        None
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}
