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

/// Asks the rules of a configuration about a virtual cluster.
fn acl_check(configuration: &str, cluster: &str, asked: &[&str]) -> Output {
    let command = ["acl", "check", "--config", "-", "--virtual-cluster", cluster];
    kegd(&[&command, asked].concat(), configuration)
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

#[test]
fn the_rules_of_a_configuration_say_what_they_allow_and_why() {
    let text = "
        backend_clusters:
        - { name: main, bootstrap_servers: [kafka:9092], authentication: { type: anonymous },
            insecure_allow_anonymous_virtual_cluster_auth: true }
        virtual_clusters:
        - name: team-a
          destination: { name: main }
          authentication: [{ type: anonymous }]
          acl_mode: enforce_on_gateway
          cluster_policies:
          - type: acls
            name: readers
            config:
              rules:
              - { resource_type: topic, action: allow, operations: [{ name: read }], resource_names: [{ match: 'orders*' }] }
              - { resource_type: topic, action: deny, operations: [{ name: read }], resource_names: [{ match: orders-secret }] }
        - { name: open, destination: { name: main }, authentication: [{ type: anonymous }] }
    ";
    let check = |cluster: &str, operation: &str, resource: &str| {
        let asked = ["--principal", "ann", "--operation", operation, "--resource", resource];
        let output = acl_check(text, cluster, &asked);
        (output.status.code(), stdout(&output).trim_end().to_owned())
    };
    for (cluster, operation, resource, code, line) in [
        (
            "team-a",
            "read",
            "topic:orders",
            0,
            "allowed: User:ann read topic orders: by rule 0 of the policy `readers`",
        ),
        (
            "team-a",
            "describe",
            "topic:orders",
            0,
            "allowed: User:ann describe topic orders: by rule 0 of the policy `readers`",
        ),
        (
            "team-a",
            "read",
            "topic:orders-secret",
            1,
            "denied: User:ann read topic orders-secret: by rule 1 of the policy `readers`",
        ),
        (
            "team-a",
            "write",
            "topic:orders",
            1,
            "denied: User:ann write topic orders: no rule allows it",
        ),
        (
            "open",
            "read",
            "topic:orders",
            2,
            "the backend cluster decides: acl_mode is passthrough",
        ),
        (
            "team-z",
            "read",
            "topic:orders",
            2,
            "there is no virtual cluster \"team-z\"; there are team-a, open",
        ),
    ] {
        assert_eq!(check(cluster, operation, resource), (Some(code), line.to_owned()));
    }
    let asked = [
        "--principal",
        "ann",
        "--operation",
        "look",
        "--resource",
        "topic:orders",
    ];
    let unknown = acl_check(text, "team-a", &asked);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("unknown operation `look`; there are read, write"));
}

/// A virtual cluster in which topics may be read that an expression names, by clients of which a condition holds.
fn own_topics(condition: &str, names: &str) -> String {
    format!(
        "
        backend_clusters:
        - {{ name: main, bootstrap_servers: [kafka:9092], authentication: {{ type: anonymous }},
            insecure_allow_anonymous_virtual_cluster_auth: true }}
        virtual_clusters:
        - name: team-a
          destination: {{ name: main }}
          authentication: [{{ type: anonymous }}]
          acl_mode: enforce_on_gateway
          cluster_policies:
          - type: acls
            name: own
            condition: {condition}
            config:
              rules:
              - {{ resource_type: topic, action: allow, operations: [{{ name: read }}],
                  resource_names: \"{names}\" }}
    "
    )
}

#[test]
fn rules_are_explained_for_clients_of_a_name_and_from_a_place() {
    let text = own_topics(
        "context.listener.name == 'internal' && context.source.address.startsWith('10.')",
        "[context.auth.principal.name + '-*']",
    );
    let (internal, external) = (
        ["--listener", "internal", "--source", "10.0.0.1"],
        ["--listener", "public", "--source", "10.0.0.1"],
    );
    for (principal, topic, from, code) in [
        ("ann", "topic:ann-orders", &internal[..], 0),
        ("bob", "topic:ann-orders", &internal, 1),
        ("*", "topic:ann-orders", &internal, 1),
        ("ann", "topic:ann-orders", &external, 1),
        ("ann", "topic:ann-orders", &[], 1),
    ] {
        let asked = ["--principal", principal, "--operation", "read", "--resource", topic];
        let asked = [&asked, from].concat();
        assert_eq!(
            acl_check(&text, "team-a", &asked).status.code(),
            Some(code),
            "{asked:?}"
        );
    }
}

#[test]
fn a_password_is_hashed_and_the_hash_is_one() {
    let output = kegd(&["hash-password", "--algorithm", "sha256"], "secret\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).starts_with("SCRAM-SHA-256$4096:"));
    assert!(!stdout(&output).contains("secret"));
    let nothing = kegd(&["hash-password"], "\n");
    assert_eq!(nothing.status.code(), Some(1));
    assert!(nothing.stdout.is_empty());
}

#[test]
fn rules_are_explained_for_what_a_client_proves() {
    let text = own_topics(
        ">-
              context.auth.type == 'sasl_oauth_bearer' && 'kafka' in context.auth.scopes
              && context.tls.subject.startsWith('CN=') && context.auth.claims.realm.level > 2
              && context.client_id == 'app'",
        "context.auth.claims.topics",
    );
    let all = [
        ["--auth-type", "sasl_oauth_bearer"],
        ["--scope", "kafka"],
        ["--tls-subject", "CN=ann"],
        ["--client-id", "app"],
        ["--claims", r#"{"realm":{"level":3},"topics":["orders"]}"#],
    ];
    let check = |topic: &str, left_out: Option<usize>| {
        let kept = all.iter().enumerate().filter(|(place, _)| Some(*place) != left_out);
        let mut asked = vec!["--principal", "ann", "--operation", "read", "--resource", topic];
        asked.extend(kept.flat_map(|(_, flag)| flag));
        acl_check(&text, "team-a", &asked).status.code()
    };
    assert_eq!(check("topic:orders", None), Some(0));
    assert_eq!(check("topic:other", None), Some(1));
    for (left_out, flag) in all.iter().enumerate() {
        assert_eq!(check("topic:orders", Some(left_out)), Some(1), "without {flag:?}");
    }
    let asked = [
        "--principal",
        "ann",
        "--operation",
        "read",
        "--resource",
        "topic:orders",
    ];
    for claims in ["[1]", "{"] {
        let output = acl_check(&text, "team-a", &[&asked[..], &["--claims", claims]].concat());
        assert_eq!(output.status.code(), Some(2), "{claims}");
    }
}
