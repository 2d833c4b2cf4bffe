//! The command line.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use keg_auth::scram::Hash;

use crate::command;
use crate::config::{Input, environment::SystemEnvironment};
use crate::quickstart;
use crate::runtime;

/// A Kafka gateway: isolated virtual clusters on a shared Kafka.
#[derive(Debug, Parser)]
#[command(name = "kegd", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway
    ///
    /// SIGHUP, and changes of the configuration's files, reload. SIGTERM and SIGINT drain and end.
    Run {
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Try the gateway: two virtual clusters before an embedded broker, and commands to copy
    ///
    /// Everything is in memory and on this machine, and goes when Ctrl-C ends it.
    Quickstart {
        #[command(flatten)]
        options: quickstart::Options,
    },
    /// Print everything that is wrong with a configuration
    ///
    /// Exits with 0 when nothing is, with 1 otherwise.
    Validate {
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Ask the rules of a configuration
    Acl {
        #[command(subcommand)]
        command: Box<AclCommand>,
    },
    /// Print the salted hash of a password, for password_hash in a configuration
    ///
    /// Reads the password from standard input, up to the end of the line. The hash serves SASL/PLAIN and the SCRAM mechanism
    /// of its algorithm.
    HashPassword {
        /// The hash function
        #[arg(long, value_enum, default_value = "sha512")]
        algorithm: Algorithm,
        /// How often it is applied: what a guess costs, and each connection of a client with PLAIN
        #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(4096..=1_000_000))]
        iterations: u32,
    },
    /// Print the JSON Schema of the configuration, for editors
    Schema,
    /// Print the version
    Version,
}

#[derive(Debug, Subcommand)]
enum AclCommand {
    /// Say whether somebody may do something, and which rule decides
    ///
    /// Exits with 0 when it is allowed, with 1 when it is denied, and with 2 when there is nothing to decide by.
    Check {
        #[command(flatten)]
        configuration: Configuration,
        #[command(flatten)]
        check: command::AclCheck,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Algorithm {
    Sha256,
    Sha512,
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
        Command::Run { configuration } => return block_on(runtime::run(configuration.config)),
        Command::Quickstart { options } => return block_on(quickstart::run(&options, &mut out)),
        Command::Validate { configuration } => command::validate(&configuration.config, &SystemEnvironment, &mut out),
        Command::Acl { command } => {
            let AclCommand::Check { configuration, check } = &*command;
            command::acl_check(&configuration.config, check, &SystemEnvironment, &mut out)
        }
        Command::HashPassword { algorithm, iterations } => {
            let hash = match algorithm {
                Algorithm::Sha256 => Hash::Sha256,
                Algorithm::Sha512 => Hash::Sha512,
            };
            command::hash_password(hash, iterations, &mut io::stdin().lock(), &mut out)
        }
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

fn block_on<E: Display>(command: impl Future<Output = Result<(), E>>) -> ExitCode {
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(command).map_err(|error| error.to_string()),
        Err(error) => Err(format!("the operating system refused: {error}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kegd: {error}");
            ExitCode::FAILURE
        }
    }
}
