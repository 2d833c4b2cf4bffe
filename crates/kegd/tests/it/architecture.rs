//! ARCHITECTURE.md, held against the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::repository::{files, read, root};

/// Which crates of the workspace each crate may depend on. What isn't here must not be there.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("keg-codec", &[]),
    ("keg-router", &[]),
    ("keg-tls", &[]),
    ("keg-auth", &[]),
    ("keg-policy", &["keg-codec"]),
    (
        "keg-proxy",
        &["keg-auth", "keg-codec", "keg-policy", "keg-router", "keg-tls"],
    ),
    ("keg-devbroker", &["keg-codec"]),
    (
        "kegd",
        &[
            "keg-auth",
            "keg-codec",
            "keg-devbroker",
            "keg-policy",
            "keg-proxy",
            "keg-router",
            "keg-tls",
        ],
    ),
    ("keg-bench", &["keg-codec", "keg-policy", "keg-tls"]),
    ("keg-load", &["keg-codec", "keg-devbroker"]),
    ("xtask", &[]),
];

/// The crates that neither do I/O nor read a clock.
const PURE: &[&str] = &["keg-codec", "keg-router", "keg-auth", "keg-policy"];

/// A crate of the workspace, and what it depends on outside of its tests.
struct Package {
    name: String,
    dependencies: BTreeSet<String>,
}

impl Package {
    fn is_library(&self) -> bool {
        !["kegd", "keg-bench", "keg-load", "xtask"].contains(&self.name.as_str())
    }
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let package = |package: &Value| Package {
        name: text(&package["name"]),
        dependencies: package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["kind"] != "dev")
            .map(|it| text(&it["name"]))
            .collect(),
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|it| it.name.as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = DIRECTIONS.iter().copied().collect();
    assert_eq!(names, allowed.keys().copied().collect(), "a crate has no place yet");
    for package in &packages {
        for dependency in package.dependencies.iter().filter(|it| names.contains(it.as_str())) {
            assert!(
                allowed[package.name.as_str()].contains(&dependency.as_str()),
                "{} must not depend on {dependency}",
                package.name
            );
        }
    }
}

#[test]
fn libraries_know_no_configuration_format() {
    for package in packages().iter().filter(|it| it.is_library()) {
        for dependency in &package.dependencies {
            let is_format = ["serde", "toml", "yaml", "saphyr", "clap"]
                .iter()
                .any(|format| dependency.contains(format));
            // Bearer tokens, and the keys that they are signed with, are JSON (RFC 7517, RFC 7519).
            let is_token = package.name == "keg-auth" && dependency == "serde_json";
            assert!(
                !is_format || is_token,
                "{} must not depend on {dependency}",
                package.name
            );
        }
    }
}

#[test]
fn libraries_without_io_have_no_runtime_clock_or_global() {
    // What would be found here stands in code; in comments and tests it may.
    let forbidden = [
        "tokio",
        "std::net::Tcp",
        "std::net::Udp",
        "std::fs",
        "std::env",
        "std::thread",
        "Instant::now",
        "SystemTime::now",
        "OnceLock",
        "LazyLock",
        "thread_local!",
        "static mut",
    ];
    for package in packages().iter().filter(|it| PURE.contains(&it.name.as_str())) {
        assert!(
            !package.dependencies.contains("tokio"),
            "{} depends on tokio",
            package.name
        );
        for file in files(&root().join("crates").join(&package.name).join("src"), "rs") {
            for line in code(&file).lines() {
                for word in forbidden {
                    assert!(!line.contains(word), "{}: {word} in `{}`", file.display(), line.trim());
                }
            }
        }
    }
}

/// The file without comments, and without the unit tests at its end.
fn code(file: &Path) -> String {
    let text = read(file);
    let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = shipped.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_code_map_names_every_crate() {
    let page = read(&root().join("ARCHITECTURE.md"));
    for package in packages() {
        let heading = format!("### `{}`", package.name);
        assert!(page.contains(&heading), "ARCHITECTURE.md has no section {heading}");
    }
}

#[test]
fn every_test_and_file_that_the_page_names_is_there() {
    let page = read(&root().join("ARCHITECTURE.md"));
    let tests = tests_of_the_workspace();
    for word in page.split('`').skip(1).step_by(2) {
        if let Some(test) = word.strip_prefix("test ") {
            assert!(tests.contains(test), "ARCHITECTURE.md names the test {test}");
        } else if word.contains('/') && !word.contains([' ', '*', ':']) {
            assert!(root().join(word).exists(), "ARCHITECTURE.md names {word}");
        }
    }
}

#[test]
fn every_invariant_has_a_test() {
    let page = read(&root().join("ARCHITECTURE.md"));
    let (_, rest) = page.split_once("## Invariants").unwrap();
    let section = rest.split("\n## ").next().unwrap();
    for number in 1..=8 {
        let (_, invariant) = section.split_once(&format!("\n{number}. **")).unwrap();
        let invariant = invariant.split(&format!("\n{}. **", number + 1)).next().unwrap();
        assert!(invariant.contains("`test "), "{invariant}");
    }
}

/// The names of all functions in tests and in files with tests.
fn tests_of_the_workspace() -> BTreeSet<String> {
    let folders: Vec<PathBuf> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let mut names = BTreeSet::new();
    for folder in folders {
        for file in files(&folder, "rs") {
            let text = read(&file);
            let functions = text.split("fn ").skip(1);
            names.extend(functions.filter_map(|rest| Some(rest.split_once('(')?.0.trim().to_owned())));
        }
    }
    names
}
