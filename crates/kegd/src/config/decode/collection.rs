//! Values around values: places, lists, and what may be absent.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::problem::Place;
use super::super::schema::Definitions;
use super::super::yaml::Kind;
use super::text::shown_template;
use super::{Decode, FromText, Reader, quote};

/// A value and where it stands, for checks that come after decoding.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
    /// The template that the value came out of.
    template: Option<String>,
}

impl<T> At<T> {
    /// The value of a template, or `text` in quotes when the value was written out.
    pub(crate) fn show(&self, text: &str) -> String {
        match &self.template {
            Some(template) => shown_template(template),
            None => quote(text),
        }
    }

    pub(crate) fn is_written_out(&self) -> bool {
        self.template.is_none()
    }
}

impl<T: Decode> Decode for At<T> {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        Some(Self {
            value: T::decode(reader)?,
            place: reader.place(),
            template: match &reader.node().kind {
                Kind::Scalar(scalar) => scalar.text.starts_with("${").then(|| scalar.text.clone()),
                Kind::Sequence(_) | Kind::Mapping(_) => None,
            },
        })
    }

    fn schema(definitions: &mut Definitions) -> Value {
        T::schema(definitions)
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        T::decode(reader).map(Some)
    }

    fn missing() -> Option<Self> {
        Some(None)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        T::schema(definitions)
    }
}

/// A list. Items that can't be read are left out, and `complete` is then false.
#[derive(Debug)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) complete: bool,
}

impl<T> List<T> {
    pub(crate) fn empty(complete: bool) -> Self {
        Self {
            items: Vec::new(),
            complete,
        }
    }

    /// Adds the items of another list; none stands for a list that couldn't be read.
    pub(crate) fn append(&mut self, other: Option<Self>) {
        match other {
            Some(other) => {
                self.items.extend(other.items);
                self.complete &= other.complete;
            }
            None => self.complete = false,
        }
    }
}

impl<T: Decode> Decode for List<T> {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        let readers = reader.items()?;
        let items: Vec<T> = readers.iter().filter_map(T::decode).collect();
        Some(Self {
            complete: items.len() == readers.len(),
            items,
        })
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(definitions) })
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        List::decode(reader).map(|list| list.items)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        List::<T>::schema(definitions)
    }
}

/// A list with at least one item.
#[derive(Debug)]
pub(crate) struct NonEmpty<T>(pub(crate) Vec<T>);

impl<T: Decode> Decode for NonEmpty<T> {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        let list = List::decode(reader)?;
        if list.items.is_empty() && list.complete {
            reader.refuse("expected at least one item, found an empty list");
            return None;
        }
        Some(Self(list.items))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(definitions), "minItems": 1 })
    }
}

/// A list, or one item in place of a list of one.
#[derive(Debug)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T: Decode> Decode for OneOrMany<T> {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        match &reader.node().kind {
            Kind::Sequence(_) => Vec::decode(reader).map(Self),
            Kind::Scalar(_) | Kind::Mapping(_) => T::decode(reader).map(|item| Self(vec![item])),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let item = T::schema(definitions);
        json!({ "anyOf": [item, { "type": "array", "items": item }] })
    }
}

/// A mapping whose keys are free, as labels are.
impl<T: FromText> Decode for BTreeMap<String, T> {
    fn decode(reader: &Reader<'_>) -> Option<Self> {
        let Kind::Mapping(entries) = &reader.node().kind else {
            reader.refuse(format!("expected a mapping, found {}", reader.node().describe()));
            return None;
        };
        let fields = entries.iter().filter_map(|entry| {
            let value = T::decode(&reader.below(&entry.value, &entry.key))?;
            Some((entry.key.clone(), value))
        });
        Some(fields.collect())
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "object", "additionalProperties": T::schema(definitions) })
    }
}
