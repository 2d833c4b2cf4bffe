//! What is wrong with an expression, and where.

use std::fmt;

use cel::common::ast::SourceInfo;
use cel::objects::ValueType;
use cel::{ExecutionError, ParseErrors, Value};

/// Something that is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What it is.
    pub message: String,
    /// Its line and column, from 1 on; none when it is about the whole.
    pub place: Option<(usize, usize)>,
    /// What was probably meant.
    pub hint: Option<String>,
}

impl Mistake {
    pub(super) fn of_all(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            hint: None,
        }
    }

    pub(super) fn too_deep() -> Self {
        Self::of_all("it is nested too deeply")
    }

    #[must_use]
    pub(super) fn at(mut self, place: Option<(usize, usize)>) -> Self {
        self.place = place;
        self
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            None => {}
            Some((1, column)) => write!(f, "column {column}: ")?,
            Some((line, column)) => write!(f, "line {line}, column {column}: ")?,
        }
        f.write_str(&self.message)
    }
}

/// The first of what is wrong with the syntax; the rest follows from it.
pub(super) fn first_mistake(errors: &ParseErrors) -> Mistake {
    let placed = errors.errors.iter().find_map(|error| match error.pos {
        (line @ 1.., column @ 1..) => Some((error, (line.unsigned_abs(), column.unsigned_abs()))),
        _ => None,
    });
    let Some((first, place)) = placed.filter(|(error, _)| !error.msg.contains("ecursion limit")) else {
        // What else parsers say without a place is that they have given up, which they do for this reason.
        return Mistake::too_deep();
    };
    let message = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    Mistake::of_all(message).at(Some(place))
}

/// Where a part of an expression stands.
pub(super) fn place(text: &str, places: &SourceInfo, id: u64) -> Option<(usize, usize)> {
    let (start, _) = places.offset_for(id)?;
    let before = text.get(..usize::try_from(start).ok()?)?.chars();
    let (mut line, mut column) = (1, 1);
    for character in before {
        (line, column) = match character {
            '\n' => (line + 1, 1),
            _ => (line, column + 1),
        };
    }
    Some((line, column))
}

/// The kind of a value, as CEL calls it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value.type_of() {
        ValueType::List => "a list",
        ValueType::Map => "a map",
        ValueType::Int => "an int",
        ValueType::UInt => "a uint",
        ValueType::Float => "a double",
        ValueType::String => "a string",
        ValueType::Bytes => "bytes",
        ValueType::Bool => "a bool",
        ValueType::Null => "null",
        _ => "a value of another kind",
    }
}

/// What a failure says about kinds of values, if it would be the same for all clients.
pub(super) fn mismatch(error: &ExecutionError) -> Option<String> {
    let of = |operation: &str, values: [&Value; 2]| {
        let [one, other] = values.map(kind);
        Some(format!("{operation} doesn't go with {one} and {other}"))
    };
    match error {
        ExecutionError::NoSuchOverload(error) => {
            let kinds = error.argument_types().join(", ");
            Some(format!("{} doesn't go with ({kinds})", error.function()))
        }
        ExecutionError::ValuesNotComparable(one, other) => of("a comparison", [one, other]),
        ExecutionError::UnsupportedBinaryOperator(operator, one, other) => of(operator, [one, other]),
        ExecutionError::UnsupportedIndex(one, other) => of("an index", [other, one]),
        ExecutionError::UnexpectedType { got, want } => Some(format!("expected {want}, found {got}")),
        ExecutionError::UnsupportedTargetType { target } => Some(format!("this is nothing for {}", kind(target))),
        ExecutionError::NotSupportedAsMethod { method, target } => Some(format!("{} has no {method}", kind(target))),
        ExecutionError::UnsupportedKeyType(key) => Some(format!("{} is no key", kind(key))),
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            Some(format!("it takes {expected} arguments, not {actual}"))
        }
        ExecutionError::MissingArgumentOrTarget => Some("it takes an argument".to_owned()),
        ExecutionError::UndeclaredReference(name) => Some(format!("there is no {name}")),
        _ => None,
    }
}
