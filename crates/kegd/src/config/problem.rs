//! What is wrong with a configuration, and where.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use super::yaml::Position;

/// Where something stands in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as it was named, `<stdin>` for standard input.
    pub file: Arc<str>,
    /// Line and column; none when the whole file is meant.
    pub position: Option<Position>,
    /// The way to the value from the top of its file, as in `virtual_clusters[1].namespace.prefix`; empty at the top.
    pub path: String,
}

impl Place {
    /// The whole of `file`.
    pub(crate) fn file(file: &str) -> Self {
        Self {
            file: file.into(),
            position: None,
            path: String::new(),
        }
    }

    /// `file:line`, for messages about one place that refer to another.
    pub(crate) fn brief(&self) -> String {
        match self.position {
            Some(Position { line, .. }) => format!("{}:{line}", self.file),
            None => self.file.to_string(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        Ok(())
    }
}

/// One thing that is wrong. It never holds a secret, nor a value that came out of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What was found, and what was expected.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            hint: None,
        }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// All problems of one configuration, by file and line. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|one, other| one.place.cmp(&other.place));
        problems.dedup();
        Self(problems)
    }

    /// The problems by file, line and column.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where the stages of loading leave their problems.
#[derive(Debug, Default)]
pub(crate) struct Report(RefCell<Vec<Problem>>);

impl Report {
    pub(crate) fn add(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// `value` when nothing was reported.
    ///
    /// A stage gives no value only after it has reported why.
    pub(crate) fn conclude<T>(self, value: Option<T>) -> Result<T, Problems> {
        let mut problems = self.0.into_inner();
        match value {
            Some(value) if problems.is_empty() => return Ok(value),
            None if problems.is_empty() => problems.push(Problem::new(
                Place::file("kegd"),
                "the configuration is refused without a reason: this is a defect of kegd",
            )),
            _ => {}
        }
        Err(Problems::new(problems))
    }
}
