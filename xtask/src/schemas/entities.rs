//! keg's decisions about fields: what each one names, where Kafka's definitions don't say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The reviewed fields of `schemas/entities.csv`.
#[derive(Debug)]
pub(super) struct Entities {
    reviewed: BTreeMap<(String, String), String>,
    used: BTreeSet<(String, String)>,
    undecided: Vec<String>,
}

impl Entities {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut reviewed = BTreeMap::new();
        for (number, line) in text.lines().enumerate().skip(1) {
            let [message, field, entity] = line.split(',').collect::<Vec<_>>()[..] else {
                return Err(format!(
                    "{}:{}: expected `message,path,entity`, found `{line}`",
                    path.display(),
                    number + 1
                ));
            };
            if reviewed
                .insert((message.to_owned(), field.to_owned()), entity.to_owned())
                .is_some()
            {
                return Err(format!(
                    "{}:{}: {message} {field} is decided twice",
                    path.display(),
                    number + 1
                ));
            }
        }
        Ok(Self {
            reviewed,
            used: BTreeSet::new(),
            undecided: Vec::new(),
        })
    }

    /// The entity of a field, in the table's spelling (`TopicName`).
    ///
    /// `annotated` is Kafka's own `entityType`. A field of a type that can carry a name must be decided.
    pub(super) fn decide(&mut self, message: &str, path: &str, annotated: Option<&str>, can_name: bool) -> String {
        let key = (message.to_owned(), path.to_owned());
        if let Some(entity) = annotated {
            return upper_camel(entity);
        }
        if let Some(entity) = self.reviewed.get(&key) {
            self.used.insert(key);
            return upper_camel(entity);
        }
        if can_name {
            self.undecided.push(format!("{message},{path}"));
        }
        "Plain".to_owned()
    }

    /// Fails when a field lacks a decision, or a decision lacks its field.
    pub(super) fn finish(&self) -> Result<(), String> {
        let stale: Vec<_> = self
            .reviewed
            .keys()
            .filter(|key| !self.used.contains(*key))
            .map(|(message, path)| format!("{message},{path}"))
            .collect();
        if self.undecided.is_empty() && stale.is_empty() {
            return Ok(());
        }
        Err(format!(
            "xtask/schemas/entities.csv does not fit the definitions.\nFields without a decision (add `message,path,entity`; `plain` when it names nothing):\n  {}\nDecisions without a field (remove them):\n  {}",
            self.undecided.join("\n  "),
            stale.join("\n  ")
        ))
    }
}

fn upper_camel(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect::<String>())
                .unwrap_or_default()
        })
        .collect()
}
