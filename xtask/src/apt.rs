//! Debian's packages, where they can be installed without a question.

use std::process::{Command, Stdio};

use crate::test::{Outcome, answers};

/// Whether a program answers, once its package is installed if it doesn't.
pub(crate) fn provide(program: &str, args: &[&str], package: &str) -> Outcome<bool> {
    Ok(answers(program, args) || (install(package)? && answers(program, args)))
}

/// Installs a package, and says whether it could.
fn install(package: &str) -> Outcome<bool> {
    let Some(privilege) = privilege() else {
        return Ok(false);
    };
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
    eprintln!("installing {package}");
    let packages = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package];
    // The first attempt fails where the package lists were never fetched, as in container images.
    Ok(run(&packages)? || (run(&["apt-get", "update", "-q"])? && run(&packages)?))
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
