//! Scalars with their templates resolved, and how much of them a message may show.

use super::super::template::{self, Unresolved};
use super::super::yaml::{Meaning, Scalar};
use super::{Context, quote};

/// The text of a scalar.
pub(crate) struct Text {
    pub(crate) text: String,
    /// What it stands for: whatever a template gives may stand for anything.
    pub(crate) meaning: Option<Meaning>,
    template: Option<String>,
}

impl Text {
    pub(super) fn resolve(scalar: &Scalar, context: &Context<'_>) -> Result<Self, Unresolved> {
        Ok(match template::resolve(&scalar.text, context)? {
            Some(value) => Self {
                text: value,
                meaning: None,
                template: Some(scalar.text.clone()),
            },
            None => Self {
                text: scalar.text.clone(),
                meaning: Some(scalar.meaning()),
                template: None,
            },
        })
    }

    /// What a message says was found: the text itself, or the template that it came from.
    pub(crate) fn shown(&self) -> String {
        match &self.template {
            Some(template) => shown_template(template),
            None => quote(&self.text),
        }
    }

    /// Whether this was written as something else than text, as `true` or `12` without quotes are.
    pub(crate) fn other_meaning(&self) -> Option<Meaning> {
        self.meaning.filter(|meaning| *meaning != Meaning::Text)
    }
}

/// How a message names what a template gave.
pub(super) fn shown_template(template: &str) -> String {
    format!("the value of {template}")
}
