//! What is wrong with a configuration that only shows when it is built.

use std::fmt;

/// Something that can only be found out by building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildProblem {
    /// What it is about, as in `listener "local"`.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for BuildProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
