//! Child processes that can't outlive the test process, however that ends.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Runs its arguments, passes on the signals it reads, and kills the child when its standard input ends. The write end of that
/// pipe is held by the test process alone, so the kernel closes it even after SIGKILL.
const KEEPER: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- & child=$!
( while read -r signal; do kill -"$signal" "$child"; done <&3; kill -KILL "$child" ) >/dev/null 2>&1 &
keeper=$!
wait "$child"; status=$?
kill "$keeper" 2>/dev/null
exit "$status"
"#;

/// Removes a directory when its standard input ends, unless a file `failed` says to keep it. What is being killed at that moment
/// may still write, hence the second and third attempt.
const JANITOR: &str = r#"
read -r _
for attempt in 1 2 3; do
  sleep 0.3
  [ -e "$1/failed" ] || rm -rf "$1" 2>/dev/null
done
"#;

/// A running child, with its output in a file.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    log: PathBuf,
    signals: Option<ChildStdin>,
    exit: Receiver<ExitStatus>,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts a program with everything it prints going to `log`.
    pub(crate) fn start<S: AsRef<OsStr>>(
        name: &str,
        log: &Path,
        program: &str,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let output = File::options().create(true).append(true).open(log).unwrap();
        let mut child = keeper(KEEPER)
            .arg(program)
            .args(args)
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let signals = child.stdin.take();
        let (sender, exit) = channel();
        thread::spawn(move || sender.send(child.wait().unwrap()));
        Self {
            name: name.to_owned(),
            log: log.to_owned(),
            signals,
            exit,
            status: None,
        }
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&mut self, signal: &str) {
        let signals = self.signals.as_mut().unwrap();
        writeln!(signals, "{signal}").unwrap();
        signals.flush().unwrap();
    }

    /// The exit status, if there is one within the time.
    pub(crate) fn wait(&mut self, time: Duration) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.exit.recv_timeout(time).ok();
        }
        self.status
    }

    /// Stops in an orderly way, or fails the test.
    pub(crate) fn terminate(&mut self, time: Duration) {
        self.signal("TERM");
        assert!(
            self.wait(time).is_some(),
            "{} did not end on SIGTERM:\n{}",
            self.name,
            self.tail()
        );
    }

    /// Ends without notice.
    pub(crate) fn kill(&mut self) {
        self.signals = None;
        assert!(
            self.wait(Duration::from_secs(10)).is_some(),
            "{} survived SIGKILL",
            self.name
        );
    }

    /// Waits until `ready`, failing the test if the process ends first or the time is up.
    pub(crate) fn wait_until(&mut self, what: &str, time: Duration, mut ready: impl FnMut(&str) -> bool) {
        let start = Instant::now();
        while !ready(&self.output()) {
            let status = self.wait(Duration::from_millis(50));
            assert!(
                status.is_none(),
                "{} ended ({}) before {what}:\n{}",
                self.name,
                status.unwrap(),
                self.tail()
            );
            assert!(
                start.elapsed() < time,
                "{}: no {what} in {time:?}:\n{}",
                self.name,
                self.tail()
            );
        }
    }

    /// Everything printed so far.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// The end of what was printed.
    pub(crate) fn tail(&self) -> String {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        let tail = lines.len().saturating_sub(40);
        format!(
            "--- {} (end of {})\n{}",
            self.name,
            self.log.display(),
            lines[tail..].join("\n")
        )
    }
}

/// Removes the files of a run after the test process.
#[derive(Debug)]
pub(crate) struct Janitor {
    _child: Child,
}

impl Janitor {
    pub(crate) fn remove_at_exit(dir: &Path) -> Self {
        let child = keeper(JANITOR)
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { _child: child }
    }
}

fn keeper(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, "keeper"]).stdin(Stdio::piped());
    // Cargo's has the librdkafka that the crate rdkafka built, which kcat would take in the place of its own.
    command.env_remove("LD_LIBRARY_PATH");
    command
}
