//! Kafka's message definitions, read from its own files: what the prober knows of the protocol, and all that it knows.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::setup::{Setup, skip};

/// Every message by name.
#[derive(Debug)]
pub(crate) struct Definitions(BTreeMap<String, Message>);

/// A request, a response, or what is embedded in one.
#[derive(Debug)]
pub(crate) struct Message {
    /// Without the ending `Request` or `Response`.
    pub(crate) api: String,
    pub(crate) key: Option<i16>,
    pub(crate) versions: Versions,
    flexible: Versions,
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) versions: Versions,
    pub(crate) nullable: Versions,
    pub(crate) tagged: Versions,
    pub(crate) tag: u32,
    pub(crate) entity: Option<String>,
    /// Of the structure, or of the array's.
    pub(crate) fields: Vec<Field>,
    default: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Uuid,
    Text,
    Bytes,
    Records,
    Struct,
    Array(Box<Type>),
}

/// A range of versions, both ends in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) first: i16,
    pub(crate) last: i16,
}

impl Definitions {
    /// Those that were set up; `None`, and a word why, where they weren't.
    pub(crate) fn read_or_skip(setup: &Setup, test: &str) -> Option<Self> {
        let folder = setup.definitions().map_err(|why| skip(test, &why)).ok()?;
        Some(Self::read(&folder))
    }

    pub(crate) fn read(folder: &Path) -> Self {
        let messages = fs::read_dir(folder).unwrap().map(|entry| {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            // JSON with comments on lines of their own.
            let lines: Vec<&str> = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            Message::read(&serde_json::from_str(&lines.join("\n")).unwrap())
        });
        Self(messages.collect())
    }

    /// A message by its full name, such as `MetadataRequest`.
    pub(crate) fn message(&self, name: &str) -> &Message {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no message {name} in the definitions"))
    }

    /// The requests that any version is left of, in the order of their keys.
    pub(crate) fn requests(&self) -> Vec<&Message> {
        let requests = self
            .0
            .iter()
            .filter(|(name, message)| name.ends_with("Request") && !message.versions.is_empty());
        let mut requests: Vec<&Message> = requests.map(|(_, message)| message).collect();
        requests.sort_by_key(|message| message.key);
        requests
    }

    pub(crate) fn response(&self, api: &str) -> &Message {
        self.message(&format!("{api}Response"))
    }
}

impl Message {
    fn read(definition: &Value) -> (String, Self) {
        let name = text(definition, "name").unwrap();
        let no_structs = json!([]);
        let structs = definition
            .get("commonStructs")
            .unwrap_or(&no_structs)
            .as_array()
            .unwrap();
        let structs: HashMap<&str, &Value> = structs
            .iter()
            .map(|it| (it["name"].as_str().unwrap(), &it["fields"]))
            .collect();
        let message = Self {
            api: name.trim_end_matches("Request").trim_end_matches("Response").to_owned(),
            key: definition
                .get("apiKey")
                .map(|key| i16::try_from(key.as_i64().unwrap()).unwrap()),
            versions: Versions::read(text(definition, "validVersions").as_deref()),
            flexible: Versions::read(text(definition, "flexibleVersions").as_deref()),
            fields: Field::read_all(&definition["fields"], &structs),
        };
        (name, message)
    }

    pub(crate) fn is_flexible(&self, version: i16) -> bool {
        self.flexible.contains(version)
    }
}

impl Field {
    fn read_all(fields: &Value, structs: &HashMap<&str, &Value>) -> Vec<Self> {
        fields
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| Self::read(it, structs))
            .collect()
    }

    fn read(field: &Value, structs: &HashMap<&str, &Value>) -> Self {
        let ty = text(field, "type").unwrap();
        let element = ty.trim_start_matches("[]");
        let own = field.get("fields").or_else(|| structs.get(element).copied());
        let tagged = Versions::read(text(field, "taggedVersions").as_deref());
        Self {
            name: text(field, "name").unwrap(),
            ty: Type::read(&ty),
            versions: text(field, "versions").map_or(tagged, |versions| Versions::read(Some(&versions))),
            nullable: Versions::read(text(field, "nullableVersions").as_deref()),
            tagged,
            tag: field
                .get("tag")
                .map_or(0, |tag| u32::try_from(tag.as_u64().unwrap()).unwrap()),
            entity: text(field, "entityType"),
            fields: own.map_or_else(Vec::new, |own| Self::read_all(own, structs)),
            default: field.get("default").cloned(),
        }
    }

    /// What stands in a message that says nothing about this field.
    pub(crate) fn default(&self) -> Value {
        let written = match &self.default {
            Some(Value::String(text)) => Some(text.clone()),
            other => other.as_ref().map(Value::to_string),
        };
        match (&self.ty, written.as_deref()) {
            (_, Some("null")) => Value::Null,
            (Type::Bool, written) => json!(written == Some("true")),
            (Type::Text, written) => json!(written.unwrap_or_default()),
            (Type::Uuid, _) => json!("0".repeat(32)),
            (Type::Bytes, _) => json!(""),
            (Type::Records, _) => Value::Null,
            (Type::Array(_), _) => json!([]),
            (Type::Struct, _) => json!({}),
            (Type::Float64, _) => json!(0.0),
            (_, Some(number)) => json!(integer(number)),
            (_, None) => json!(0),
        }
    }
}

impl Type {
    fn read(ty: &str) -> Self {
        match ty {
            "bool" => Self::Bool,
            "int8" => Self::Int8,
            "int16" => Self::Int16,
            "uint16" => Self::Uint16,
            "int32" => Self::Int32,
            "uint32" => Self::Uint32,
            "int64" => Self::Int64,
            "float64" => Self::Float64,
            "uuid" => Self::Uuid,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "records" => Self::Records,
            array if array.starts_with("[]") => Self::Array(Box::new(Self::read(&array[2..]))),
            _ => Self::Struct,
        }
    }

    /// The type of the array's elements, or the type itself.
    pub(crate) fn innermost(&self) -> &Self {
        match self {
            Self::Array(element) => element.innermost(),
            other => other,
        }
    }
}

impl Versions {
    const NONE: Self = Self { first: 1, last: 0 };

    /// `3`, `3-5`, `3+`, `none`, or nothing.
    fn read(written: Option<&str>) -> Self {
        let number = |text: &str| text.parse::<i16>().unwrap();
        match written {
            None | Some("none") => Self::NONE,
            Some(range) => match (range.strip_suffix('+'), range.split_once('-')) {
                (Some(first), _) => Self {
                    first: number(first),
                    last: i16::MAX,
                },
                (None, Some((first, last))) => Self {
                    first: number(first),
                    last: number(last),
                },
                (None, None) => Self {
                    first: number(range),
                    last: number(range),
                },
            },
        }
    }

    pub(crate) fn contains(self, version: i16) -> bool {
        (self.first..=self.last).contains(&version)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.first > self.last
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).map(|it| it.as_str().unwrap().to_owned())
}

fn integer(written: &str) -> i64 {
    let number = written.trim();
    number
        .strip_prefix("0x")
        .map_or_else(|| number.parse().unwrap(), |hex| i64::from_str_radix(hex, 16).unwrap())
}
