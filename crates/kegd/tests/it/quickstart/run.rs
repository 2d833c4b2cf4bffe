//! One quickstart, on ports and in a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::ports::{free_port, free_range};
use crate::process::Process;

const TIME: Duration = Duration::from_secs(30);

/// A directory that goes with the test unless that fails.
#[derive(Debug)]
pub(super) struct Dir(PathBuf);

impl Dir {
    pub(super) fn new(name: &str) -> Self {
        let name = format!("quickstart-{}-{name}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// How many temporary directories there are now.
    pub(super) fn temporary(&self) -> usize {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_str().unwrap().starts_with("keg-quickstart-"))
            .count()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// The ports of a quickstart.
#[derive(Clone, Debug)]
pub(super) struct Ports {
    pub(super) team_a: u16,
    pub(super) team_b: u16,
    pub(super) tls: u16,
    pub(super) broker: u16,
    pub(super) health: u16,
}

impl Ports {
    pub(super) fn free() -> Self {
        Self {
            team_a: free_range(4),
            team_b: free_range(4),
            tls: free_port(),
            broker: free_range(3),
            health: free_port(),
        }
    }

    /// Where clients without TLS find a node.
    pub(super) fn node(&self, team: &str, id: u16) -> String {
        let first = if team == "team-a" { self.team_a } else { self.team_b };
        format!("127.0.0.1:{}", first + id)
    }
}

/// A process of `kegd quickstart`.
#[derive(Debug)]
pub(super) struct Quickstart {
    process: Process,
}

impl Quickstart {
    /// Starts one, and waits until it says that it is ready.
    pub(super) fn ready(dir: &Dir, ports: &Ports, args: &[&str]) -> Self {
        let mut quickstart = Self::start(dir, ports, args);
        quickstart.wait_until("\nready in ");
        quickstart
    }

    /// Starts one that won't get ready, and gives its exit status and what it prints.
    pub(super) fn refused(dir: &Dir, ports: &Ports, args: &[&str]) -> (ExitStatus, String) {
        let mut quickstart = Self::start(dir, ports, args);
        let status = quickstart.process.wait(TIME);
        let output = quickstart.output();
        (status.unwrap_or_else(|| panic!("still running:\n{output}")), output)
    }

    fn start(dir: &Dir, ports: &Ports, args: &[&str]) -> Self {
        let log = dir.path().join("kegd.log");
        let _ = fs::remove_file(&log);
        let mut words = vec![
            format!("TMPDIR={}", dir.path().display()),
            env!("CARGO_BIN_EXE_kegd").to_owned(),
            "quickstart".to_owned(),
        ];
        for (flag, port) in [
            ("--team-a-port", ports.team_a),
            ("--team-b-port", ports.team_b),
            ("--tls-port", ports.tls),
            ("--health-port", ports.health),
        ] {
            words.extend([flag.to_owned(), port.to_string()]);
        }
        if !args.contains(&"--backend") {
            words.extend(["--broker-port".to_owned(), ports.broker.to_string()]);
        }
        words.extend(args.iter().map(|&arg| arg.to_owned()));
        Self {
            process: Process::start("kegd quickstart", &log, "env", words),
        }
    }

    /// Waits until something is printed or logged.
    pub(super) fn wait_until(&mut self, printed: &str) {
        self.process
            .wait_until(printed, TIME, |output| output.contains(printed));
    }

    /// Everything printed so far.
    pub(super) fn output(&self) -> String {
        self.process.output()
    }

    /// How many milliseconds the quickstart says that it took.
    pub(super) fn milliseconds(&self) -> u128 {
        let output = self.output();
        let (_, after) = output.split_once("\nready in ").unwrap();
        after.split(' ').next().unwrap().parse().unwrap()
    }

    /// The commands under a heading, as printed.
    pub(super) fn commands(&self, heading: &str) -> Vec<String> {
        let output = self.output();
        let mut lines = output.lines().skip_while(|line| *line != format!("# {heading}"));
        assert!(lines.next().is_some(), "no {heading:?} in\n{output}");
        lines
            .take_while(|line| !line.is_empty())
            .filter(|line| !line.starts_with('#'))
            .map(str::to_owned)
            .collect()
    }

    /// Sends a signal, and gives the exit status.
    pub(super) fn end(mut self, signal: &str) -> ExitStatus {
        self.process.signal(signal);
        let status = self.process.wait(TIME);
        status.unwrap_or_else(|| panic!("no end on {signal}:\n{}", self.process.tail()))
    }
}
