//! Mappings with fixed fields.

use serde_json::{Map, Value, json};

use super::super::schema::Definitions;
use super::{Decode, Fields};

/// A mapping with fixed fields, as [`entity`] declares it.
pub(crate) trait Entity: Sized {
    /// The names of the fields.
    const FIELDS: &'static [&'static str];

    /// Reads all fields; those that can't be read are `None`, and have been reported.
    fn from_fields(fields: &Fields<'_>) -> Self;

    /// The JSON Schema of the mapping. `tag` is the `type` that tells it from others in a union.
    fn object_schema(tag: Option<&str>, definitions: &mut Definitions) -> Value;
}

/// The parts of an object schema, as [`entity`] fills them in.
pub(crate) struct ObjectSchema<'a> {
    definitions: &'a mut Definitions,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl<'a> ObjectSchema<'a> {
    pub(crate) fn new(tag: Option<&str>, definitions: &'a mut Definitions) -> Self {
        let mut schema = Self {
            definitions,
            properties: Map::new(),
            required: Vec::new(),
        };
        if let Some(tag) = tag {
            schema.properties.insert("type".into(), json!({ "const": tag }));
            schema.required.push("type".into());
        }
        schema
    }

    pub(crate) fn field<T: Decode>(&mut self, name: &str, docs: &[&str], default: Option<Value>) {
        let mut schema = T::schema(self.definitions);
        if let Value::Object(keywords) = &mut schema {
            if !docs.is_empty() {
                keywords.insert("description".into(), describe(docs).into());
            }
            match default {
                Some(default) => {
                    keywords.insert("default".into(), default);
                }
                None if T::missing().is_none() => self.required.push(name.into()),
                None => {}
            }
        }
        self.properties.insert(name.into(), schema);
    }

    pub(crate) fn finish(self, docs: &[&str]) -> Value {
        let mut schema = json!({
            "type": "object",
            "description": describe(docs),
            "properties": self.properties,
            "additionalProperties": false,
        });
        if let Value::Object(keywords) = &mut schema
            && !self.required.is_empty()
        {
            keywords.insert("required".into(), self.required.into());
        }
        schema
    }
}

/// Doc comment lines as one text.
pub(crate) fn describe(docs: &[&str]) -> String {
    let lines: Vec<&str> = docs.iter().map(|line| line.trim()).collect();
    lines.join(" ").trim().to_owned()
}

/// The name of a field in the configuration, which may be a keyword of Rust.
pub(crate) const fn field_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Declares a mapping with fixed fields: the type, how it is read, and its JSON Schema.
///
/// Each field of the type is an `Option`: `None` stands for a value that was wrong, and has been reported. A field is
/// required unless it has a default (JSON, after `=`) or its type allows for nothing, as `Option` does.
macro_rules! entity {
    (
        $(#[doc = $doc:literal])*
        $name:ident $(<$generic:ident>)? {
            $( $(#[doc = $field_doc:literal])* $field:ident : $type:ty $(= $default:tt)?, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        #[allow(dead_code, reason = "fields such as description are checked, and have no further effect")]
        pub(crate) struct $name $(<$generic>)? {
            $( $(#[doc = $field_doc])* pub(crate) $field: Option<$type>, )*
        }

        impl $(<$generic: $crate::config::decode::Decode>)? $crate::config::decode::Entity
            for $name $(<$generic>)?
        {
            const FIELDS: &'static [&'static str] = &[$( $crate::config::decode::entity::field_name(stringify!($field)) ),*];

            #[allow(unused_variables, reason = "some entities have no fields")]
            fn from_fields(fields: &$crate::config::decode::Fields<'_>) -> Self {
                Self {
                    $( $field: fields.field(
                        $crate::config::decode::entity::field_name(stringify!($field)),
                        $crate::config::decode::entity!(@default $($default)?),
                    ), )*
                }
            }

            fn object_schema(
                tag: Option<&str>,
                definitions: &mut $crate::config::schema::Definitions,
            ) -> serde_json::Value {
                #[allow(unused_mut, reason = "some entities have no fields")]
                let mut schema = $crate::config::decode::ObjectSchema::new(tag, definitions);
                $( schema.field::<$type>(
                    $crate::config::decode::entity::field_name(stringify!($field)),
                    &[$($field_doc),*],
                    $crate::config::decode::entity!(@default $($default)?),
                ); )*
                schema.finish(&[$($doc),*])
            }
        }

        impl $(<$generic: $crate::config::decode::Decode>)? $crate::config::decode::Decode
            for $name $(<$generic>)?
        {
            fn decode(reader: &$crate::config::decode::Reader<'_>) -> Option<Self> {
                use $crate::config::decode::Entity;
                let fields = $crate::config::decode::Fields::open(reader, None, Self::FIELDS)?;
                Some(Self::from_fields(&fields))
            }

            fn schema(definitions: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                definitions.define(stringify!($name), |definitions| {
                    <Self as $crate::config::decode::Entity>::object_schema(None, definitions)
                })
            }
        }
    };
    (@default) => { None };
    (@default $default:tt) => { Some(serde_json::json!($default)) };
}

pub(crate) use entity;
