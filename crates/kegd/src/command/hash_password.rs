//! `kegd hash-password`

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use keg_auth::scram::{Credential, Hash};

/// Prints the salted hash of the password that is the first line of `input`, for `password_hash` in a configuration.
///
/// # Errors
/// When the password can't be read, or `out` not written.
pub fn hash_password(
    hash: Hash,
    iterations: u32,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<ExitCode> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    match Credential::generate(hash, password, iterations) {
        Ok(credential) => {
            writeln!(out, "{}", credential.to_text())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("kegd: {error}");
            Ok(ExitCode::FAILURE)
        }
    }
}
