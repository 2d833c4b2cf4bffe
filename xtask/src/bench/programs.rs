//! The programs of a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Outcome;
use crate::release;
use crate::test::{Places, cargo, finish};

#[derive(Debug)]
pub(crate) struct Programs {
    /// The gateway that is measured.
    pub(crate) kegd: PathBuf,
    /// The gateway as `cargo build --release` builds it, where it is measured beside that.
    pub(crate) plain: Option<PathBuf>,
    /// The load generator.
    pub(crate) load: PathBuf,
}

impl Programs {
    /// Builds what is run when the gateway alone is measured: that of `cargo xtask release`, or the plain one.
    pub(super) fn build(places: &Places, plain: bool) -> Outcome<Self> {
        Ok(Self {
            kegd: match plain {
                true => build(places, "kegd")?,
                false => release::build(places)?,
            },
            plain: None,
            load: build(places, "keg-load")?,
        })
    }

    /// Builds the plain gateway as well, to be measured beside the other one.
    pub(super) fn and_plain(self, places: &Places) -> Outcome<Self> {
        Ok(Self {
            plain: Some(build(places, "kegd")?),
            ..self
        })
    }

    /// Copies of them in a new directory, so that what is built meanwhile isn't measured.
    pub(super) fn copied(self, dir: &Path) -> Outcome<Self> {
        fs::create_dir_all(dir)?;
        let copied = |program: &Path, name| -> Outcome<PathBuf> {
            let copy = dir.join(name);
            fs::copy(program, &copy)?;
            Ok(copy)
        };
        Ok(Self {
            kegd: copied(&self.kegd, "kegd")?,
            plain: self.plain.map(|plain| copied(&plain, "kegd-plain")).transpose()?,
            load: copied(&self.load, "keg-load")?,
        })
    }
}

/// Builds a package by itself, with the default flags: beside others, its dependencies might have other features.
pub(crate) fn build(places: &Places, package: &str) -> Outcome<PathBuf> {
    let mut command = Command::new(cargo());
    command.current_dir(&places.workspace);
    finish(command.args(["build", "--release", "--quiet", "--package", package]))?;
    Ok(places.target()?.join("release").join(package))
}
