//! `kegd schema`

use std::io::{self, Write};

use crate::config;

/// Prints the JSON Schema of the configuration.
///
/// # Errors
/// When `out` can't be written.
pub fn schema(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:#}", config::schema())
}
