//! A broker in memory, for what is measured of the gateway alone.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::Outcome;
use super::child::Program;
use super::kafka::free_ports;
use super::peers::{PREFIX, wait};

pub(super) struct Broker {
    _program: Program,
    port: u16,
}

impl Broker {
    /// Starts one with a topic to produce to, and so many others.
    pub(super) fn start(load: &Path, dir: &Path, others: usize) -> Outcome<Self> {
        let port = free_ports()?;
        let log = dir.join("broker.log");
        let mut command = Command::new(load);
        command
            .args(["broker", "--topic", &format!("{PREFIX}produce"), "--partitions", "50"])
            .args(["--port", &port.to_string()])
            .args(["--stem", &format!("{PREFIX}topic-"), "--others", &others.to_string()]);
        let mut program = Program::start(&mut command, &log)?;
        wait(&mut program, &format!("127.0.0.1:{port}"), false, Instant::now())?;
        Ok(Self {
            _program: program,
            port,
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}
