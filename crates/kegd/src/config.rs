//! The configuration: reading it, finding everything that is wrong with it, and telling what a change means.
//!
//! [`load`] takes YAML to a [`model::Config`] in two stages. The first (`raw`) decodes what is written, one type for each
//! entity; the second (`resolve`) looks up references and checks entities against each other. Both go on after a
//! problem, so that one run reports all of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

mod changes;
mod decode;
pub mod environment;
pub mod model;
mod problem;
mod raw;
mod resolve;
mod schema;
mod secret;
mod source;
mod template;
mod value;
mod yaml;

#[cfg(test)]
mod tests;

pub(crate) use decode::nearest;

pub use changes::{Change, Changes, ListenerChange, changes};
pub use environment::Environment;
pub use model::Config;
pub use problem::{Place, Problem, Problems};
pub use schema::schema;
pub use secret::Secret;
pub use yaml::Position;

use source::Loading;
pub(crate) use source::is_configuration;

/// Where a configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file, or a directory whose `*.yaml` and `*.yml` are merged in the order of their names.
    Path(PathBuf),
    /// Standard input, written `-`.
    StandardInput,
}

impl FromStr for Input {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "-" => Self::StandardInput,
            path => Self::Path(path.into()),
        })
    }
}

/// What loading gives.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration, or everything that is wrong with it.
    pub result: Result<Config, Problems>,
    /// What the configuration was read from, files that templates name included, whether or not they could be read. A
    /// change of one of them may change the result.
    pub files: BTreeSet<PathBuf>,
}

/// Loads a configuration.
#[must_use]
pub fn load(input: &Input, environment: &dyn Environment) -> Loaded {
    let mut loading = Loading::new(environment);
    match input {
        Input::StandardInput => loading.standard_input(),
        Input::Path(path) if environment.is_directory(path) => loading.directory(path),
        Input::Path(path) => loading.file(path),
    }
    loading.finish()
}

/// Loads a configuration from text. Relative paths in templates start at the current directory.
///
/// # Errors
/// Everything that is wrong with it. Places name the file `<text>`.
pub fn parse(text: &str, environment: &dyn Environment) -> Result<Config, Problems> {
    let mut loading = Loading::new(environment);
    loading.text("<text>", Path::new(""), text);
    loading.finish().result
}
