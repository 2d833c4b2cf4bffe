//! What is wrong between entities.

use super::samples::{BACKEND, PASSTHROUGH, SNI, TLS, check, check_one, listener, port_mapping, virtual_clusters};
use super::{config, problems};

#[test]
fn names_are_unique_in_their_kind() {
    let two = "{ name: a, bootstrap_servers: [k:1], authentication: { type: anonymous } }";
    check(
        &format!("backend_clusters:\n- {two}\n- {two}\n"),
        &["3:11: backend_clusters[1].name: duplicate backend cluster name \"a\", first used at 2 (give each its own)"],
    );
    let policies = "cluster_policies: [{ type: block_apis, name: p, config: { apis: [fetch] } }, { type: block_apis, name: p, config: { apis: [fetch] } }]";
    check_one(
        &virtual_clusters(&[policies]),
        "cluster_policies[1].name",
        "duplicate policy name \"p\"",
    );
    check_one(
        &virtual_clusters(&["dns_label: x", "dns_label: x"]),
        "virtual_clusters[1].dns_label",
        "duplicate dns_label \"x\"",
    );
}

#[test]
fn references_name_something_that_exists() {
    let text = virtual_clusters(&[""]).replace("name: main }, auth", "name: elsewhere }, auth");
    check_one(
        &text,
        "virtual_clusters[0].destination.name",
        "there is no backend cluster \"elsewhere\" (known: main)",
    );
    let text = "virtual_clusters: [{ name: a, destination: { name: main }, authentication: [{ type: anonymous }] }]";
    check_one(text, "destination.name", "(no backend cluster is declared)");
    check_one(
        &listener("[1-3]", &[&port_mapping("").replace("name: a", "name: b")]),
        "config.destination.name",
        "there is no virtual cluster \"b\" (did you mean a?)",
    );
    check_one(
        &listener("[1]", &[&PASSTHROUGH.replace("main", "minor")]),
        "config.destination.name",
        "there is no backend cluster \"minor\"",
    );
    let mapping = TLS.replace(
        "}] }",
        "}], client_authentication: { mode: requested, tls_trust_bundles: [{ name: c }] } }",
    );
    check_one(
        &listener("[1]", &[&mapping]),
        "tls_trust_bundles[0].name",
        "there is no trust bundle \"c\"",
    );
}

#[test]
fn a_reference_to_something_broken_is_not_a_second_problem() {
    let broken_name =
        "backend_clusters: [{ nmae: main, bootstrap_servers: [k:1], authentication: { type: anonymous } }]\n";
    let user = "virtual_clusters: [{ name: a, destination: { name: main }, authentication: [{ type: anonymous }] }]";
    check_one(
        &format!("{broken_name}{user}"),
        "backend_clusters[0]",
        "unknown field \"nmae\"",
    );
    let broken_server = BACKEND.replace("k:9092", "k");
    check_one(
        &format!("{broken_server}{user}"),
        "bootstrap_servers[0]",
        "expected a host and a port",
    );
    check_one(
        &format!("backend_clusters: [main]\n{user}"),
        "backend_clusters[0]",
        "expected a mapping",
    );
    check_one(
        &format!("backend_clusters: main\n{user}"),
        "backend_clusters",
        "expected a list",
    );
}

#[test]
fn prefixes_on_one_backend_do_not_begin_with_each_other() {
    let namespace = |prefix: &str| format!("namespace: {{ mode: hide_prefix, prefix: {prefix} }}");
    let text = virtual_clusters(&[&namespace("team-a-"), &namespace("team-")]);
    check_one(
        &text,
        "virtual_clusters[0].namespace.prefix",
        "\"team-a-\" begins with the prefix \"team-\" of virtual cluster \"b\" at 4 on the same backend cluster",
    );
    let text = virtual_clusters(&[&namespace("x"), &namespace("x")]);
    check_one(
        &text,
        "virtual_clusters[1].namespace.prefix",
        "\"x\" is also the prefix \"x\" of virtual cluster \"a\" at 3",
    );
    let allowed = |prefix: &str| namespace(prefix).replace(" }", ", allow_overlap: true }");
    check_one(
        &virtual_clusters(&[&allowed("x"), &namespace("xy")]),
        "virtual_clusters[1]",
        "allow_overlap: true on both",
    );
    config(&virtual_clusters(&[&allowed("x"), &allowed("xy")]));
    let chain = virtual_clusters(&[&namespace("abc"), &namespace("a"), &namespace("ab"), &namespace("b")]);
    assert_eq!(
        problems(&chain).lines().count(),
        2,
        "one for each that begins with another"
    );
    config(&virtual_clusters(&[&namespace("a-"), &namespace("b-"), "dns_label: c"]));
    let elsewhere = virtual_clusters(&[&namespace("a"), &namespace("ab")]).replacen("name: main }, auth", "name: other }, auth", 1)
        .replacen("backend_clusters: [", "backend_clusters: [{ name: other, bootstrap_servers: [o:1], authentication: { type: anonymous }, insecure_allow_anonymous_virtual_cluster_auth: true }, ", 1);
    config(&elsewhere);
}

#[test]
fn additional_names_are_not_those_of_another_namespace_on_the_backend() {
    let shows = |additional: &str| {
        format!("namespace: {{ mode: hide_prefix, prefix: team-a-, additional: {{ {additional} }} }}")
    };
    let other = "namespace: { mode: enforce_prefix, prefix: team-b- }";
    let topics = |glob: &str| shows(&format!("topics: [{{ type: glob, glob: \"{glob}\" }}]"));
    let groups = |glob: &str| shows(&format!("consumer_groups: [{{ type: glob, glob: \"{glob}\" }}]"));
    let listed = "topics: [{ type: exact_list, exact_list: [{ backend: legacy }, { backend: team-b-x }] }]";
    let listed_group = "consumer_groups: [{ type: exact_list, exact_list: [{ value: team-b-x }] }]";
    for (namespace, path, message) in [
        (
            topics("*"),
            "virtual_clusters[0].namespace.additional.topics[0].glob",
            "\"*\" can match a topic with the prefix \"team-b-\" of virtual cluster \"b\" at 4 on the same backend cluster",
        ),
        (topics("team-?-shared"), "topics[0].glob", "can match a topic"),
        (topics("*-shared"), "topics[0].glob", "can match a topic"),
        (topics("team-b-shared"), "topics[0].glob", "can match a topic"),
        (groups("t*"), "consumer_groups[0].glob", "can match a group"),
        (
            shows(listed),
            "topics[0].exact_list[1].backend",
            "\"team-b-x\" is a topic with the prefix \"team-b-\"",
        ),
        (
            shows(listed_group),
            "consumer_groups[0].exact_list[0].value",
            "\"team-b-x\" is a group with the prefix",
        ),
    ] {
        check_one(&virtual_clusters(&[&namespace, other]), path, message);
        let allows = |namespace: &str| namespace.replacen("mode:", "allow_overlap: true, mode:", 1);
        check_one(
            &virtual_clusters(&[&namespace, &allows(other)]),
            path,
            "allow_overlap: true on both",
        );
        config(&virtual_clusters(&[&allows(&namespace), &allows(other)]));
        // Alone it may be shown everything, and what is its own.
        config(&virtual_clusters(&[&namespace]));
        config(&virtual_clusters(&[&namespace, "dns_label: c"]));
    }
    for namespace in [topics("shared-*"), topics("team-?"), topics("team-b"), groups("app-*")] {
        config(&virtual_clusters(&[&namespace, other]));
    }
    // The same names can be shared by all.
    let another = topics("shared-*").replace("team-a-", "team-b-");
    config(&virtual_clusters(&[&topics("shared-*"), &another]));
}

#[test]
fn aliases_are_of_topics_that_clients_see() {
    let aliases = |aliases: &str| format!("topic_aliases: [{aliases}]");
    let orders = "{ alias: orders, topic: orders-v2 }";
    check_one(
        &virtual_clusters(&[&aliases("{ alias: orders, topic: orders }")]),
        "topic_aliases[0].topic",
        "\"orders\" is an alias of itself",
    );
    check_one(
        &virtual_clusters(&[&aliases(&format!("{orders}, {{ alias: latest, topic: orders }}"))]),
        "topic_aliases[1].topic",
        "\"orders\" is an alias itself, at 3 (name the topic that it is an alias of)",
    );
    check_one(
        &virtual_clusters(&[&aliases(&format!("{orders}, {{ alias: orders, topic: orders-v3 }}"))]),
        "topic_aliases[1].alias",
        "duplicate alias \"orders\", first used at",
    );
    for (alias, path) in [
        (
            "{ alias: offsets, topic: __consumer_offsets }",
            "topic_aliases[0].topic",
        ),
        ("{ alias: __consumer_offsets, topic: orders }", "topic_aliases[0].alias"),
    ] {
        check_one(
            &virtual_clusters(&[&aliases(alias)]),
            path,
            "is Kafka's own, and never shown",
        );
    }
    check_one(
        &virtual_clusters(&[&aliases("{ alias: orders, topic: \"orders*\" }")]),
        "topic_aliases[0].topic",
        "expected a topic's name",
    );
    let within = |mode: &str, topic: &str| {
        let shown = "additional: { topics: [{ type: glob, glob: shared-* }] }";
        let namespace = format!("namespace: {{ mode: {mode}, prefix: team-a-, {shown} }}");
        let alias = format!("{{ alias: orders, topic: {topic} }}");
        virtual_clusters(&[&format!("{namespace}, {}", aliases(&alias))])
    };
    check_one(
        &within("enforce_prefix", "orders-v2"),
        "topic_aliases[0].topic",
        "the namespace does not show a topic \"orders-v2\" (name one that begins with team-a-, or add it to \
         namespace.additional)",
    );
    for topic in ["team-a-orders", "shared-orders"] {
        config(&within("enforce_prefix", topic));
    }
    config(&within("hide_prefix", "orders-v2"));
    config(&virtual_clusters(&[&aliases(&format!(
        "{orders}, {{ alias: orders-old, topic: orders-v2 }}"
    ))]));
}

#[test]
fn routing_by_sni_needs_tls_and_labels() {
    check_one(
        &listener("[9092]", &[SNI]),
        "policies[0].config",
        "the listener has no tls_server policy",
    );
    config(&listener("[9092]", &[SNI, TLS]));
    let unlabelled = listener("[9092]", &[TLS, SNI]).replace("dns_label: a", "");
    check_one(
        &unlabelled,
        "virtual_clusters[0]: dns_label is missing",
        "add dns_label",
    );
    let disabled = SNI.replace("type: forward", "enabled: false, type: forward");
    config(&listener("[9092]", &[&disabled]).replace("dns_label: a", ""));
    check_one(
        &listener("[9092]", &[TLS, SNI]).replace("dns_label: a", "dns_label: Team"),
        "dns_label",
        "RFC 1035",
    );
    let long = listener(
        "[9092]",
        &[
            TLS,
            &SNI.replace("type: sni", "type: sni, broker_host_format: { type: shared_suffix }"),
        ],
    )
    .replace("dns_label: a", &format!("dns_label: {}", "a".repeat(46)));
    check_one(&long, "dns_label", "longer than DNS allows");
    config(
        &long
            .replace("shared", "per_cluster")
            .replace(&"a".repeat(46), &"a".repeat(63)),
    );
}

#[test]
fn a_listener_has_one_tls_server_and_no_plaintext_beside_passthrough() {
    check_one(
        &listener("[9092]", &[TLS, TLS]),
        "policies[1].config",
        "the listener has a tls_server policy already",
    );
    config(&listener("[9092]", &[PASSTHROUGH]));
    config(&listener("[9092-9093]", &[TLS, PASSTHROUGH, &port_mapping("")]));
    check_one(
        &listener("[9092-9093]", &[PASSTHROUGH, &port_mapping("")]),
        "policies[1].config",
        "can't forward plaintext by port",
    );
    let plaintext = TLS.replace("config: { ", "config: { allow_plaintext: true, ");
    check_one(
        &listener("[9092]", &[&plaintext, PASSTHROUGH]),
        "policies[0].config.allow_plaintext",
        "can't allow plaintext",
    );
    let inverted = TLS.replace("config: { ", "config: { versions: { min: TLSv1.3, max: TLSv1.2 }, ");
    check_one(
        &listener("[9092]", &[&inverted]),
        "config.versions.min",
        "min is above max",
    );
}

#[test]
fn port_mappings_have_ports_of_their_own() {
    check_one(
        &listener("[9092]", &[&port_mapping("")]),
        "policies[0].config",
        "the only port is the bootstrap port",
    );
    config(&listener("[9092]", &[&port_mapping(", bootstrap_port: none")]));
    check_one(
        &listener("[9092-9095]", &[&port_mapping(""), &port_mapping("")]),
        "policies[1].config",
        "port 9092-9095 is already taken by the rule at",
    );
    config(&listener(
        "[9092-9095]",
        &[
            &port_mapping(", ports: [9092-9093]"),
            &port_mapping(", ports: [9094, 9095]"),
        ],
    ));
    check_one(
        &listener("[9092-9093]", &[&port_mapping(", ports: [9092, 9099]")]),
        "config.ports[1]",
        "the listener has no port 9099 (its ports: 9092-9093)",
    );
    check_one(
        &listener("[9092-9093]", &[&port_mapping(", ports: []")]),
        "config.ports",
        "at least one",
    );
}

#[test]
fn no_address_is_advertised_for_two_listeners() {
    let listener = |name: &str, address: &str, ports: &str, host: &str| {
        format!(
            "- name: {name}
  addresses: [{address}]
  ports: [{ports}]
  policies:
  - type: forward_to_virtual_cluster
    config: {{ type: port_mapping, destination: {{ name: a }}, advertised_host: {host} }}
"
        )
    };
    let first = listener("one", "127.0.0.1", "9092-9095", "keg.example");
    let with = |second: String| format!("{}listeners:\n{first}{second}", virtual_clusters(&["dns_label: a"]));
    check_one(
        &with(listener("two", "127.0.0.2", "9095-9099", "keg.example")),
        "listeners[1].policies[0].config",
        "\"keg.example\" is advertised with the same ports by the rule at 10 of another listener",
    );
    config(&with(listener("two", "127.0.0.2", "9096-9099", "keg.example")));
    config(&with(listener("two", "127.0.0.2", "9092-9095", "other.example")));
    check_one(
        &with(listener("two", "0.0.0.0", "9095-9099", "keg.example")),
        "listeners[1].ports[0]",
        "already taken",
    );
    check_one(
        &with(listener("two", "\"::ffff:127.0.0.1\"", "9095-9099", "keg.example")),
        "listeners[1].ports[0]",
        "already taken",
    );
}

#[test]
fn sockets_are_taken_once() {
    let two = |one: &str, other: &str| format!("listeners:\n- {{ name: a, {one} }}\n- {{ name: b, {other} }}\n");
    let on = |address: &str, ports: &str| format!("addresses: [{address}], ports: [{ports}]");
    check_one(
        &two(&on("127.0.0.1", "9092-9095"), &on("127.0.0.1", "9094")),
        "3:46: listeners[1].ports[0]",
        "port 9094 on 127.0.0.1 is already taken by listener \"a\" at 2",
    );
    check_one(
        &two(&on("0.0.0.0", "9092"), &on("127.0.0.1", "9092")),
        "listeners[1].ports[0]",
        "already taken",
    );
    check_one(
        &two(&on("127.0.0.1", "9092"), &on("\"::\"", "9092")),
        "listeners[1].ports[0]",
        "already taken",
    );
    check_one(
        &two(&on("127.0.0.1, 127.0.0.2", "1"), &on("127.0.0.1, 127.0.0.2", "1")),
        "listeners[1].ports[0]",
        "already taken",
    );
    config(&two(&on("127.0.0.1", "9092"), &on("127.0.0.2", "9092")));
    config(&two(&on("127.0.0.1", "9092"), &on("127.0.0.1", "9093")));
    check_one(
        &two(&on("127.0.0.1", "1-3, 2"), &on("127.0.0.1", "9")),
        "listeners[0].ports[1]",
        "already taken by listener \"a\"",
    );
    check_one(
        &two(&on("127.0.0.1, 127.0.0.1", "1"), &on("127.0.0.2", "1")),
        "listeners[0].addresses[1]",
        "127.0.0.1 is listed twice",
    );
    check_one(
        &two(&on("127.0.0.1", "8080"), &on("127.0.0.1", "1")),
        "listeners[0].ports[0]",
        "already taken by health_listener_address_port",
    );
}
