//! Load for `cargo xtask bench`: light enough not to be what is measured. A request is built once and sent again and
//! again with another correlation id; of responses the bytes are counted.
//!
//! Each command prints lines of a key, a space and a value, for the program that runs it.

mod batch;
mod broker;
mod bulk;
mod connection;
mod idle;
mod latency;
mod prepare;
mod process;
mod relay;
mod requests;
mod stats;
mod target;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand, value_parser};

use bulk::{Bulk, Kind};
use target::Target;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Load for `cargo xtask bench`.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create the topic of a target, with so many bytes of full batches in every partition
    Prepare {
        #[arg(long)]
        target: Target,
        #[arg(long, default_value_t = 8)]
        partitions: i32,
        #[arg(long, default_value_t = 0)]
        bytes_per_partition: usize,
        /// A topic's configuration, as name=value
        #[arg(long)]
        config: Vec<String>,
    },
    /// Produce, on several connections
    Produce {
        #[command(flatten)]
        bulk: Bulk,
    },
    /// Fetch, on several connections
    Fetch {
        #[command(flatten)]
        bulk: Bulk,
    },
    /// Single-record produces at a rate, one in flight, to each target in turns
    Latency {
        #[arg(long, required = true)]
        target: Vec<Target>,
        #[arg(long, default_value_t = 500)]
        rate: u32,
        /// How many requests go to a target before the next one's turn; the first 10 aren't counted
        #[arg(long, default_value_t = 60, value_parser = value_parser!(u32).range(i64::from(latency::SETTLING) + 1..))]
        block: u32,
        #[arg(long, default_value_t = 30)]
        blocks: u32,
        #[arg(long, default_value_t = 1024)]
        record_size: usize,
    },
    /// Many connections that only say who they are, then all of them again at once
    Idle {
        #[arg(long)]
        target: Target,
        #[arg(long, default_value_t = 5000)]
        connections: usize,
        /// Close all and connect again, and tell how long that takes
        #[arg(long)]
        storm: bool,
        #[arg(long)]
        pid: Option<u32>,
    },
    /// Ask for all topics, on several connections
    Metadata {
        #[command(flatten)]
        bulk: Bulk,
    },
    /// Be a broker in memory, with a topic for records and others that only have names
    Broker {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        topic: String,
        #[arg(long, default_value_t = 8)]
        partitions: i32,
        /// What the others are called, before their numbers
        #[arg(long, default_value = "topic-")]
        stem: String,
        #[arg(long, default_value_t = 0)]
        others: usize,
    },
    /// Relay bytes, and nothing else
    Relay {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        to: SocketAddr,
        #[arg(long, default_value_t = 256 * 1024)]
        read_size: usize,
    },
}

fn main() -> ExitCode {
    // Each connection is an open file. What is not to be had is missed where it is asked for.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    match run(Arguments::parse().command) {
        Ok(report) => {
            let printed = std::io::stdout().write_all(report.as_bytes());
            if printed.is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome<String> {
    match command {
        Command::Prepare {
            target,
            partitions,
            bytes_per_partition,
            config,
        } => prepare::run(&target, partitions, bytes_per_partition, &config),
        Command::Produce { bulk } => bulk.run(Kind::Produce),
        Command::Fetch { bulk } => bulk.run(Kind::Fetch),
        Command::Latency {
            target,
            rate,
            block,
            blocks,
            record_size,
        } => latency::run(&target, rate, block, blocks, record_size),
        Command::Idle {
            target,
            connections,
            storm,
            pid,
        } => idle::run(&target, connections, storm, pid),
        Command::Metadata { bulk } => bulk.run(Kind::Metadata),
        Command::Broker {
            port,
            topic,
            partitions,
            stem,
            others,
        } => broker::run(port, &topic, partitions, &stem, others),
        Command::Relay { listen, to, read_size } => relay::run(listen, to, read_size),
    }
}
