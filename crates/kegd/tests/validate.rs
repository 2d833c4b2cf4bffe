//! The commands that deal with configurations, run as a user runs them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may stop at once")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn kegd(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kegd"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that doesn't read its input may have ended already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn a_valid_configuration_is_one_line_and_success() {
    let text = "
        backend_clusters:
        - { name: main, bootstrap_servers: [kafka:9092], authentication: { type: anonymous } }
    ";
    let output = kegd(&["validate", "--config", "-"], text);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        stdout(&output),
        "the configuration is valid: 1 backend cluster, 0 virtual clusters, 0 listeners\n"
    );
}

#[test]
fn problems_are_printed_by_line_with_their_count() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/tests/ten_mistakes.yaml");
    let output = kegd(&["validate", "--config", file], "");
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 11);
    assert!(lines[0].starts_with(&format!("{file}:2:19: runtime.drain_duration: ")));
    assert!(lines[5].ends_with("(did you mean main?)"));
    assert_eq!(lines[10], "10 problems");
    assert!(!stdout(&output).contains("hunter2"));
}

#[test]
fn the_schema_is_json() {
    let output = kegd(&["schema"], "");
    assert_eq!(output.status.code(), Some(0));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["title"], "keg");
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = kegd(&["version"], "");
    assert_eq!(stdout(&output), concat!("kegd ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_missing_argument_is_a_usage_error() {
    let output = kegd(&["validate"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--config"));
}
