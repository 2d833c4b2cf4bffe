//! The reference of the configuration, from its JSON Schema.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::pages::{anchor, check_generated};

#[test]
fn the_reference_is_what_the_schema_says() {
    let schema = kegd::config::schema();
    let mut reference = Reference {
        definitions: schema["$defs"].as_object().unwrap(),
        sections: BTreeMap::new(),
        text: String::new(),
    };
    reference.root();
    let missing: Vec<&String> = reference
        .definitions
        .keys()
        .filter(|it| !["Template", "Reference", "Root"].contains(&it.as_str()))
        .filter(|it| !reference.sections.contains_key(*it))
        .collect();
    assert!(missing.is_empty(), "no section for {missing:?}");
    check_generated("docs/configuration.md", "reference", &reference.text);
}

struct Reference<'a> {
    definitions: &'a Map<String, Value>,
    /// By the name of their definition: the headings of sections.
    sections: BTreeMap<String, String>,
    text: String,
}

impl<'a> Reference<'a> {
    fn root(&mut self) {
        let root = &self.definitions["Root"];
        self.name_sections(root, "");
        self.text.push_str("### The file\n\n");
        self.table(root);
        self.sections_below(root, "");
    }

    /// Gives every definition below this one the heading of the first place where it is found.
    fn name_sections(&mut self, schema: &'a Value, path: &str) {
        for (path, definition) in children(schema, path) {
            if !self.sections.contains_key(&definition) && !is_inline(&definition) {
                self.sections.insert(definition.clone(), path.clone());
                let schema = &self.definitions[&definition];
                self.name_sections(schema, &path);
            }
        }
    }

    fn sections_below(&mut self, schema: &'a Value, path: &str) {
        for (path, definition) in children(schema, path) {
            if self.sections.get(&definition) == Some(&path) {
                let schema = &self.definitions[&definition];
                self.section(&path, schema);
                self.sections_below(schema, &path);
            }
        }
    }

    fn section(&mut self, path: &str, schema: &Value) {
        let _ = write!(self.text, "\n### `{path}`\n\n{}\n\n", text(schema, "description"));
        let Some(variants) = schema["oneOf"].as_array() else {
            return self.table(schema);
        };
        for variant in variants {
            let tag = text(&variant["properties"]["type"], "const");
            match definition(&variant["properties"]["config"]) {
                // What policies share is the same for all types, and follows once.
                Some(config) => {
                    let anchor = anchor(&self.sections[&config]);
                    let meaning = text(&self.definitions[&config], "description");
                    let _ = writeln!(self.text, "- `type: {tag}`, with [`config`](#{anchor}): {meaning}");
                }
                None => {
                    let _ = write!(self.text, "`type: {tag}`: {}\n\n", text(variant, "description"));
                    self.table(variant);
                    self.text.push('\n');
                }
            }
        }
        if let Some(policy) = variants.iter().find(|it| it["properties"].get("config").is_some()) {
            self.text.push('\n');
            self.table(policy);
        }
    }

    fn table(&mut self, object: &Value) {
        let properties = object["properties"].as_object().unwrap();
        let required = |name: &str| {
            let names = object["required"].as_array();
            names.is_some_and(|it| it.iter().any(|it| it == name))
        };
        let is_policy = properties.contains_key("type") && properties.contains_key("config");
        let is_row =
            |name: &str, schema: &Value| name != "type" && !(is_policy && name == "config") && !is_not_yet(schema);
        let mut rows: Vec<(&String, &Value)> = properties.iter().filter(|(name, it)| is_row(name, it)).collect();
        rows.sort_by_key(|(name, _)| (name.as_str() != "name", !required(name), name.as_str()));
        if !rows.is_empty() {
            self.text
                .push_str("| field | value | default | meaning |\n|---|---|---|---|\n");
        }
        for (name, schema) in rows {
            let default = match schema.get("default") {
                Some(Value::String(text)) => format!("`{text}`"),
                Some(value) => format!("`{value}`"),
                None if required(name) => "required".to_owned(),
                None => "none".to_owned(),
            };
            let value = self.value(schema);
            let _ = writeln!(
                self.text,
                "| `{name}` | {value} | {default} | {} |",
                text(schema, "description")
            );
        }
        let later: Vec<String> = properties
            .iter()
            .filter(|(_, schema)| is_not_yet(schema))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if !later.is_empty() {
            let _ = write!(self.text, "\nNot supported yet, and refused: {}.\n", later.join(", "));
        }
    }

    /// What a field takes, in words.
    fn value(&self, schema: &Value) -> String {
        if let Some(definition) = definition(schema) {
            return match self.sections.get(&definition) {
                Some(path) => format!("[mapping](#{})", anchor(path)),
                None => "`{ name: ... }`".to_owned(),
            };
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let kinds = choices
                .iter()
                .filter(|it| definition(it).as_deref() != Some("Template"));
            return kinds.map(|it| self.value(it)).collect::<Vec<_>>().join(" or ");
        }
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<String> = words.iter().map(|it| format!("`{}`", it.as_str().unwrap())).collect();
            return words.join(", ");
        }
        match schema["type"].as_str() {
            Some("array") => format!("list of {}", self.value(&schema["items"])),
            Some("integer") => format!("{} to {}", schema["minimum"], schema["maximum"]),
            Some("boolean") => "`true`, `false`".to_owned(),
            Some("object") => "mapping of texts".to_owned(),
            Some("string") => kind_of_text(schema["pattern"].as_str().unwrap_or_default()).to_owned(),
            _ => panic!("no words for {schema}"),
        }
    }
}

fn kind_of_text(pattern: &str) -> &'static str {
    if pattern.contains("KiB") {
        "size: `64KiB`"
    } else if pattern.contains("1000") {
        "duration: `10ms`"
    } else if pattern.contains("(\\d+ms)") {
        "duration: `1m30s`"
    } else if pattern == r"^\d+(-\d+)?$" {
        "range: `9092-9094`"
    } else if pattern.ends_with(r":\d+$") {
        "`host:port`"
    } else {
        "text"
    }
}

/// The definitions that a schema refers to, with the paths of the fields that do.
fn children(schema: &Value, path: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let variants = schema["oneOf"].as_array().map(Vec::as_slice);
    for object in variants.unwrap_or(std::slice::from_ref(schema)) {
        let properties = object["properties"].as_object().unwrap();
        let tag = object["properties"]["type"]["const"].as_str();
        let here = match tag {
            Some(tag) if properties.contains_key("config") => format!("{path} {tag}"),
            _ => path.to_owned(),
        };
        let mut fields: Vec<(&String, &Value)> = properties.iter().collect();
        fields.sort_by_key(|(name, _)| order(name));
        for (name, field) in fields {
            let dot = if here.is_empty() { "" } else { "." };
            let choices = field["anyOf"].as_array().map(Vec::as_slice);
            for choice in choices.unwrap_or(std::slice::from_ref(field)) {
                let (suffix, target) = match choice["type"].as_str() {
                    Some("array") => ("[]", definition(&choice["items"])),
                    _ => ("", definition(choice)),
                };
                found.extend(target.map(|target| (format!("{here}{dot}{name}{suffix}"), target)));
            }
        }
    }
    found
}

/// The order of the sections: of the top level as files have it, of the rest by name.
fn order(name: &str) -> (usize, String) {
    let first = [
        "runtime",
        "observability",
        "backend_clusters",
        "virtual_clusters",
        "listeners",
        "tls_trust_bundles",
    ];
    let place = first.iter().position(|it| *it == name).unwrap_or(first.len());
    (place, name.to_owned())
}

fn definition(schema: &Value) -> Option<String> {
    let reference = schema["$ref"].as_str()?;
    Some(reference.rsplit('/').next()?.to_owned())
}

fn is_inline(definition: &str) -> bool {
    ["Template", "Reference"].contains(&definition)
}

/// Whether this is a field that Kong Event Gateway has and keg hasn't yet.
fn is_not_yet(schema: &Value) -> bool {
    schema["enum"].as_array().is_some_and(|it| it.contains(&Value::Null))
}

fn text<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema[name].as_str().unwrap_or_default()
}
