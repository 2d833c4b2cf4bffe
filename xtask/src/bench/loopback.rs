//! A loopback for the measurement alone.
//!
//! How TCP sends is the machine's choice, on loopback, too. BBR, say, sends by a timer, which takes longer than to move the
//! bytes does, and goes off more or less often by how they were written. So the benchmark runs in a network namespace where
//! nobody else is, with CUBIC, which is what Linux has unless it is told otherwise.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use super::Outcome;
use super::options::Options;
use crate::apt;

/// What is in force where no other is asked for.
pub(super) const CUBIC: &str = "cubic";

/// Set for the process that runs in the namespace.
const INSIDE: &str = "KEG_BENCH_INSIDE";

const IN_FORCE: &str = "/proc/sys/net/ipv4/tcp_congestion_control";

/// Run in a new namespace, with where the congestion control is written, the one that is to be in force, and the command that is to
/// run there.
const SCRIPT: &str = r#"ip link set lo up && echo "$1" > "$0" && shift && exec "$@""#;

/// How a new namespace is made: by root, and by others.
const UNSHARE: [&[&str]; 2] = [&["--net"], &["--net", "--map-root-user"]];

/// Runs the benchmark, which is this `program`, once more, in a namespace, and says whether it did. It doesn't where it is in one, or
/// none is to be had.
pub(super) fn run_inside(program: &Path, options: &Options, args: &[&str]) -> Outcome<bool> {
    if is_own() {
        return Ok(false);
    }
    let congestion_control = options.congestion_control.as_str();
    // Whoever can't install it may have no use for it, either.
    apt::provide("ip", &["-V"], "iproute2")?;
    let command = |unshare: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(unshare)
            .args(["sh", "-c", SCRIPT, IN_FORCE, congestion_control]);
        command
    };
    let works = |unshare: &&&[&str]| {
        let mut command = command(unshare);
        let quiet = command.arg("true").stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    };
    let Some(unshare) = UNSHARE.iter().find(works) else {
        let in_force = in_force()?;
        if congestion_control != CUBIC && congestion_control != in_force {
            return Err(format!(
                "there is no network namespace to be had with the congestion control {congestion_control}: \
                 /proc/sys/net/ipv4/tcp_available_congestion_control says which there are, and a namespace takes root or user namespaces"
            )
            .into());
        }
        eprintln!("there is no network namespace to be had: measured is the machine's own loopback, with {in_force}");
        return Ok(false);
    };
    let status = command(unshare)
        .arg(program)
        .arg("bench")
        .args(args)
        .env(INSIDE, "1")
        .status()?;
    if !status.success() {
        return Err("the benchmark ended in its network namespace".into());
    }
    Ok(true)
}

/// Whether nobody else is on the loopback.
pub(super) fn is_own() -> bool {
    env::var_os(INSIDE).is_some()
}

/// Whether TCP sends as it does in what the documents say.
pub(super) fn is_usual() -> Outcome<bool> {
    Ok(in_force()? == CUBIC)
}

/// The congestion control that is in force.
pub(super) fn in_force() -> Outcome<String> {
    Ok(fs::read_to_string(IN_FORCE)?.trim().to_owned())
}
