//! The JSON Schema of the configuration, for editors.

use serde_json::{Map, Value, json};

use super::decode::Decode;
use super::raw::Root;

/// The JSON Schema (draft 2020-12) of a configuration file.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Definitions::default();
    let root = Root::schema(&mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "keg",
        "description": "The configuration of the keg Kafka gateway.",
        "$ref": root.get("$ref"),
        "$defs": definitions.0,
    })
}

/// The schemas that others refer to by name.
#[derive(Debug, Default)]
pub(crate) struct Definitions(Map<String, Value>);

impl Definitions {
    /// A reference to the schema of this name, which `build` makes when it isn't there yet.
    pub(crate) fn define(&mut self, name: &str, build: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            let schema = build(self);
            self.0.insert(name.into(), schema);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}

/// `schema`, or a template that is put in its place.
pub(crate) fn or_template(schema: Value, definitions: &mut Definitions) -> Value {
    let template = definitions.define("Template", |_| {
        json!({
            "description": "A value from the environment or from a file: ${env['NAME']}, ${file['/path']}.",
            "type": "string",
            "pattern": r"^\$\{(env|vault\.env|file)\[.+\]\}$",
        })
    });
    json!({ "anyOf": [schema, template] })
}
