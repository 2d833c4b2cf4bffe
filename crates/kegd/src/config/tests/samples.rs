//! Small configurations to put one mistake in, and checks of what is said about it.

use super::problems;

/// Checks that `text` has exactly these problems.
#[track_caller]
pub(super) fn check(text: &str, expected: &[&str]) {
    assert_eq!(problems(text).lines().collect::<Vec<_>>(), expected, "{text}");
}

/// A backend cluster with these fields beside its name.
pub(super) fn backend(fields: &str) -> String {
    format!("backend_clusters:\n- name: main\n{}", indent(fields))
}

pub(super) const BACKEND: &str = "backend_clusters: [{ name: main, bootstrap_servers: [k:9092], authentication: { type: anonymous }, \
     insecure_allow_anonymous_virtual_cluster_auth: true }]\n";

/// A good backend cluster, and virtual clusters with these fields beside what they need, called a, b and so on.
pub(super) fn virtual_clusters(all: &[&str]) -> String {
    let mut text = format!("{BACKEND}virtual_clusters:\n");
    for (fields, name) in all.iter().zip('a'..) {
        let needed = "destination: { name: main }, authentication: [{ type: anonymous }]";
        text += &format!("- {{ name: {name}, {needed}, {fields} }}\n");
    }
    text
}

/// A good backend cluster, a good virtual cluster `a`, and a listener with these ports and policies.
pub(super) fn listener(ports: &str, policies: &[&str]) -> String {
    let mut text = virtual_clusters(&["dns_label: a"]);
    text += &format!("listeners:\n- name: l\n  addresses: [127.0.0.1]\n  ports: {ports}\n  policies:\n");
    for policy in policies {
        text += &format!("  - {policy}\n");
    }
    text
}

pub(super) fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

pub(super) const TLS: &str = "{ type: tls_server, config: { certificates: [{ certificate: \"${file['tls.crt']}\", key: \"${file['tls.key']}\" }] } }";
pub(super) const SNI: &str = "{ type: forward_to_virtual_cluster, config: { type: sni } }";
pub(super) const PASSTHROUGH: &str = "{ type: forward_to_backend_cluster, config: { type: sni_passthrough, \
     destination: { name: main }, bootstrap_host: b.example, broker_host: \"n-{node_id}.example\" } }";

pub(super) fn port_mapping(fields: &str) -> String {
    format!(
        "{{ type: forward_to_virtual_cluster, config: {{ type: port_mapping, destination: {{ name: a }}, advertised_host: h{fields} }} }}"
    )
}

/// Checks that `text` has one problem, and that its line, path and message contain these.
#[track_caller]
pub(super) fn check_one(text: &str, path: &str, message: &str) {
    let problems = problems(text);
    let lines: Vec<_> = problems.lines().collect();
    let [line] = lines[..] else {
        panic!("expected one problem, found\n{problems}\nin\n{text}");
    };
    assert!(line.contains(path), "expected {path} in {line}");
    assert!(line.contains(message), "expected {message} in {line}");
}
