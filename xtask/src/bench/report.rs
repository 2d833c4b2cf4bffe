//! What the load generator says.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::Outcome;

pub(super) type Report = BTreeMap<String, f64>;

/// What the load generator says after a run.
pub(super) fn load(program: &Path, args: &[&str]) -> Outcome<Report> {
    let output = Command::new(program).args(args).output()?;
    if !output.status.success() {
        let problem = String::from_utf8_lossy(&output.stderr);
        return Err(format!("keg-load {}: {problem}", args.join(" ")).into());
    }
    let lines = String::from_utf8(output.stdout)?;
    lines.lines().map(line).collect()
}

fn line(line: &str) -> Outcome<(String, f64)> {
    let (key, value) = line.split_once(' ').ok_or("a line of keg-load without a value")?;
    Ok((key.to_owned(), value.parse()?))
}

pub(super) fn value(report: &Report, key: &str) -> Outcome<f64> {
    report
        .get(key)
        .copied()
        .ok_or_else(|| format!("keg-load said nothing of {key}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_key_and_a_number() {
        assert_eq!(line("cpu 1.5").unwrap(), ("cpu".to_owned(), 1.5));
        assert!(line("cpu").is_err() && line("cpu much").is_err());
    }
}
