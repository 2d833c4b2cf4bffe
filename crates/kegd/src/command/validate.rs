//! `kegd validate`

use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::{self, Config, Environment, Input};

/// Prints every problem of a configuration, or what it holds when there is none.
///
/// # Errors
/// When `out` can't be written.
pub fn validate(input: &Input, environment: &dyn Environment, out: &mut impl Write) -> io::Result<ExitCode> {
    match config::load(input, environment).result {
        Ok(config) => {
            writeln!(out, "the configuration is valid: {}", summary(&config))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            writeln!(out, "{problems}")?;
            writeln!(out, "{}", count(problems.iter().len(), "problem"))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn summary(config: &Config) -> String {
    [
        (config.backend_clusters.len(), "backend cluster"),
        (config.virtual_clusters.len(), "virtual cluster"),
        (config.listeners.len(), "listener"),
    ]
    .map(|(number, noun)| count(number, noun))
    .join(", ")
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
