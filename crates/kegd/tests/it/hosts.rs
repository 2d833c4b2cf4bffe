//! Host names for one process, without touching the machine's.

use std::fs;
use std::path::{Path, PathBuf};

use crate::setup::answers;

/// A hosts file.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    file: PathBuf,
}

impl Hosts {
    /// Writes names and their addresses, with `localhost` among them.
    pub(crate) fn write(file: &Path, names: &[(String, &str)]) -> Self {
        let mut text = "127.0.0.1 localhost\n".to_owned();
        for (name, address) in names {
            text.push_str(&format!("{address} {name}\n"));
        }
        fs::write(file, text).unwrap();
        Self { file: file.to_owned() }
    }

    /// The JVM's option for it.
    pub(crate) fn java_option(&self) -> String {
        format!("-Djdk.net.hosts.file={}", self.file.display())
    }

    /// Words to put before a native program: it gets the file in the place of `/etc/hosts`, in a mount namespace of its own.
    /// `None` where the machine does not allow that.
    pub(crate) fn wrapper(&self) -> Option<Vec<String>> {
        let unshare: &[&str] = [&["-m"][..], &["-r", "-m"]]
            .into_iter()
            .find(|flags| answers("unshare", &[flags, &["true"][..]].concat()))?;
        let mount = format!("mount --bind '{}' /etc/hosts && exec \"$@\"", self.file.display());
        let mut words = vec!["unshare".to_owned()];
        words.extend(unshare.iter().map(|&flag| flag.to_owned()));
        words.extend(["sh".to_owned(), "-c".to_owned(), mount, "sh".to_owned()]);
        Some(words)
    }
}
