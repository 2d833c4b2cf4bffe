//! What `cargo xtask test` has set up, and where this run keeps its files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::SystemTime;

use crate::process::Janitor;

/// The Kafka whose clients and tools are used, and that most tests run on.
pub(crate) const CURRENT: &str = "4.3.1";
/// The older Kafka that the core of the tests runs on as well.
pub(crate) const OLDER: &str = "3.9.2";
/// A newer Kafka, of which only the clients are used.
pub(crate) const NEWER_CLIENTS: &str = "4.4.0";

/// The Kafka whose message definitions the gateway knows.
const DEFINED: &str = "4.4.0";

/// The files of the set-up.
#[derive(Debug)]
pub(crate) struct Setup {
    kafka: PathBuf,
    run: PathBuf,
    _janitor: Janitor,
}

impl Setup {
    /// The set-up of this test process, or why there is none.
    pub(crate) fn find() -> Result<&'static Self, &'static str> {
        static SETUP: OnceLock<Result<Setup, String>> = OnceLock::new();
        SETUP.get_or_init(Self::look).as_ref().map_err(String::as_str)
    }

    /// The class path of the test programs with the jars of a Kafka release.
    pub(crate) fn class_path(&self, version: &str) -> String {
        let classes = self.kafka.join("classes");
        let jars = self.kafka.join(version).join("*");
        format!("{}:{}", classes.display(), jars.display())
    }

    /// The folder of Kafka's message definitions.
    pub(crate) fn definitions(&self) -> Result<PathBuf, String> {
        let folder = self.kafka.join("definitions").join(DEFINED).join("common/message");
        if folder.is_dir() {
            return Ok(folder);
        }
        Err(format!("no {}: run `cargo xtask setup`", folder.display()))
    }

    /// The folder of the Python package that has a librdkafka with SASL, if it is there.
    pub(crate) fn librdkafka(&self) -> Option<PathBuf> {
        let dir = self.kafka.join("librdkafka");
        dir.join("stamp").exists().then_some(dir)
    }

    /// A new directory of this run; it stays if a test fails.
    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        let dir = self.run.join(name);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    /// Keeps the directories of this run when the process ends.
    pub(crate) fn keep_files(&self) {
        fs::write(self.run.join("failed"), "").unwrap();
    }

    fn look() -> Result<Self, String> {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let kafka = tmp.parent().unwrap().join("kafka");
        for part in [CURRENT, OLDER, NEWER_CLIENTS, "classes"] {
            if !kafka.join(part).join("stamp").exists() {
                return Err(format!("no {part} in {}: run `cargo xtask setup`", kafka.display()));
            }
        }
        if !answers("java", &["-version"]) {
            return Err("no Java: `cargo xtask setup` says how to install it".to_owned());
        }
        assert!(
            modified(&kafka.join("classes/stamp")) >= newest_source(),
            "the Java test programs have changed: run `cargo xtask setup`"
        );
        remove_runs_that_ended(&kafka);
        let run = kafka.join(format!("run-{}", std::process::id()));
        fs::create_dir_all(&run).unwrap();
        Ok(Self {
            kafka,
            _janitor: Janitor::remove_at_exit(&run),
            run,
        })
    }
}

/// Leaves a test out because something is missing: said on the terminal, kept for `cargo xtask test`, fatal in CI.
pub(crate) fn skip(test: &str, why: &str) {
    // The test harness names its threads after the tests, unless it runs them on the first.
    let current = thread::current();
    let test = current.name().filter(|name| *name != "main").unwrap_or(test);
    assert!(
        !std::env::var("CI").is_ok_and(|ci| ci == "true"),
        "{test} can't run: {why}"
    );
    // Not `eprintln!`: the test harness would swallow what a passing test prints.
    let mut terminal = std::io::stderr();
    writeln!(terminal, "skipped {test}: {why}").unwrap();
    let kafka = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("kafka");
    fs::create_dir_all(&kafka).unwrap();
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(kafka.join("skipped"))
        .unwrap();
    writeln!(file, "{test}").unwrap();
}

pub(crate) fn answers(program: &str, args: &[&str]) -> bool {
    let quiet = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

fn newest_source() -> SystemTime {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java");
    fs::read_dir(sources)
        .unwrap()
        .map(|entry| modified(&entry.unwrap().path()))
        .max()
        .unwrap()
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Failed runs leave their files; the next run removes them, so that they don't pile up.
fn remove_runs_that_ended(kafka: &Path) {
    for entry in fs::read_dir(kafka).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if let Some(pid) = name.strip_prefix("run-")
            && !answers("kill", &["-0", pid])
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
