//! `kegd version`

use std::io::{self, Write};

/// Prints the version.
///
/// # Errors
/// When `out` can't be written.
pub fn version(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "kegd {}", env!("CARGO_PKG_VERSION"))
}
