//! Decoding: from nodes to typed values, with every problem on the way collected.
//!
//! A type says once how it is read and how its JSON Schema looks ([`Decode`]); [`entity!`], [`tagged!`] and [`choice!`]
//! derive both from one declaration. A value that can't be read is reported and becomes `None`, and reading goes on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::environment::Environment;
use super::problem::{Place, Problem, Report};
use super::schema::Definitions;
use super::yaml::{Kind, Node};

pub(crate) mod choice;
mod collection;
pub(crate) mod entity;
mod fields;
mod not_yet;
mod primitive;
pub(crate) mod tagged;
mod text;

pub(crate) use choice::choice;
pub(crate) use collection::{At, List, NonEmpty, OneOrMany};
pub(crate) use entity::{Entity, ObjectSchema, describe, entity};
pub(crate) use fields::Fields;
pub(crate) use not_yet::NotYet;
pub(crate) use primitive::{Bounded, FromText};
pub(crate) use tagged::tagged;
pub(crate) use text::Text;

/// A value that a configuration can hold.
pub(crate) trait Decode: Sized {
    /// Reads the value. `None` when it can't be read; the problems have then been reported.
    fn decode(reader: &Reader<'_>) -> Option<Self>;

    /// The value of a field that isn't there; `None` when the field is required.
    fn missing() -> Option<Self> {
        None
    }

    /// The JSON Schema of the value.
    fn schema(definitions: &mut Definitions) -> Value;
}

/// What all readers of one file share.
pub(crate) struct Context<'a> {
    pub(crate) file: Arc<str>,
    /// What relative paths in templates start from.
    pub(crate) directory: PathBuf,
    pub(crate) environment: &'a dyn Environment,
    pub(crate) report: &'a Report,
    /// The files that templates named, whether or not they could be read.
    pub(crate) files: &'a RefCell<BTreeSet<PathBuf>>,
}

/// One node, the way to it, and where to report what is wrong with it.
pub(crate) struct Reader<'a> {
    context: &'a Context<'a>,
    node: &'a Node,
    path: String,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(context: &'a Context<'a>, node: &'a Node, path: String) -> Self {
        Self { context, node, path }
    }

    pub(crate) fn node(&self) -> &'a Node {
        self.node
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            file: Arc::clone(&self.context.file),
            position: Some(self.node.at),
            path: self.path.clone(),
        }
    }

    /// The last step of the path, or what stands for it at the top.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    pub(crate) fn report(&self, problem: Problem) {
        self.context.report.add(problem);
    }

    pub(crate) fn refuse(&self, message: impl Into<String>) {
        self.report(Problem::new(self.place(), message));
    }

    pub(crate) fn refuse_with_hint(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.report(Problem::new(self.place(), message).hint(hint));
    }

    /// The reader of a value below this one.
    pub(crate) fn below<'b>(&'b self, node: &'b Node, step: &str) -> Reader<'b> {
        let separator = if self.path.is_empty() || step.starts_with('[') {
            ""
        } else {
            "."
        };
        Reader {
            context: self.context,
            node,
            path: format!("{}{separator}{step}", self.path),
        }
    }

    /// The readers of a list's items; reports when this is no list.
    pub(crate) fn items(&self) -> Option<Vec<Reader<'_>>> {
        let Kind::Sequence(items) = &self.node.kind else {
            self.refuse(format!("expected a list, found {}", self.node.describe()));
            return None;
        };
        let items = items.iter().enumerate();
        Some(
            items
                .map(|(index, item)| self.below(item, &format!("[{index}]")))
                .collect(),
        )
    }

    /// The scalar here, its template resolved; reports when there is none.
    pub(crate) fn text(&self, expected: &str) -> Option<Text> {
        let Kind::Scalar(scalar) = &self.node.kind else {
            self.refuse(format!("expected {expected}, found {}", self.node.describe()));
            return None;
        };
        match Text::resolve(scalar, self.context) {
            Ok(text) => Some(text),
            Err(problem) => {
                self.refuse_with_hint(problem.message, problem.hint);
                None
            }
        }
    }
}

/// `text` in quotes for a message: escaped, and cut when it is long.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// What `found` was probably meant to be.
pub(crate) fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 100;
    if found.len() > LONGEST {
        return None;
    }
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(found.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The message about something that Kong Event Gateway has and this version of keg has not.
fn unsupported(found: &str, supported: &[&str]) -> String {
    let message = format!("{found} is not supported by this version of keg");
    if supported.is_empty() {
        message
    } else {
        format!("{message}; supported: {}", supported.join(", "))
    }
}
