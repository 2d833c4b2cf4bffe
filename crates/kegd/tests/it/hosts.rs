//! Host names for the Java clients of a test, without touching the machine's.

use std::fs;
use std::path::{Path, PathBuf};

/// A hosts file.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    file: PathBuf,
}

impl Hosts {
    /// Writes names that all mean this machine, with `localhost` among them.
    pub(crate) fn write(file: &Path, names: &[String]) -> Self {
        let mut text = "127.0.0.1 localhost\n".to_owned();
        for name in names {
            text.push_str(&format!("127.0.0.1 {name}\n"));
        }
        fs::write(file, text).unwrap();
        Self { file: file.to_owned() }
    }

    /// The JVM's option for it.
    pub(crate) fn java_option(&self) -> String {
        format!("-Djdk.net.hosts.file={}", self.file.display())
    }
}
