//! The JSON Schema says what decoding does.

use serde_json::{Map, Value, json};

use super::super::schema;
use super::super::yaml::{self, Kind, Meaning, Node};
use super::FULL;

#[test]
fn the_full_configuration_satisfies_the_schema() {
    assert_eq!(validate(&to_json(FULL)), Vec::<String>::new());
}

#[test]
fn what_decoding_refuses_the_schema_refuses() {
    for (good, bad) in [
        ("runtime:", "runtimes:"),
        ("drain_duration: 5s", "drain_duration: 5"),
        ("max_connections: 10000", "max_connections: 0"),
        ("log_format: json", "log_format: xml"),
        ("- name: main", "- nmae: main"),
        ("type: anonymous }\n    insecure", "type: sasl_plain }\n    insecure"),
        ("enabled: true", "enabled: yes"),
        ("{ alias: orders, topic: legacy }", "{ alias: orders }"),
        ("alias: prices, ", ""),
        ("acl_mode: enforce_on_gateway", "acl_mode: none"),
        ("type: block_apis", "type: block"),
        ("{ name: describe }", "{ name: describes }"),
        ("action: deny", "action: refuse"),
        ("{ match: kafka-cluster }", "{ name: kafka-cluster }"),
        ("apis: [metadata]", "apis: []"),
        ("mode: enforce_prefix, ", ""),
        ("conflict: ignore", "conflict: fail"),
        ("exact_list: [{ value: old group }]", "exact_list: []"),
        ("{ backend: legacy }", "{ topic: legacy }"),
        ("type: glob, glob: \"app-?\"", "type: glob"),
        ("19097]", "70000]"),
        ("type: shared_suffix", "type: other_suffix"),
        ("advertised_host: localhost, ", ""),
    ] {
        assert!(FULL.contains(good), "{good}");
        let text = FULL.replacen(good, bad, 1);
        assert!(!validate(&to_json(&text)).is_empty(), "{bad}");
        assert!(super::load(&text).is_err(), "{bad}");
    }
}

#[test]
fn every_field_is_described_and_every_reference_resolves() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap();
    let mut pending: Vec<&Value> = definitions.values().chain([&schema["$ref"]]).collect();
    let mut properties = 0;
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(keywords) => {
                if let Some(reference) = keywords.get("$ref") {
                    assert!(lookup(&schema, reference.as_str().unwrap()).is_object());
                }
                let fields = keywords.get("properties").and_then(Value::as_object);
                for (name, field) in fields.into_iter().flatten() {
                    properties += 1;
                    assert!(name == "type" || field["description"].is_string(), "{name}: {field}");
                }
                pending.extend(keywords.values());
            }
            Value::Array(items) => pending.extend(items),
            _ => {}
        }
    }
    assert!(properties > 60, "{properties}");
}

#[test]
fn defaults_and_required_fields_are_in_the_schema() {
    let schema = schema();
    let runtime = &schema["$defs"]["Runtime"]["properties"];
    assert_eq!(runtime["drain_duration"]["default"], "5s");
    assert_eq!(
        runtime["health_listener_address_port"]["default"],
        json!(["127.0.0.1:8080"])
    );
    let backend = &schema["$defs"]["BackendCluster"]["required"];
    assert_eq!(*backend, json!(["name", "bootstrap_servers", "authentication"]));
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

/// What a YAML text says, as JSON.
fn to_json(text: &str) -> Value {
    node_to_json(&yaml::parse(text).documents[0])
}

fn node_to_json(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => Value::Null,
            Meaning::Text => scalar.text.as_str().into(),
            Meaning::Boolean | Meaning::Number => serde_json::from_str(&scalar.text).unwrap(),
        },
        Kind::Sequence(items) => items.iter().map(|item| node_to_json(item)).collect(),
        Kind::Mapping(entries) => {
            let fields = entries
                .iter()
                .map(|entry| (entry.key.clone(), node_to_json(&entry.value)));
            Value::Object(fields.collect())
        }
    }
}

fn lookup<'a>(schema: &'a Value, reference: &str) -> &'a Value {
    &schema["$defs"][reference.strip_prefix("#/$defs/").unwrap()]
}

/// Why `value` doesn't satisfy the schema of configurations.
fn validate(value: &Value) -> Vec<String> {
    let schema = schema();
    let mut errors = Vec::new();
    check(
        &schema,
        lookup(&schema, schema["$ref"].as_str().unwrap()),
        value,
        "",
        &mut errors,
    );
    errors
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str, errors: &mut Vec<String>) {
    for (keyword, argument) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "description" | "default" => true,
            "$ref" => {
                check(root, lookup(root, argument.as_str().unwrap()), value, path, errors);
                true
            }
            "type" => has_type(argument.as_str().unwrap(), value),
            "enum" => argument.as_array().unwrap().contains(value),
            "const" => argument == value,
            "anyOf" => satisfied(root, argument, value) >= 1,
            "oneOf" => satisfied(root, argument, value) == 1,
            "minimum" => value.as_i64() >= argument.as_i64(),
            "maximum" => value.as_i64() <= argument.as_i64(),
            "minLength" => text(value).is_none_or(|it| it.len() as u64 >= argument.as_u64().unwrap()),
            "maxLength" => text(value).is_none_or(|it| it.len() as u64 <= argument.as_u64().unwrap()),
            "minItems" => value
                .as_array()
                .is_none_or(|it| it.len() as u64 >= argument.as_u64().unwrap()),
            "pattern" => text(value).is_none_or(|text| matches(argument.as_str().unwrap(), text)),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, argument, item, &format!("{path}[{index}]"), errors);
                }
                true
            }
            "required" => {
                let required = argument.as_array().unwrap().iter();
                required
                    .map(|name| name.as_str().unwrap())
                    .all(|name| value.get(name).is_some())
            }
            "properties" | "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                fields(root, keyword, argument, known, value, path, errors)
            }
            keyword => panic!("the keyword {keyword} has no check"),
        };
        if !holds {
            errors.push(format!("{path}: {keyword} {argument}"));
        }
    }
}

fn fields(
    root: &Value,
    keyword: &str,
    argument: &Value,
    known: Option<&Map<String, Value>>,
    value: &Value,
    path: &str,
    errors: &mut Vec<String>,
) -> bool {
    let mut holds = true;
    for (name, field) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match (known.and_then(|known| known.get(name)), keyword) {
            (Some(schema), "properties") => check(root, schema, field, &path, errors),
            (None, "additionalProperties") => match argument {
                Value::Bool(allowed) => holds &= *allowed,
                schema => check(root, schema, field, &path, errors),
            },
            _ => {}
        }
    }
    holds
}

fn satisfied(root: &Value, schemas: &Value, value: &Value) -> usize {
    let satisfied = |schema: &&Value| {
        let mut errors = Vec::new();
        check(root, schema, value, "", &mut errors);
        errors.is_empty()
    };
    schemas.as_array().unwrap().iter().filter(satisfied).count()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        name => panic!("unknown type {name}"),
    }
}

/// Tells templates from everything else; other patterns are taken to match.
fn matches(pattern: &str, text: &str) -> bool {
    !pattern.starts_with(r"^\$\{") || text.starts_with("${")
}
