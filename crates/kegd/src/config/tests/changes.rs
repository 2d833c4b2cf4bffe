//! What a change of configuration means for what is running.

use super::super::{Change, Changes, ListenerChange, changes};
use super::{CERTIFICATE, FULL, environment};

/// The changes between the full configuration and one in which the first `from` is `to`.
#[track_caller]
fn after(from: &str, to: &str) -> Changes {
    assert!(FULL.contains(from), "{from}");
    changes(&super::config(FULL), &super::config(&FULL.replacen(from, to, 1)))
}

/// Checks what a change means for the backend cluster, the virtual clusters team-a and team-b, and the listener.
#[track_caller]
fn check(from: &str, to: &str, backend: Change, teams: [Change; 2], listener: ListenerChange) {
    let changes = after(from, to);
    assert_eq!(changes.backend_clusters["main"], backend, "backend: {to}");
    assert_eq!(changes.virtual_clusters["team-a"], teams[0], "team-a: {to}");
    assert_eq!(changes.virtual_clusters["team-b"], teams[1], "team-b: {to}");
    assert_eq!(changes.listeners["local"], listener, "listener: {to}");
}

use Change::{Drain, Live, Unchanged};
use ListenerChange::{Kept, Moved};

#[test]
fn the_same_configuration_changes_nothing() {
    let config = super::config(FULL);
    let changes = changes(&config, &config.clone());
    assert!(changes.is_empty());
    assert_eq!(changes.listeners["local"], ListenerChange::Unchanged);
    let comment = after("runtime:", "# a comment\nruntime:");
    assert!(comment.is_empty(), "{comment:?}");
}

#[test]
fn policies_are_live_for_their_virtual_cluster_alone() {
    check("[create_topics, 20]", "[20]", Unchanged, [Live, Unchanged], Kept);
    check("enabled: false", "enabled: true", Unchanged, [Live, Unchanged], Kept);
    check("topic: legacy", "topic: older", Unchanged, [Live, Unchanged], Kept);
}

#[test]
fn namespace_and_label_drain_their_virtual_cluster_alone() {
    check("prefix: team-b-", "prefix: b-", Unchanged, [Unchanged, Drain], Kept);
    check(
        "mode: hide_prefix",
        "mode: enforce_prefix",
        Unchanged,
        [Drain, Unchanged],
        Kept,
    );
    check(
        "glob: \"shared-*\"",
        "glob: \"common-*\"",
        Unchanged,
        [Drain, Unchanged],
        Kept,
    );
    check(
        "conflict: ignore",
        "conflict: warn",
        Unchanged,
        [Drain, Unchanged],
        Kept,
    );
    check(
        "value: old group",
        "value: older group",
        Unchanged,
        [Drain, Unchanged],
        Kept,
    );
    check("dns_label: team-b", "dns_label: b", Unchanged, [Unchanged, Drain], Kept);
}

#[test]
fn the_target_of_a_backend_drains_and_its_credentials_are_live() {
    check("kafka2:9092", "kafka3:9092", Drain, [Drain, Drain], Kept);
    check("skip_verify: false", "skip_verify: true", Drain, [Drain, Drain], Kept);
    check(
        "tls:\n      enabled: true",
        "tls:\n      enabled: false",
        Drain,
        [Drain, Drain],
        Kept,
    );
    check(
        "${file['ca.pem']}",
        "${file['clients-ca.pem']}",
        Unchanged,
        [Unchanged; 2],
        ListenerChange::Unchanged,
    );
    check("interval_seconds: 30", "interval_seconds: 60", Live, [Live, Live], Kept);
    check("[tls13]", "[tls12]", Live, [Live, Live], Kept);
    let renewed = environment().with_variable("CLIENT_KEY", "-----BEGIN PRIVATE KEY-----\nnew");
    let renewed = super::super::parse(FULL, &renewed).unwrap();
    let changes = changes(&super::config(FULL), &renewed);
    assert_eq!(changes.backend_clusters["main"], Live);
}

#[test]
fn routing_drains_whom_it_routes() {
    check(
        "min_broker_id: 1",
        "min_broker_id: 2",
        Unchanged,
        [Drain, Unchanged],
        Kept,
    );
    check("sni_suffix: .keg", "sni_suffix: .gek", Unchanged, [Drain, Drain], Kept);
    check("broker-{node_id}", "node-{node_id}", Drain, [Unchanged; 2], Kept);
    check(
        "name: team-b }, advertised_host: localhost",
        "name: team-b }, advertised_host: here",
        Unchanged,
        [Unchanged, Drain],
        Kept,
    );
}

#[test]
fn certificates_and_what_is_demanded_of_those_of_clients_are_live_and_plaintext_drains() {
    let other = environment().with_file("tls.crt", format!("{CERTIFICATE}{CERTIFICATE}"));
    let renewed = super::super::parse(FULL, &other).unwrap();
    let changes = changes(&super::config(FULL), &renewed);
    assert_eq!(changes.virtual_clusters["team-a"], Unchanged);
    assert_eq!(changes.listeners["local"], Kept);
    check("min: TLSv1.2", "min: TLSv1.3", Unchanged, [Unchanged; 2], Kept);
    check("mode: required", "mode: requested", Unchanged, [Unchanged; 2], Kept);
    check("$1/L, DEFAULT", "$1/L", Unchanged, [Unchanged; 2], Kept);
    check("_source: san_uri", "_source: san_dns", Unchanged, [Unchanged; 2], Kept);
    let (rules, _) = FULL.split_once("      - type: forward_to_backend_cluster").unwrap();
    let (_, bundles) = FULL.split_once("\ntls_trust_bundles").unwrap();
    let encrypted = format!("{rules}\ntls_trust_bundles{bundles}");
    let plaintext = encrypted.replace("allow_plaintext: false", "allow_plaintext: true");
    let changes = super::super::changes(&super::config(&encrypted), &super::config(&plaintext));
    assert_eq!(changes.virtual_clusters["team-a"], Drain);
}

#[test]
fn sockets_stay_while_addresses_and_ports_do() {
    check("127.0.0.1, \"::1\"", "127.0.0.1", Unchanged, [Unchanged; 2], Moved);
    check(
        "127.0.0.1, \"::1\"",
        "\"::1\", 127.0.0.1",
        Unchanged,
        [Unchanged; 2],
        Kept,
    );
    check("19097]", "19097, 19098]", Unchanged, [Unchanged; 2], Moved);
    let renamed = after("- name: local", "- name: outside");
    assert_eq!(renamed.listeners["local"], ListenerChange::Removed);
    assert_eq!(renamed.listeners["outside"], ListenerChange::Added);
    assert_eq!(renamed.virtual_clusters["team-a"], Unchanged);
}

#[test]
fn what_comes_and_goes_is_added_and_removed() {
    let without = FULL
        .replace("  - name: team-b\n", "  - name: team-c\n")
        .replace("name: team-b }", "name: team-c }");
    let changes = changes(&super::config(FULL), &super::config(&without));
    assert_eq!(changes.virtual_clusters["team-b"], Change::Removed);
    assert_eq!(changes.virtual_clusters["team-c"], Change::Added);
    assert_eq!(changes.virtual_clusters["team-a"], Unchanged);
}

#[test]
fn runtime_and_observability_are_told_apart() {
    let runtime = after("drain_duration: 5s", "drain_duration: 6s");
    assert!(runtime.runtime && !runtime.observability && !runtime.is_empty());
    assert!(after("busy_poll: 10ms", "busy_poll: 0s").runtime);
    let observability = after("log_format: json", "log_format: logfmt");
    assert!(observability.observability && !observability.runtime);
    assert_eq!(observability.virtual_clusters["team-a"], Unchanged);
}
