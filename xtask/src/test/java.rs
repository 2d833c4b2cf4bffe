//! The Java test programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::stamp::Stamp;
use super::{Outcome, jars};

const SOURCES: &str = "crates/kegd/tests/java";

/// Compiles the programs, unless they are as they were at the last time.
pub(super) fn compile(workspace: &Path, kafka: &Path) -> Outcome {
    let sources = sources(&workspace.join(SOURCES))?;
    let classes = kafka.join("classes");
    let stamp = Stamp::new(&classes, &(jars::CURRENT, &sources));
    if stamp.is_current() {
        // The tests go by the times of files, and a change of branches makes the same sources newer.
        return stamp.write();
    }
    eprintln!("compiling the Java test programs");
    if classes.exists() {
        fs::remove_dir_all(&classes)?;
    }
    fs::create_dir_all(&classes)?;
    let status = Command::new("javac")
        .args(["--release", "17", "-nowarn", "-proc:none", "-Xlint:-options", "-cp"])
        .arg(jars::dir(kafka, jars::CURRENT).join("*"))
        .arg("-d")
        .arg(&classes)
        .args(sources.iter().map(|(path, _)| path))
        .status()?;
    if !status.success() {
        return Err(format!("the Java test programs did not compile ({status})").into());
    }
    stamp.write()
}

/// Every source with its text, in name order.
fn sources(dir: &Path) -> Outcome<Vec<(PathBuf, String)>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "java") {
            let text = fs::read_to_string(&path)?;
            sources.push((path, text));
        }
    }
    sources.sort();
    Ok(sources)
}
