//! What a configuration may take from the outside: environment variables, files, standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

mod memory;

pub use memory::MemoryEnvironment;

/// The outside, as loading a configuration sees it.
///
/// Reads are bounded: of a file longer than `limit`, `limit + 1` bytes come back, so that the caller can tell.
pub trait Environment {
    /// The value of an environment variable; none when it is unset or not UTF-8.
    fn variable(&self, name: &str) -> Option<String>;

    /// The beginning of a file, at most `limit + 1` bytes.
    ///
    /// # Errors
    /// When the file can't be opened or read.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;

    /// The beginning of standard input, at most `limit + 1` bytes.
    ///
    /// # Errors
    /// When standard input can't be read.
    fn standard_input(&self, limit: usize) -> io::Result<Vec<u8>>;

    /// Whether `path` is a directory.
    fn is_directory(&self, path: &Path) -> bool;

    /// The entries of a directory, in any order.
    ///
    /// # Errors
    /// When the directory can't be listed.
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        // `std::env::var_os` panics on names that hold these.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        bounded(std::fs::File::open(path)?, limit)
    }

    fn standard_input(&self, limit: usize) -> io::Result<Vec<u8>> {
        bounded(io::stdin().lock(), limit)
    }

    fn is_directory(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
    }
}

fn bounded(reader: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
