//! A file that says what a directory was made from, written last: a half-made directory has none.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::Outcome;

/// The stamp of one directory for one set of inputs.
pub(crate) struct Stamp {
    file: PathBuf,
    content: String,
}

impl Stamp {
    pub(crate) fn new(dir: &Path, made_from: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        made_from.hash(&mut hasher);
        Self {
            file: dir.join("stamp"),
            content: format!("{:016x}\n", hasher.finish()),
        }
    }

    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|content| content == self.content)
    }

    pub(crate) fn write(&self) -> Outcome {
        Ok(fs::write(&self.file, &self.content)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_current_until_what_it_was_made_from_changes() {
        let dir = std::env::temp_dir().join(format!("keg-stamp-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let stamp = Stamp::new(&dir, &"one");
        assert!(!stamp.is_current());
        stamp.write().unwrap();
        assert!(stamp.is_current());
        assert!(!Stamp::new(&dir, &"two").is_current());
        fs::remove_dir_all(&dir).unwrap();
    }
}
