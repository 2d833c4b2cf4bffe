//! kcat, the command line of librdkafka: an old native client.

use std::process::{Command, Stdio};

use super::Outcome;
use super::missing::{Missing, answers};

/// Installs kcat where that can be done without a question, and says how where it can't.
pub(super) fn set_up() -> Outcome<Option<Missing>> {
    if answers("kcat", &["-V"]) {
        return Ok(None);
    }
    if let Some(prefix) = privilege() {
        eprintln!("installing kcat");
        if install(&prefix)? && answers("kcat", &["-V"]) {
            return Ok(None);
        }
    }
    Ok(Some(Missing::new(
        "kcat",
        "the tests with an old librdkafka",
        "sudo apt-get install --no-install-recommends kcat   (macOS: brew install kcat)",
    )))
}

/// What to put before a command that only root may run; `None` where that would need a password.
fn privilege() -> Option<Vec<&'static str>> {
    if !answers("apt-get", &["--version"]) {
        return None;
    }
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        Some(Vec::new())
    } else if answers("sudo", &["-n", "true"]) {
        Some(vec!["sudo", "-n"])
    } else {
        None
    }
}

fn install(privilege: &[&str]) -> Outcome<bool> {
    let run = |args: &[&str]| -> Outcome<bool> {
        let mut words = privilege.iter().chain(args);
        let Some(program) = words.next() else {
            return Ok(false);
        };
        let status = Command::new(program)
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()?;
        Ok(status.success())
    };
    let packages = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "kcat"];
    // The first attempt fails where the package lists were never fetched, as in container images.
    Ok(run(&packages)? || (run(&["apt-get", "update", "-q"])? && run(&packages)?))
}
