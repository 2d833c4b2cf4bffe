//! `kegd validate`

use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::{self, Config, Environment, Input};
use crate::runtime;

/// Prints every problem of a configuration, or what it holds when there is none.
///
/// # Errors
/// When `out` can't be written.
pub fn validate(input: &Input, environment: &dyn Environment, out: &mut impl Write) -> io::Result<ExitCode> {
    match config::load(input, environment).result {
        Ok(config) => {
            let summary = summary(&config);
            // Certificates and routes are only known to be good once something is made of them.
            let problems = runtime::check(config);
            if problems.is_empty() {
                writeln!(out, "the configuration is valid: {summary}")?;
                return Ok(ExitCode::SUCCESS);
            }
            for problem in &problems {
                writeln!(out, "{problem}")?;
            }
            writeln!(out, "{}", count(problems.len(), "problem"))?;
            Ok(ExitCode::FAILURE)
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
