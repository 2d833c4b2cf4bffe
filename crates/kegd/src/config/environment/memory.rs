//! An environment made of values, for tests and for embedding.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::Environment;

/// Variables and files that exist only here. A directory is whatever some file's path begins with.
#[derive(Debug, Clone, Default)]
pub struct MemoryEnvironment {
    variables: BTreeMap<String, String>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    standard_input: Vec<u8>,
}

impl MemoryEnvironment {
    /// An empty environment.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }

    /// Sets what standard input gives.
    #[must_use]
    pub fn with_standard_input(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.standard_input = content.into();
        self
    }
}

impl Environment for MemoryEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let content = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(beginning(content, limit))
    }

    fn standard_input(&self, limit: usize) -> io::Result<Vec<u8>> {
        Ok(beginning(&self.standard_input, limit))
    }

    fn is_directory(&self, path: &Path) -> bool {
        self.files.keys().any(|file| file != path && file.starts_with(path))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self
            .files
            .keys()
            .filter(|file| file.parent() == Some(directory))
            .cloned()
            .collect())
    }
}

fn beginning(content: &[u8], limit: usize) -> Vec<u8> {
    content.iter().take(limit.saturating_add(1)).copied().collect()
}
