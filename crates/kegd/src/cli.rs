//! The command line.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command;
use crate::config::{Input, environment::SystemEnvironment};

/// A Kafka gateway: isolated virtual clusters on a shared Kafka.
#[derive(Debug, Parser)]
#[command(name = "kegd", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print everything that is wrong with a configuration
    ///
    /// Exits with 0 when nothing is, with 1 otherwise.
    Validate {
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Print the JSON Schema of the configuration, for editors
    Schema,
    /// Print the version
    Version,
}

#[derive(Debug, clap::Args)]
struct Configuration {
    /// A YAML file, a directory of them, or - for standard input
    #[arg(short, long, value_name = "FILE|DIR|-")]
    config: Input,
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let result = match Arguments::parse().command {
        Command::Validate { configuration } => command::validate(&configuration.config, &SystemEnvironment, &mut out),
        Command::Schema => command::schema(&mut out).map(|()| ExitCode::SUCCESS),
        Command::Version => command::version(&mut out).map(|()| ExitCode::SUCCESS),
    };
    match result {
        Ok(code) => code,
        // Whoever reads the output has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
