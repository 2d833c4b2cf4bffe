//! What is wrong with a value, and how it is said.

use super::super::environment::MemoryEnvironment;
use super::super::parse;
use super::samples::{TLS, backend, check, check_one, listener, virtual_clusters};
use super::{config, problems};

const TEN: &str = include_str!("ten_mistakes.yaml");

#[test]
fn ten_mistakes_are_ten_problems() {
    check(
        TEN,
        &[
            "2:19: runtime.drain_duration: expected a duration such as 5s, 100ms or 1h30m, found \"5 seconds\"",
            "4:15: observability.log_format: unknown value \"jsn\" (did you mean json? allowed: logfmt, json)",
            "7:5: backend_clusters[0]: unknown field \"bootstrap_server\" (did you mean bootstrap_servers?)",
            "10:25: backend_clusters[1].bootstrap_servers[0]: expected a host and a port, as in kafka1:9092, found \"kafka2\"",
            "11:29: backend_clusters[1].authentication.type: unknown type \"sasl_gssapi\" (supported: anonymous, sasl_plain, sasl_scram, oauth_bearer)",
            "14:26: virtual_clusters[0].destination.name: there is no backend cluster \"mian\" (did you mean main?)",
            "19:22: virtual_clusters[1].authentication[0]: the backend cluster \"other\" does not allow anonymous clients (set insecure_allow_anonymous_virtual_cluster_auth: true on the backend cluster)",
            "20:45: virtual_clusters[1].topic_aliases[0].topic: \"orders\" is an alias of itself (remove it, or name another topic)",
            "23:17: listeners[0].addresses[0]: expected an IP address such as 127.0.0.1, 0.0.0.0 or ::, found \"localhost\"",
            "27:106: listeners[0].policies[0].config.ports[0]: the listener has no port 9095 (its ports: 9092-9094)",
        ],
    );
}

#[test]
fn sockets_are_not_polled_for_longer_than_a_second_without_traffic() {
    check(
        "runtime: { busy_poll: 2s }",
        &["1:23: runtime.busy_poll: expected a duration up to 1s, such as 10ms, or 0s for not at all, found \"2s\""],
    );
}

#[test]
fn yaml_that_is_not_yaml_is_one_problem() {
    check_one("a: [", "1:", "not valid YAML");
    check_one("a: b: c", "1:", "not valid YAML");
    check_one("\"", "1:", "not valid YAML");
}

#[test]
fn duplicate_keys_are_problems_at_any_depth() {
    check(
        "runtime:\n  drain_duration: 1s\n  drain_duration: 2s\n",
        &["3:3: duplicate key \"drain_duration\", first given in line 2"],
    );
    check_one("runtime: {}\nruntime: {}\n", "2:1", "duplicate key \"runtime\"");
    check_one("{ [a]: b }", "1:3", "expected text as a key, found a list");
}

#[test]
fn unknown_fields_are_problems_with_a_hint() {
    check_one(
        "runtimes: {}",
        "1:1",
        "unknown field \"runtimes\" (did you mean runtime?)",
    );
    check_one(
        "runtime: { x: 1 }",
        "runtime: unknown field \"x\"",
        "known: health_listener_address_port, ",
    );
    check_one("<<: {}", "1:1", "merge keys");
    check_one(
        &backend("authentication: { type: anonymous, user: ann }\nbootstrap_servers: [k:1]"),
        "backend_clusters[0].authentication",
        "unknown field \"user\" (known: type)",
    );
}

#[test]
fn values_of_the_wrong_kind_are_problems() {
    let fields = "bootstrap_servers: [k:1]\nauthentication: { type: anonymous }\n";
    for (field, path, message) in [
        ("tls: []", ".tls", "expected a mapping, found a list"),
        ("tls: on", ".tls", "expected a mapping, found text"),
        ("description: 12", ".description", "found a number (put it in quotes)"),
        ("description: {}", ".description", "found a mapping"),
        ("labels: { a: true }", ".labels.a", "found a boolean (put it in quotes)"),
        (
            "insecure_allow_anonymous_virtual_cluster_auth: Enabled",
            "auth:",
            "expected true or false, found \"Enabled\"",
        ),
        (
            "insecure_allow_anonymous_virtual_cluster_auth: \"true\"",
            "auth:",
            "expected true or false",
        ),
        (
            "metadata_update_interval_seconds: 0",
            "seconds:",
            "expected a whole number from 1 to 43200, found \"0\"",
        ),
        ("metadata_update_interval_seconds: 1.5", "seconds:", "found \"1.5\""),
        ("metadata_update_interval_seconds: 43201", "seconds:", "found \"43201\""),
        (
            "tls: { enabled: true, tls_versions: [] }",
            ".tls.tls_versions",
            "at least one",
        ),
        (
            "tls: { enabled: true, tls_versions: [tls11] }",
            ".tls.tls_versions[0]",
            "allowed: tls12, tls13",
        ),
        ("tls: {}", ".tls", "the required field enabled is missing"),
        (
            "tls: { enabled: ~ }",
            ".tls.enabled",
            "the required field enabled is missing",
        ),
        (
            "tls: { enabled: true, ca_bundle: /etc/ca.pem }",
            ".tls.ca_bundle",
            "to take it from a file",
        ),
    ] {
        check_one(&backend(&format!("{fields}{field}")), path, message);
    }
    check_one("[]", "1:1", "expected a mapping, found a list");
    check_one("text", "1:1", "expected a mapping, found text");
    check_one("listeners: {}", "listeners", "expected a list, found a mapping");
    check_one("listeners: [~]", "listeners[0]", "expected a mapping, found nothing");
}

#[test]
fn required_fields_are_required() {
    check(
        "backend_clusters:\n- {}\nvirtual_clusters:\n- {}\nlisteners:\n- {}\ntls_trust_bundles:\n- {}\n",
        &[
            "2:3: backend_clusters[0]: the required field name is missing",
            "2:3: backend_clusters[0]: the required field bootstrap_servers is missing",
            "2:3: backend_clusters[0]: the required field authentication is missing",
            "4:3: virtual_clusters[0]: the required field name is missing",
            "4:3: virtual_clusters[0]: the required field destination is missing",
            "4:3: virtual_clusters[0]: the required field authentication is missing",
            "6:3: listeners[0]: the required field name is missing",
            "6:3: listeners[0]: the required field addresses is missing",
            "6:3: listeners[0]: the required field ports is missing",
            "8:3: tls_trust_bundles[0]: the required field name is missing",
            "8:3: tls_trust_bundles[0]: the required field config is missing",
        ],
    );
}

#[test]
fn what_keg_lacks_is_refused_and_not_ignored() {
    let supported = "is not supported by this version of keg";
    for (fields, path) in [
        (
            "produce_policies: [{ type: encrypt }]",
            "virtual_clusters[0].produce_policies",
        ),
        (
            "consume_policies: [{ type: decrypt }]",
            "virtual_clusters[0].consume_policies",
        ),
    ] {
        check_one(&virtual_clusters(&[fields]), path, supported);
    }
    let conditional = TLS.replacen('{', "{ condition: \"true\",", 1);
    check_one(
        &listener("[9092]", &[&conditional]),
        "listeners[0].policies[0].condition",
        supported,
    );
    for field in ["schema_registries", "static_keys"] {
        check_one(&format!("{field}: [{{ name: a }}]"), field, supported);
    }
    check_one(
        "observability: { otel: { traces: {} } }",
        "observability.otel",
        supported,
    );
}

#[test]
fn additional_names_are_patterns_and_lists_of_legal_names() {
    let additional = |fields: &str| {
        let namespace = format!("namespace: {{ mode: hide_prefix, prefix: a-, additional: {{ {fields} }} }}");
        virtual_clusters(&[&namespace])
    };
    for (fields, path, message) in [
        (
            "topics: [{ type: glob, glob: \"[ab]*\" }]",
            "additional.topics[0].glob",
            "expected a pattern of 1 to 253 letters, digits, dots, underscores, hyphens, * and ?, as in shared-*, found \"[ab]*\"",
        ),
        (
            "topics: [{ type: glob }]",
            "additional.topics[0]",
            "the required field glob is missing",
        ),
        (
            "topics: [{ type: regex, glob: x }]",
            "additional.topics[0].type",
            "unknown type \"regex\" (supported: glob, exact_list)",
        ),
        (
            "topics: [{ type: glob, glob: x, conflict: fail }]",
            "additional.topics[0].conflict",
            "allowed: warn, ignore",
        ),
        (
            "topics: [{ type: exact_list, exact_list: [] }]",
            "additional.topics[0].exact_list",
            "expected at least one item",
        ),
        (
            "topics: [{ type: exact_list, exact_list: [{ backend: a/b }] }]",
            "additional.topics[0].exact_list[0].backend",
            "expected a topic's name",
        ),
        (
            "topics: [{ type: exact_list, exact_list: [{ backend: __consumer_offsets }] }]",
            "additional.topics[0].exact_list[0].backend",
            "\"__consumer_offsets\" is Kafka's own, and never shown (remove it)",
        ),
        (
            "consumer_groups: [{ type: glob, glob: x, conflict: warn }]",
            "additional.consumer_groups[0]",
            "unknown field \"conflict\"",
        ),
        (
            "consumer_groups: [{ type: exact_list, exact_list: [{ value: \"\" }] }]",
            "additional.consumer_groups[0].exact_list[0].value",
            "expected a group's name",
        ),
    ] {
        check_one(&additional(fields), path, message);
    }
    config(&additional(""));
    config(&additional("topics: [], consumer_groups: []"));
}

#[test]
fn unknown_types_and_missing_types_name_the_known_ones() {
    check_one(
        &listener("[9092]", &["{ type: tls, config: {} }"]),
        "policies[0].type",
        "supported: tls_server, forward_to_virtual_cluster",
    );
    check_one(
        &listener("[9092]", &["{ config: {} }"]),
        "policies[0]",
        "the required field type is missing (supported: ",
    );
    check_one(
        &virtual_clusters(&["cluster_policies: [{ type: quota }]"]),
        "cluster_policies[0].type",
        "unknown type \"quota\" (supported: acls, block_apis)",
    );
}

#[test]
fn templates_that_give_nothing_name_the_variable_or_the_file() {
    let environment = MemoryEnvironment::new()
        .with_variable("EMPTY", "")
        .with_variable("PORT", "80 80")
        .with_file("empty", "\n")
        .with_file("binary", [0xff, 0xfe])
        .with_file("long", vec![b'a'; 1024 * 1024 + 1]);
    for (template, message) in [
        ("${env['NONE']}", "the environment variable NONE is not set"),
        ("${vault.env['NONE']}", "the environment variable NONE is not set"),
        ("${env['EMPTY']}", "the environment variable EMPTY is empty"),
        ("${file['none']}", "can't read the file none: entity not found"),
        ("${file['empty']}", "the file empty is empty"),
        ("${file['binary']}", "the file binary is not UTF-8 text"),
        ("${file['long']}", "the file long is longer than 1048576 bytes"),
        ("${env['PORT']}", "found the value of ${env['PORT']}"),
        ("x${env['PORT']}", "a template must be the whole value"),
        ("${env['PORT']}x", "a template must be the whole value"),
        ("${env[PORT]}", "not a template that keg knows"),
        ("${env['']}", "not a template that keg knows"),
        ("${PORT}", "not a template that keg knows"),
        ("${vault.aws['x']}", "not a template that keg knows"),
    ] {
        let text = format!("runtime: {{ health_listener_address_port: \"{template}\" }}");
        let problems = parse(&text, &environment).unwrap_err().to_string();
        assert_eq!(problems.lines().count(), 1, "{problems}");
        assert!(
            problems.contains("runtime.health_listener_address_port: "),
            "{problems}"
        );
        assert!(problems.contains(message), "expected {message} in {problems}");
    }
}

#[test]
fn long_and_strange_values_are_cut_and_escaped() {
    let text = format!("observability: {{ log_format: \"\\e[31m{}\" }}", "x".repeat(1000));
    let problems = problems(&text);
    assert!(problems.len() < 250, "{problems}");
    assert!(problems.contains("\\u{1b}[31mxxx"), "{problems}");
}

#[test]
fn apis_are_names_that_kafka_has_or_numbers() {
    let block = |api: &str| {
        virtual_clusters(&[&format!(
            "cluster_policies: [{{ type: block_apis, config: {{ apis: [{api}] }} }}]"
        )])
    };
    for api in ["create_topics", "19", "\"19\"", "32767", "0"] {
        config(&block(api));
    }
    for (api, message) in [
        ("creat_topics", "found \"creat_topics\" (did you mean create_topics?)"),
        ("CreateTopics", "found \"CreateTopics\" (did you mean create_topics?)"),
        ("createtopics", "(did you mean create_topics?)"),
        ("everything", "found \"everything\""),
        ("32768", "found \"32768\""),
        ("-1", "found \"-1\""),
        ("\"\"", "found \"\""),
        ("true", "found \"true\""),
    ] {
        check_one(&block(api), "cluster_policies[0].config.apis[0]", message);
    }
}
