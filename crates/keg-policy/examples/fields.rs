//! Prints every field that names something, with what becomes of it: `cargo xtask schemas --list`.

use std::io::{self, BufWriter, Write};

use keg_policy::fields::{NamingField, fields};

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for NamingField {
        message,
        path,
        versions,
        entity,
        decision,
        ..
    } in fields()
    {
        writeln!(out, "{message} {versions} {path} ({entity:?}): {}", decision.words)?;
    }
    out.flush()
}
