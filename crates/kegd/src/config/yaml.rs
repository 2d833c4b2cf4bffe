//! YAML as a tree of nodes that know where they stand, with bounds on what a file can cost.

use std::fmt;
use std::rc::Rc;

use serde_json::Value;

mod build;

pub(crate) use build::parse;

/// The longest file that is read.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How deep lists and mappings may nest.
pub(crate) const MAX_DEPTH: usize = 64;
/// How many values a file may hold once its aliases are written out.
pub(crate) const MAX_NODES: usize = 200_000;

/// A line and a column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// A value and where it begins. What an alias names is shared, not copied.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) at: Position,
    /// The number of nodes below and including this one, with aliases written out.
    weight: usize,
    /// The levels below and including this one.
    height: usize,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Rc<Node>>),
    Mapping(Vec<Entry>),
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Position,
    pub(crate) value: Rc<Node>,
}

#[derive(Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Whether it was written without quotes, and so may stand for something else than text.
    pub(crate) plain: bool,
}

/// What a scalar stands for under YAML's core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Null,
    Boolean,
    Number,
    Text,
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "nothing",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "text",
        })
    }
}

impl Scalar {
    pub(crate) fn meaning(&self) -> Meaning {
        if !self.plain {
            return Meaning::Text;
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Meaning::Boolean,
            text if is_number(text) => Meaning::Number,
            _ => Meaning::Text,
        }
    }
}

/// Whether YAML's core schema reads `text` as an integer or a floating point number.
fn is_number(text: &str) -> bool {
    let digits = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return digits(hexadecimal, 16);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN")
        || (unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok())
}

impl Node {
    pub(crate) fn scalar(text: impl Into<String>, plain: bool, at: Position) -> Self {
        let scalar = Scalar {
            text: text.into(),
            plain,
        };
        Self::new(Kind::Scalar(scalar), at)
    }

    pub(crate) fn new(kind: Kind, at: Position) -> Self {
        let (weight, height) = match &kind {
            Kind::Scalar(_) => (0, 0),
            Kind::Sequence(items) => size(items.iter().map(AsRef::as_ref)),
            Kind::Mapping(entries) => size(entries.iter().map(|entry| entry.value.as_ref())),
        };
        Self {
            kind,
            at,
            weight: weight.saturating_add(1),
            height: height.saturating_add(1),
        }
    }

    /// A node that says what `value` says, as if it had been written at `at`.
    pub(crate) fn from_json(value: &Value, at: Position) -> Self {
        let kind = match value {
            Value::String(text) => return Self::scalar(text.as_str(), false, at),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                return Self::scalar(value.to_string(), true, at);
            }
            Value::Array(items) => {
                Kind::Sequence(items.iter().map(|item| Rc::new(Self::from_json(item, at))).collect())
            }
            Value::Object(fields) => Kind::Mapping(
                fields
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        at,
                        value: Rc::new(Self::from_json(value, at)),
                    })
                    .collect(),
            ),
        };
        Self::new(kind, at)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.meaning() == Meaning::Null)
    }

    pub(crate) fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Scalar(_) => self.is_null(),
            Kind::Sequence(items) => items.is_empty(),
            Kind::Mapping(entries) => entries.is_empty(),
        }
    }

    /// What this is, for messages; never the value.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.meaning().to_string(),
            Kind::Sequence(_) => "a list".into(),
            Kind::Mapping(_) => "a mapping".into(),
        }
    }
}

fn size<'a>(children: impl Iterator<Item = &'a Node>) -> (usize, usize) {
    children.fold((0, 0), |(weight, height), child| {
        (weight.saturating_add(child.weight), height.max(child.height))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_the_core_schema_says() {
        for (text, meaning) in [
            ("", Meaning::Null),
            ("~", Meaning::Null),
            ("True", Meaning::Boolean),
            ("yes", Meaning::Text),
            ("12", Meaning::Number),
            ("-1.5e3", Meaning::Number),
            ("0xff", Meaning::Number),
            ("0o17", Meaning::Number),
            (".inf", Meaning::Number),
            ("inf", Meaning::Text),
            ("nan", Meaning::Text),
            ("5s", Meaning::Text),
            ("9092-9094", Meaning::Text),
            ("127.0.0.1", Meaning::Text),
        ] {
            let plain = Scalar {
                text: text.into(),
                plain: true,
            };
            assert_eq!(plain.meaning(), meaning, "{text:?}");
            let quoted = Scalar {
                text: text.into(),
                plain: false,
            };
            assert_eq!(quoted.meaning(), Meaning::Text, "{text:?} in quotes");
        }
    }
}
