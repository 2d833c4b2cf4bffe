//! A current librdkafka with TLS and all of its SASL mechanisms: the Python package of Confluent has one, ready-made.
//!
//! The one that the Rust tests link is built without OpenSSL, which not every machine has and which takes minutes to build.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Outcome;
use super::missing::{Missing, answers};
use super::stamp::Stamp;

const PACKAGE: &str = "confluent-kafka==2.12.2";

/// Installs the package into a folder of its own, where that can be done.
pub(super) fn set_up(kafka: &Path) -> Outcome<Option<Missing>> {
    let dir = kafka.join("librdkafka");
    let python = Command::new("python3").arg("--version").output();
    // What it has compiled is for one version of Python.
    let python = python.map_or_else(|_| Vec::new(), |output| output.stdout);
    let stamp = Stamp::new(&dir, &(PACKAGE, &python));
    if !python.is_empty() && stamp.is_current() {
        return Ok(None);
    }
    if answers("python3", &["-m", "pip", "--version"]) {
        eprintln!("installing {PACKAGE}");
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--only-binary", ":all:", "--target"]).arg(&dir).arg(PACKAGE);
        // In containers root is who there is.
        pip.env("PIP_ROOT_USER_ACTION", "ignore");
        if pip.stdin(Stdio::null()).stdout(Stdio::null()).status()?.success() {
            stamp.write()?;
            return Ok(None);
        }
    }
    Ok(Some(Missing::new(
        "Python 3 with pip, and a wheel of confluent-kafka for it",
        "the tests of librdkafka with SASL",
        "sudo apt-get install --no-install-recommends python3 python3-pip   (macOS: brew install python)",
    )))
}
