//! No message and no `Debug` holds a secret, or a value that came out of a template.

use super::super::parse;
use super::{FULL, config, environment};

#[test]
fn debug_of_a_configuration_shows_no_key() {
    let config = config(FULL);
    let debug = format!("{config:#?}");
    assert!(debug.contains("***"));
    assert!(!debug.contains("hunter2"));
}

#[test]
fn no_problem_shows_a_secret() {
    let environment = environment().with_variable("SECRET", "hunter2");
    let backend = |fields: &str| format!("backend_clusters: [{{ name: main, {fields} }}]");
    let tls = |key: &str| {
        backend(&format!(
            "tls: {{ enabled: true, client_identity: {{ certificate: \"${{file['ca.pem']}}\", key: {key} }} }}"
        ))
    };
    for text in [
        tls("hunter2"),
        tls("\"hunter2\""),
        tls("[hunter2]"),
        tls("{ inline: hunter2 }"),
        tls("12345"),
        tls("\"${env['SECRET']}\""),
        tls("\"${env['SECRET']} hunter2\""),
        tls("\"${enw['SECRET']}hunter2}\""),
        backend("insecure_allow_anonymous_virtual_cluster_auth: \"${env['SECRET']}\""),
        backend("metadata_update_interval_seconds: \"${env['SECRET']}\""),
        backend("bootstrap_servers: [\"${env['SECRET']}\"]"),
        backend("authentication: { type: \"${env['SECRET']}\" }"),
        backend("authentication: { type: sasl_plain, username: ann, password: hunter2 }"),
        backend("pasword: hunter2"),
        "observability: { log_format: \"${env['SECRET']}\" }".into(),
        "runtime: { drain_duration: \"${env['SECRET']}\" }".into(),
        "runtime: { scram_secret: hunter2 }".into(),
        "virtual_clusters: [{ name: a, destination: { name: \"${env['SECRET']}\" } }]".into(),
    ] {
        let problems = parse(&text, &environment).unwrap_err().to_string();
        assert!(!problems.contains("hunter2"), "{text}\ngives\n{problems}");
        assert!(!problems.contains("12345"), "{text}\ngives\n{problems}");
    }
}
