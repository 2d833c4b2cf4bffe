//! The gateway under test: the real binary, with a configuration of its own for each test.

mod config;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use config::{Config, VIRTUAL_CLUSTERS};

use crate::process::Process;

const READY: Duration = Duration::from_secs(20);
/// What the gateway promises for its end is `shutdown_timeout`; this is that with room for a busy machine.
const STOPPED: Duration = Duration::from_secs(20);

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    process: Process,
    file: PathBuf,
    log: PathBuf,
    health_port: u16,
}

impl Gateway {
    /// Starts the binary with `config` and waits until it says that it is ready.
    pub(crate) fn start(config: &Config, dir: &Path) -> Self {
        let file = dir.join("keg.yaml");
        fs::write(&file, config.yaml()).unwrap();
        let log = dir.join("kegd.log");
        let mut gateway = Self {
            process: spawn(&file, &log),
            file,
            log,
            health_port: config.health_port(),
        };
        gateway.wait_until_ready();
        gateway
    }

    /// Stops in an orderly way and starts again with the same file.
    pub(crate) fn restart(&mut self) {
        self.process.terminate(STOPPED);
        self.process = spawn(&self.file, &self.log);
        self.wait_until_ready();
    }

    /// Stops in an orderly way and starts again with another configuration.
    pub(crate) fn restart_with(&mut self, yaml: &str) {
        fs::write(&self.file, yaml).unwrap();
        self.restart();
    }

    /// Stops and starts again with a configuration by which it doesn't become ready.
    pub(crate) fn start_again_unready(&mut self, yaml: &str) {
        self.process.terminate(STOPPED);
        fs::write(&self.file, yaml).unwrap();
        self.process = spawn(&self.file, &self.log);
    }

    /// Ends without notice, and starts again with the same file.
    pub(crate) fn crash_and_restart(&mut self) {
        self.process.kill();
        self.process = spawn(&self.file, &self.log);
        self.wait_until_ready();
    }

    /// Replaces the configuration file and asks for a reload.
    pub(crate) fn reload(&mut self, yaml: &str) {
        fs::write(&self.file, yaml).unwrap();
        self.process.signal("HUP");
    }

    /// Waits until the log or the metrics show something.
    pub(crate) fn wait_until(&mut self, what: &str, mut shown: impl FnMut(&str, &str) -> bool) {
        let port = self.health_port;
        self.process.wait_until(what, READY, |log| {
            shown(log, &get(port, "/metrics").map_or_else(String::new, |(_, body)| body))
        });
    }

    pub(crate) fn metrics(&self) -> String {
        get(self.health_port, "/metrics").unwrap().1
    }

    pub(crate) fn log_tail(&self) -> String {
        self.process.tail()
    }

    fn wait_until_ready(&mut self) {
        let port = self.health_port;
        self.process.wait_until("readiness", READY, |_| {
            get(port, "/health/probes/readiness").is_some_and(|(status, _)| status == 200)
        });
    }
}

fn spawn(file: &Path, log: &Path) -> Process {
    let file = file.display().to_string();
    Process::start("kegd", log, env!("CARGO_BIN_EXE_kegd"), ["run", "--config", &file])
}

/// The status and the body of a GET, if something answers.
pub(crate) fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}
