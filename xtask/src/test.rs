//! `cargo xtask test`: a real Kafka and its clients for the tests, set up once, then every test.
//!
//! Everything lands in the target directory, so `cargo clean` forgets it. The tests find it there by themselves: after one
//! set-up a plain `cargo test` runs them as well.

mod jars;
mod java;
mod kcat;
mod missing;
mod native;
pub(crate) mod stamp;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use missing::Missing;
pub(crate) use missing::answers;

use crate::schemas::{KAFKA_VERSION, fetch};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Where the parts of the set-up live.
pub(crate) struct Places {
    pub(crate) workspace: PathBuf,
    pub(crate) kafka: PathBuf,
}

/// Fetches and builds what the tests need; fails if any of it can't be had.
pub(crate) fn setup() -> Outcome {
    match set_up(&Places::find()?)? {
        missing if missing.is_empty() => Ok(()),
        missing => Err(missing::message(&missing).into()),
    }
}

/// Sets up and runs every test, with `args` handed on to `cargo test`.
///
/// What can't be set up is an error where `CI=true`, and elsewhere leaves the tests that need it out, with their names said.
pub(crate) fn run(args: &[&str]) -> Outcome {
    let places = Places::find()?;
    let missing = set_up(&places)?;
    if !missing.is_empty() {
        let message = missing::message(&missing);
        if std::env::var("CI").is_ok_and(|ci| ci == "true") {
            return Err(message.into());
        }
        eprintln!("{message}");
    }

    let skipped = places.kafka.join("skipped");
    remove_if_there(&skipped)?;
    let status = Command::new(cargo())
        .current_dir(&places.workspace)
        .args(["test", "--workspace"])
        .args(args)
        .status()?;

    if let Ok(names) = fs::read_to_string(&skipped) {
        eprintln!("\nskipped, because of what is missing:");
        for name in names.lines() {
            eprintln!("  {name}");
        }
        eprintln!("{}", missing::message(&missing));
    }
    if status.success() {
        Ok(())
    } else {
        Err("tests failed".into())
    }
}

/// The class path of the Kafka that most tests run on, and of the program that starts a node.
pub(crate) fn class_path(places: &Places) -> String {
    let jars = jars::dir(&places.kafka, jars::CURRENT).join("*");
    format!("{}:{}", places.kafka.join("classes").display(), jars.display())
}

fn set_up(places: &Places) -> Outcome<Vec<Missing>> {
    fs::create_dir_all(&places.kafka)?;
    let mut missing = missing::look(jars::all_set_up(&places.kafka) && fetch::is_there(&places.kafka, KAFKA_VERSION));
    if missing.is_empty() {
        jars::set_up(&places.kafka)?;
        java::compile(&places.workspace, &places.kafka)?;
        // The isolation prober speaks every message of it.
        fetch::definitions(&places.kafka, KAFKA_VERSION)?;
    }
    missing.extend(kcat::set_up()?);
    missing.extend(native::set_up(&places.kafka)?);
    Ok(missing)
}

impl Places {
    /// The directory that cargo builds in.
    pub(crate) fn target(&self) -> Outcome<&Path> {
        Ok(self.kafka.parent().ok_or("no target directory")?)
    }

    pub(crate) fn find() -> Outcome<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()?;
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let path = |key: &str| {
            metadata
                .get(key)
                .and_then(serde_json::Value::as_str)
                .map(PathBuf::from)
                .ok_or_else(|| format!("cargo metadata has no {key}"))
        };
        Ok(Self {
            workspace: path("workspace_root")?,
            kafka: path("target_directory")?.join("kafka"),
        })
    }
}

pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// What the compiler that cargo uses says of itself.
pub(crate) fn ask_rustc(workspace: &Path, args: &[&str]) -> Outcome<String> {
    let mut command = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()));
    let output = command.current_dir(workspace).args(args).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs a command, which must succeed.
pub(crate) fn finish(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?} failed ({status})").into()),
    }
}

fn remove_if_there(path: &Path) -> Outcome {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
