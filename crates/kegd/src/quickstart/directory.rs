//! The files of a quickstart.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What every file begins with, so that no other file is ever replaced.
const MARK: &str = "# Written by `kegd quickstart`.\n";

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    All,
    Owner,
}

/// Why a file can't be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The directory can't be made.
    #[error("the directory {} can't be made: {error}", .path.display())]
    Make {
        /// The directory.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file can't be written.
    #[error("{} can't be written: {error}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is something else.
    #[error("{} is there already, and is not what this quickstart would write; remove it, or name another directory", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// A directory; removed when dropped if nobody asked for it.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    temporary: bool,
}

impl Directory {
    /// The directory that was asked for, or a new one that only its owner can enter.
    pub(super) fn open(wanted: Option<&Path>) -> Result<Self, DirectoryError> {
        let Some(wanted) = wanted else {
            return Self::temporary();
        };
        let make = |error| DirectoryError::Make {
            path: wanted.to_owned(),
            error,
        };
        fs::create_dir_all(wanted).map_err(make)?;
        // What is printed is to work in any directory.
        let path = std::path::absolute(wanted).map_err(make)?;
        Ok(Self { path, temporary: false })
    }

    fn temporary() -> Result<Self, DirectoryError> {
        let first = std::env::temp_dir().join(format!("keg-quickstart-{}", std::process::id()));
        let mut path = first.clone();
        let mut attempt = 0;
        loop {
            // Making it fails if it is there, as anybody's link to elsewhere.
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path, temporary: true }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                    attempt += 1;
                    path = first.with_extension(attempt.to_string());
                }
                Err(error) => return Err(DirectoryError::Make { path, error }),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes when the quickstart ends.
    pub(super) fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// Writes what is new in each quickstart. A file that an earlier one left is replaced.
    pub(super) fn replace(&self, name: &str, text: &str, readers: Readers) -> Result<(), DirectoryError> {
        let path = self.path.join(name);
        match read(&path) {
            Ok(Some(there)) if !there.starts_with(MARK.as_bytes()) => return Err(DirectoryError::Foreign { path }),
            Ok(_) => {}
            Err(error) => return Err(DirectoryError::Write { path, error }),
        }
        write(&path, text, readers).map_err(|error| DirectoryError::Write { path, error })
    }

    /// Writes what people change. A file that is there stays, and must be the same.
    pub(super) fn keep(&self, name: &str, text: &str) -> Result<(), DirectoryError> {
        let path = self.path.join(name);
        match read(&path) {
            Ok(Some(there)) if there == marked(text).as_bytes() => Ok(()),
            Ok(Some(_)) => Err(DirectoryError::Foreign { path }),
            Ok(None) => write(&path, text, Readers::All).map_err(|error| DirectoryError::Write { path, error }),
            Err(error) => Err(DirectoryError::Write { path, error }),
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.temporary {
            // Nothing can be done about what can't be removed, and the system clears its temporary files anyway.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn marked(text: &str) -> String {
    format!("{MARK}{text}")
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes a file under another name first, so that it has its mode before it has a content, and is never there by half.
fn write(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let mode = match readers {
        Readers::All => 0o644,
        Readers::Owner => 0o600,
    };
    let unfinished = path.with_extension("unfinished");
    let _ = fs::remove_file(&unfinished);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&unfinished)?;
    file.write_all(marked(text).as_bytes())?;
    drop(file);
    fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_temporary_directory_is_its_owners_and_goes_when_dropped() {
        let first = Directory::open(None).unwrap();
        let second = Directory::open(None).unwrap();
        assert_ne!(first.path(), second.path());
        assert_eq!(mode(first.path()), 0o700);
        first.replace("key", "secret", Readers::Owner).unwrap();
        let path = first.path().to_owned();
        drop(first);
        // Another test may have one of the same name by now.
        assert!(!path.join("key").exists());
        assert!(second.path().exists());
    }

    #[test]
    fn files_of_earlier_quickstarts_are_replaced_with_the_right_mode_and_others_are_not() {
        let parent = Directory::open(None).unwrap();
        let directory = Directory::open(Some(&parent.path().join("a/b"))).unwrap();
        let key = directory.path().join("server.key");
        fs::write(&key, format!("{MARK}old")).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o666)).unwrap();
        directory.replace("server.key", "new", Readers::Owner).unwrap();
        assert_eq!(fs::read_to_string(&key).unwrap(), format!("{MARK}new"));
        assert_eq!(mode(&key), 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

        fs::write(&key, "somebody's").unwrap();
        let error = directory.replace("server.key", "new", Readers::Owner).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("{} is there already", key.display()))
        );
        assert_eq!(fs::read_to_string(&key).unwrap(), "somebody's");

        let path = directory.path().to_owned();
        drop(directory);
        assert!(path.exists());
    }

    #[test]
    fn a_configuration_is_written_once_and_never_replaced() {
        let directory = Directory::open(None).unwrap();
        directory.keep("keg.yaml", "runtime: {}\n").unwrap();
        directory.keep("keg.yaml", "runtime: {}\n").unwrap();
        directory.keep("keg.yaml", "listeners: []\n").unwrap_err();
        let text = fs::read_to_string(directory.path().join("keg.yaml")).unwrap();
        assert_eq!(text, format!("{MARK}runtime: {{}}\n"));
    }
}
