//! Where configurations come from, and what they may cost.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;

use super::super::environment::{Environment, MemoryEnvironment, SystemEnvironment};
use super::super::{Input, Loaded, load, parse};
use super::{CERTIFICATE, problems};

const BACKEND: &str = "backend_clusters: [{ name: main, bootstrap_servers: [k:1], authentication: { type: anonymous }, \
     insecure_allow_anonymous_virtual_cluster_auth: true }]";
const VIRTUAL_CLUSTER: &str =
    "virtual_clusters: [{ name: NAME, destination: { name: main }, authentication: [{ type: anonymous }] }]";

fn load_path(path: &str, environment: &dyn Environment) -> Loaded {
    load(&path.parse().unwrap(), environment)
}

fn paths(paths: &[&str]) -> BTreeSet<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}

#[test]
fn a_directory_is_merged_in_name_order() {
    let environment = MemoryEnvironment::new()
        .with_file("/conf/20-b.yml", VIRTUAL_CLUSTER.replace("NAME", "b"))
        .with_file("/conf/10-a.yaml", VIRTUAL_CLUSTER.replace("NAME", "a"))
        .with_file(
            "/conf/30-main.yaml",
            format!("{BACKEND}\nruntime: {{ drain_duration: 7s }}"),
        )
        .with_file(
            "/conf/40-more.yaml",
            VIRTUAL_CLUSTER.replace("NAME", "c") + "\n---\nobservability: {}\n",
        )
        .with_file("/conf/.hidden.yaml", "nonsense")
        .with_file("/conf/notes.txt", "nonsense")
        .with_file("/conf/sub/deep.yaml", "nonsense");
    let loaded = load_path("/conf", &environment);
    let config = loaded.result.unwrap();
    let names: Vec<_> = config.virtual_clusters.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(config.runtime.drain_duration.as_secs(), 7);
    assert_eq!(
        loaded.files,
        paths(&[
            "/conf",
            "/conf/10-a.yaml",
            "/conf/20-b.yml",
            "/conf/30-main.yaml",
            "/conf/40-more.yaml"
        ])
    );
}

#[test]
fn problems_of_a_directory_name_their_files() {
    let environment = MemoryEnvironment::new()
        .with_file("/conf/a.yaml", format!("{BACKEND}\nruntime: {{}}"))
        .with_file(
            "/conf/b.yaml",
            format!("runtime: {{}}\n{BACKEND}\nobservability: {{ log_flags: loud }}"),
        );
    let problems = load_path("/conf", &environment).result.unwrap_err().to_string();
    let lines: Vec<_> = problems.lines().collect();
    assert_eq!(lines.len(), 3, "{problems}");
    assert_eq!(
        lines[0],
        "/conf/b.yaml:1:10: runtime: may be given once, and /conf/a.yaml:2 has it already (merge the two)"
    );
    assert!(lines[1].starts_with("/conf/b.yaml:2:28: backend_clusters[0].name: duplicate backend cluster name \"main\", first used at /conf/a.yaml:1"));
    assert!(lines[2].starts_with("/conf/b.yaml:3:29: observability.log_flags: "));
}

#[test]
fn a_file_that_does_not_parse_makes_no_unknown_references() {
    let environment = MemoryEnvironment::new()
        .with_file("/conf/a.yaml", format!("{BACKEND}\n]"))
        .with_file("/conf/b.yaml", VIRTUAL_CLUSTER);
    let problems = load_path("/conf", &environment).result.unwrap_err().to_string();
    assert_eq!(problems.lines().count(), 1, "{problems}");
    assert!(problems.starts_with("/conf/a.yaml:2:1: not valid YAML: "), "{problems}");
}

#[test]
fn unreadable_inputs_are_problems() {
    let environment = MemoryEnvironment::new()
        .with_file("/empty/notes.txt", "")
        .with_file("/binary.yaml", [0xc3, 0x28])
        .with_file("/long.yaml", vec![b' '; 4 * 1024 * 1024 + 1]);
    for (path, problem) in [
        ("/none.yaml", "/none.yaml: can't read it: entity not found"),
        ("/empty", "/empty: the directory holds no *.yaml or *.yml file"),
        ("/binary.yaml", "/binary.yaml: not UTF-8 text"),
        ("/long.yaml", "/long.yaml: longer than 4194304 bytes"),
    ] {
        let loaded = load_path(path, &environment);
        assert_eq!(loaded.result.unwrap_err().to_string(), problem);
        assert_eq!(loaded.files, paths(&[path]));
    }
}

#[test]
fn standard_input_is_a_dash() {
    let environment = MemoryEnvironment::new().with_standard_input(BACKEND);
    let loaded = load_path("-", &environment);
    assert_eq!(loaded.result.unwrap().backend_clusters.len(), 1);
    assert_eq!(loaded.files, paths(&[]));
    let environment = MemoryEnvironment::new().with_standard_input("nonsense: 1");
    let problems = load(&Input::StandardInput, &environment).result.unwrap_err();
    assert!(problems.to_string().starts_with("<stdin>:1:1: unknown field"));
}

#[test]
fn relative_paths_start_at_the_configuration_file_and_are_watched() {
    let bundle = "tls_trust_bundles: [{ name: c, config: { trusted_ca: \"${file['PATH']}\" } }]";
    let environment = MemoryEnvironment::new()
        .with_file("/conf/keg.yaml", bundle.replace("PATH", "tls/ca.pem"))
        .with_file("/conf/tls/ca.pem", CERTIFICATE)
        .with_file("/conf/absolute.yaml", bundle.replace("PATH", "/etc/ca.pem"));
    let loaded = load_path("/conf/keg.yaml", &environment);
    assert_eq!(loaded.result.unwrap().trust_bundles.len(), 1);
    assert_eq!(loaded.files, paths(&["/conf/keg.yaml", "/conf/tls/ca.pem"]));
    let missing = load_path("/conf/absolute.yaml", &environment);
    assert!(missing.result.is_err());
    assert_eq!(missing.files, paths(&["/conf/absolute.yaml", "/etc/ca.pem"]));
}

#[test]
fn the_files_of_this_machine_are_read() {
    let directory = std::env::temp_dir().join(format!("kegd-config-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("keg.yaml"), BACKEND).unwrap();
    let path = directory.display().to_string();
    let from_directory = load_path(&path, &SystemEnvironment);
    let from_file = load_path(&format!("{path}/keg.yaml"), &SystemEnvironment);
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(from_directory.result.unwrap(), from_file.result.unwrap());
    assert_eq!(SystemEnvironment.variable(""), None);
    assert_eq!(SystemEnvironment.variable("A=B"), None);
    assert!(SystemEnvironment.variable("PATH").is_some());
}

#[test]
fn anchors_stand_for_what_they_name() {
    let text = "
        backend_clusters:
        - &one
          name: main
          bootstrap_servers: &servers [k:1]
          authentication: &none { type: anonymous }
        - name: other
          bootstrap_servers: *servers
          authentication: *none
    ";
    let config = super::config(text);
    assert_eq!(
        config.backend_clusters[0].bootstrap_servers,
        config.backend_clusters[1].bootstrap_servers
    );
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (name, last) in ('b'..='z').zip('a'..) {
        let aliases = vec![format!("*{last}"); 10].join(", ");
        bomb += &format!("{name}: &{name} [{aliases}]\n");
    }
    let problems = problems(&bomb);
    assert_eq!(problems.lines().count(), 1, "{problems}");
    assert!(problems.contains("too much: more than 200000 values"), "{problems}");
    let own = super::problems("a: &a [*a]");
    assert!(own.contains("an alias inside the value that it names"), "{own}");
}

#[test]
fn deep_nesting_is_refused() {
    for text in ["[".repeat(100), "{a: ".repeat(100), "- ".repeat(100_000)] {
        let problems = problems(&text);
        assert!(problems.contains("nested more than 64 levels deep"), "{problems}");
    }
    assert!(!problems(&"[".repeat(1_000_000)).is_empty());
    let chain: String = (1..100).map(|n| format!("k{n}: &a{n} [*a{}]\n", n - 1)).collect();
    let problems = problems(&format!("k0: &a0 []\n{chain}"));
    assert!(problems.contains("64 levels"), "{problems}");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,200}") {
        let _ = parse(&text, &MemoryEnvironment::new());
    }

    #[test]
    fn arbitrary_yaml_never_panics(text in "[-a-z0-9 \\n:,\\[\\]{}&*!|>'\"%#?@~$.]{0,200}") {
        if let Err(problems) = parse(&text, &MemoryEnvironment::new()) {
            prop_assert!(problems.iter().len() > 0);
        }
    }

    #[test]
    fn a_damaged_configuration_is_loaded_or_refused_for_a_reason(
        start in 0..super::FULL.len(),
        length in 0..20_usize,
        insert in "[-a-z0-9 \\n:,\\[\\]{}&*!'\"$]{0,8}",
    ) {
        let mut bytes = super::FULL.as_bytes().to_vec();
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, insert.into_bytes());
        if let Ok(text) = String::from_utf8(bytes)
            && let Err(problems) = super::load(&text)
        {
            let text = problems.to_string();
            prop_assert!(problems.iter().len() > 0);
            prop_assert!(!text.contains("without a reason"), "{}", text);
            prop_assert!(!text.contains("hunter2"), "{}", text);
        }
    }
}
