//! A flame graph of the hot path: where the time of small requests goes, drawn from samples of the process.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Outcome;
use super::growth::Growth;
use super::options::Options;
use super::programs::Programs;
use crate::apt;
use crate::test::{cargo, finish};

/// What draws. It is a program and no dependency, since only this needs it.
const INFERNO: &str = "inferno@0.12.8";

/// Samples a second of each thread. No divisor of what timers do.
const FREQUENCY: &str = "1999";

/// How much of the stack a sample has, for callers to be found in without frame pointers.
const STACK: &str = "dwarf,16384";

const TITLE: &str =
    "kegd: Produce of one record, 16 connections, two ACL rules, hide_prefix, before a broker in memory";

/// Installs what takes samples, and what draws, where they are missing.
pub(super) fn provide(dir: &Path) -> Outcome {
    if !apt::provide("perf", &["--version"], "linux-perf")? {
        return Err("there is no perf, and it can't be installed here".into());
    }
    Inferno::in_target(dir).install()
}

/// Draws what the gateway does under the load that is the dearest by request.
pub(super) fn draw(options: &Options, programs: &Programs, dir: &Path) -> Outcome<Vec<u8>> {
    let tools = Inferno::in_target(dir);
    let growth = Growth {
        programs,
        dir,
        rounds: 1,
    };
    let setting = growth.start(1, 2, 0)?;
    let samples = dir.join("perf.data");
    let mut record = Command::new("perf");
    record
        .args([
            "record",
            "--quiet",
            "--event",
            "cpu-clock",
            "--freq",
            FREQUENCY,
            "--call-graph",
            STACK,
        ])
        .arg("--output")
        .arg(&samples)
        .args(["--pid", &setting.process().to_string(), "--"])
        .arg(&programs.load)
        .args([
            "produce",
            "--connections",
            "16",
            "--record-size",
            "128",
            "--batch",
            "1",
            "--partitions",
            "1",
        ])
        .args(["--requests", &options.load(200_000), "--target", setting.target()])
        .stdout(Stdio::null());
    finish(&mut record)?;
    drop(setting);

    let (stacks, folded) = (dir.join("stacks.txt"), dir.join("folded.txt"));
    let mut script = Command::new("perf");
    script.args(["script", "--no-inline", "--input"]).arg(&samples);
    finish(
        script
            .stdout(File::create(&stacks)?)
            .stderr(File::create(dir.join("perf.log"))?),
    )?;
    let mut collapse = Command::new(tools.program("inferno-collapse-perf"));
    finish(collapse.arg(&stacks).stdout(File::create(&folded)?))?;
    let drawn = Command::new(tools.program("inferno-flamegraph"))
        .args(["--title", TITLE, "--hash", "--minwidth", "0.3"])
        .arg(&folded)
        .output()?;
    if !drawn.status.success() {
        return Err(format!("inferno-flamegraph: {}", String::from_utf8_lossy(&drawn.stderr)).into());
    }
    // They are large, and the picture is what they were for.
    fs::remove_file(samples)?;
    fs::remove_file(stacks)?;
    Ok(drawn.stdout)
}

/// The programs that draw.
struct Inferno(PathBuf);

impl Inferno {
    /// Beside the directory of a run, which is emptied.
    fn in_target(dir: &Path) -> Self {
        Self(dir.with_file_name("tools"))
    }

    fn install(&self) -> Outcome {
        if self.program("inferno-flamegraph").exists() {
            return Ok(());
        }
        finish(
            Command::new(cargo())
                .args(["install", "--locked", INFERNO, "--root"])
                .arg(&self.0),
        )
    }

    fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }
}
