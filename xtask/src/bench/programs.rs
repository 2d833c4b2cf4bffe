//! The programs of a run.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;
use super::options::Options;
use crate::release;
use crate::test::Places;

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
    /// Builds what the options ask for.
    pub(super) fn build(places: &Places, options: &Options) -> Outcome<Self> {
        let kegd = match options.plain {
            true => release::plain(places, "kegd")?,
            false => release::build(places)?,
        };
        let plain = options.is_beside_plain().then(|| release::plain(places, "kegd"));
        Ok(Self {
            kegd,
            plain: plain.transpose()?,
            load: release::plain(places, "keg-load")?,
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
