//! The fields of a mapping.

use serde_json::Value;

use super::super::problem::{Place, Problem};
use super::super::yaml::{Entry, Kind, Node};
use super::{Decode, Reader, nearest, quote};

/// A mapping whose keys are all known; those that weren't have been reported.
pub(crate) struct Fields<'a> {
    reader: &'a Reader<'a>,
    entries: &'a [Entry],
    /// What unknown keys were probably meant to be. Those fields aren't reported as missing too.
    misspelt: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Opens the mapping at `reader`, whose keys are `known` and the tag of the union that it belongs to.
    pub(crate) fn open(reader: &'a Reader<'a>, tag: Option<&'static str>, known: &[&'static str]) -> Option<Self> {
        let node: &Node = reader.node();
        let Kind::Mapping(entries) = &node.kind else {
            reader.refuse(format!("expected a mapping, found {}", node.describe()));
            return None;
        };
        let known: Vec<&'static str> = tag.into_iter().chain(known.iter().copied()).collect();
        let mut fields = Self {
            reader,
            entries,
            misspelt: Vec::new(),
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                fields.refuse_key(entry, &known);
            }
        }
        Some(fields)
    }

    /// The value of a field: what is written, else its default, else what the type makes of nothing.
    pub(crate) fn field<T: Decode>(&self, name: &'static str, default: Option<Value>) -> Option<T> {
        let entry = self.entries.iter().find(|entry| entry.key == name);
        if let Some(entry) = entry.filter(|entry| !entry.value.is_null()) {
            return T::decode(&self.reader.below(&entry.value, name));
        }
        if let Some(default) = default {
            let node = Node::from_json(&default, self.reader.node().at);
            return T::decode(&self.reader.below(&node, name));
        }
        let missing = T::missing();
        if missing.is_none() && !self.misspelt.contains(&name) {
            let message = format!("the required field {name} is missing");
            match entry {
                Some(entry) => self.reader.below(&entry.value, name).refuse(message),
                None => self.reader.refuse(message),
            }
        }
        missing
    }

    fn refuse_key(&mut self, entry: &Entry, known: &[&'static str]) {
        let given = |name: &str| self.entries.iter().any(|entry| entry.key == name);
        let meant = nearest(&entry.key, known.iter().copied());
        self.misspelt
            .extend(meant.and_then(|meant| known.iter().copied().find(|name| *name == meant && !given(meant))));
        let place = Place {
            position: Some(entry.at),
            ..self.reader.place()
        };
        let hint = match meant {
            Some(name) => format!("did you mean {name}?"),
            None if entry.key == "<<" => "merge keys are not part of YAML 1.2: write the fields out".into(),
            None if known.is_empty() => "there are no fields here".into(),
            None => format!("known: {}", known.join(", ")),
        };
        let message = format!("unknown field {}", quote(&entry.key));
        self.reader.report(Problem::new(place, message).hint(hint));
    }
}
