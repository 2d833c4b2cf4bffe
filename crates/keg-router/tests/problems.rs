//! Tables that are refused, and how they are.
#![allow(clippy::unwrap_used, reason = "helpers of tests may stop at once")]

use keg_router::{BrokerHostFormat, PortMapping, Ports, Problem, Problems, Rule, Sni, SniPassthrough, Table};

fn ports(text: &str) -> Ports {
    text.parse().unwrap()
}

fn problems(listeners: Vec<(&str, &str, Vec<Rule<char>>)>) -> Problems {
    let mut builder = Table::builder();
    for (name, open, rules) in listeners {
        let mut listener = builder.listener(name, ports(open));
        for rule in rules {
            listener.forward(rule);
        }
    }
    builder.build().expect_err("a table with problems")
}

/// Expects the problems of one listener `l` with the ports 9092-9095, without the name of the listener.
fn check(rules: Vec<Rule<char>>, expect: &[&str]) {
    let found: Vec<_> = problems(vec![("l", "9092-9095", rules)])
        .iter()
        .map(ToString::to_string)
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|text| text.replace(" of listener \"l\"", ""))
        .collect();
    assert_eq!(found, expect);
}

fn sni(suffix: &str) -> Sni<char> {
    Sni::new(suffix).advertised_port(9092)
}

#[test]
fn listeners_that_open_the_same_port_are_refused() {
    let found = problems(vec![
        ("one", "9000, 9092-9094", vec![]),
        ("two", "9094-9099, 9000", vec![]),
    ]);
    assert_eq!(
        found.to_string(),
        "the listeners \"one\" and \"two\" both have port 9000: give them different ports, or addresses\n\
         the listeners \"one\" and \"two\" both have port 9094: give them different ports, or addresses"
    );
}

#[test]
fn listeners_share_a_port_only_on_addresses_that_have_nothing_in_common() {
    let check = |one: &[&str], two: &[&str], is_accepted| {
        let mut builder = Table::<char>::builder();
        for (name, addresses) in [("one", one), ("two", two)] {
            let addresses = addresses.iter().map(|address| address.parse().unwrap());
            builder.listener(name, ports("9092")).addresses(addresses);
        }
        let problems = builder.build().err();
        assert_eq!(problems.is_none(), is_accepted, "{one:?} and {two:?}");
    };
    check(&["10.0.0.1"], &["10.0.0.2", "::1"], true);
    check(&["10.0.0.1"], &["10.0.0.2", "10.0.0.1"], false);
    check(&["10.0.0.1"], &["0.0.0.0"], false);
    check(&["::"], &["10.0.0.1"], false);
    check(&["::"], &["0.0.0.0"], false);
    check(&["10.0.0.1"], &["::ffff:10.0.0.1"], false);
    let mut builder = Table::<char>::builder();
    builder.listener("everywhere", ports("9092"));
    builder
        .listener("somewhere", ports("9092"))
        .addresses(["10.0.0.1".parse().unwrap()]);
    assert!(builder.build().is_err());
}

#[test]
fn port_mappings_on_different_addresses_do_not_advertise_the_same_address() {
    let build = |host| {
        let mut builder = Table::builder();
        for (name, address, host) in [("one", "10.0.0.1", "KEG.example"), ("two", "10.0.0.2", host)] {
            builder
                .listener(name, ports("9092-9095"))
                .addresses([address.parse().unwrap()])
                .forward(PortMapping::new(name, host));
        }
        builder.build()
    };
    let problems = build("keg.example").unwrap_err();
    assert_eq!(
        problems.to_string(),
        "rule 1 (port_mapping) of listener \"one\" and rule 1 (port_mapping) of listener \"two\" both advertise \
         keg.example with port 9092-9095, which leads to one of them only: give them different hosts, or ports"
    );
    let rules: Vec<_> = problems.iter().flat_map(Problem::rules).collect();
    assert_eq!(rules.len(), 2);
    assert!(build("other.example").is_ok());
}

#[test]
fn port_mappings_that_use_the_same_port_are_refused() {
    check(
        vec![
            PortMapping::new('a', "localhost").ports(ports("9092-9094")).into(),
            PortMapping::new('b', "localhost").ports(ports("9093-9095")).into(),
        ],
        &[
            "rule 1 (port_mapping) and rule 2 (port_mapping) both use port 9093-9094: give each its own ports of the listener",
        ],
    );
}

#[test]
fn everything_wrong_with_a_port_mapping_is_said_at_once() {
    check(
        vec![
            PortMapping::new('a', "local_host").ports(ports("9090-9099")).into(),
            PortMapping::new('b', "").ports(ports("9092")).into(),
        ],
        &[
            "rule 1 (port_mapping) uses port 9090-9091, which its listener does not have: it has 9092-9095",
            "rule 1 (port_mapping) uses port 9096-9099, which its listener does not have: it has 9092-9095",
            "rule 1 (port_mapping): advertised_host \"local_host\" is not valid: the parts between dots may hold only \
             letters, digits, and hyphens that are neither first nor last",
            "rule 2 (port_mapping): advertised_host \"\" is not valid: each part between dots must have 1 to 63 characters",
            "rule 2 (port_mapping): its only port, 9092, is the bootstrap: add a port for each node",
        ],
    );
}

#[test]
fn everything_wrong_with_an_sni_rule_is_said_at_once() {
    check(
        vec![
            Sni::new("keg.example.com")
                .destination('a', "team_a")
                .destination('b', "b")
                .into(),
            Sni::new(".keg").advertised_port(0).into(),
            sni(".keg").destination('a', "Team").destination('a', "team").into(),
            sni(".keg.").destination('a', "a").into(),
            sni(".keg")
                .broker_host_format(BrokerHostFormat::SharedSuffix)
                .destination('a', "a".repeat(60))
                .into(),
        ],
        &[
            "rule 1 (sni): the suffix \"keg.example.com\" is not valid: expected a domain after `.` or `-`, such as \
             .keg.example.com",
            "rule 1 (sni): advertised_port is missing, and its listener has several ports: 9092-9095",
            "the dns_label \"team_a\" of 'a' in rule 1 (sni) is not valid: expected 1 to 63 lower-case letters, digits \
             and inner hyphens",
            "rule 2 (sni) has no destination: give at least one virtual cluster a dns_label",
            "rule 2 (sni): advertised_port is 0: expected 1 to 65535",
            "the dns_label \"Team\" of 'a' in rule 3 (sni) is not valid: expected 1 to 63 lower-case letters, digits \
             and inner hyphens",
            "'a' in rule 3 (sni) is there twice: a destination has one dns_label in a rule",
            "rule 4 (sni): the suffix \".keg.\" is not valid: expected a domain after `.` or `-`, such as .keg.example.com",
            &format!(
                "the dns_label \"{}\" of 'a' in rule 5 (sni) makes no valid host name with the suffix: each part \
                 between dots must have 1 to 63 characters",
                "a".repeat(60)
            ),
        ],
    );
}

#[test]
fn both_hosts_of_a_passthrough_rule_are_checked() {
    check(
        vec![SniPassthrough::new('a', "kafka..example.com", "broker.example.com").into()],
        &[
            "rule 1 (sni_passthrough): advertised_port is missing, and its listener has several ports: 9092-9095",
            "rule 1 (sni_passthrough): bootstrap_host \"kafka..example.com\" is not valid: each part between dots must \
             have 1 to 63 characters",
            "rule 1 (sni_passthrough): broker_host \"broker.example.com\" is not valid: expected `{node_id}` in exactly \
             one place",
        ],
    );
}

#[test]
fn names_that_two_parties_have_are_refused_with_both() {
    let passthrough = |to, bootstrap, broker| SniPassthrough::new(to, bootstrap, broker).advertised_port(9092);
    let same = |name: &str, first: &str, second: &str| {
        format!("the name {name:?} is that of {first} and of {second}: connections to it can't be told apart")
    };
    // One label in one rule: both the bootstrap and the nodes collide.
    check(
        vec![sni(".x").destination('a', "one").destination('b', "one").into()],
        &[
            &same("bootstrap.one.x", "'a' in rule 1 (sni)", "'b' in rule 1 (sni)"),
            &same("broker-0.one.x", "'a' in rule 1 (sni)", "'b' in rule 1 (sni)"),
        ],
    );
    // Label and suffix differ, and are the same when put together.
    check(
        vec![
            sni("-b.x").destination('a', "a").into(),
            sni(".x").destination('b', "a-b").into(),
        ],
        &[
            &same("bootstrap.a-b.x", "'a' in rule 1 (sni)", "'b' in rule 2 (sni)"),
            &same("broker-0.a-b.x", "'a' in rule 1 (sni)", "'b' in rule 2 (sni)"),
        ],
    );
    check(
        vec![
            passthrough('a', "boot.x", "broker-{node_id}.one.X").into(),
            sni(".x").destination('b', "one").into(),
        ],
        &[&same(
            "broker-0.one.x",
            "'a' in rule 1 (sni_passthrough)",
            "'b' in rule 2 (sni)",
        )],
    );
    // The bootstrap of a backend is often its first node.
    check(
        vec![passthrough('a', "b-1.x", "b-{node_id}.x").into()],
        &[&same(
            "b-1.x",
            "'a' in rule 1 (sni_passthrough)",
            "'a' in rule 1 (sni_passthrough)",
        )],
    );
    check(
        vec![
            passthrough('a', "x", "b-{node_id}-n2.x").into(),
            passthrough('b', "y", "b-1-n{node_id}.x").into(),
        ],
        &[&same(
            "b-1-n2.x",
            "'a' in rule 1 (sni_passthrough)",
            "'b' in rule 2 (sni_passthrough)",
        )],
    );
}

#[test]
fn a_rule_that_no_connection_can_reach_is_refused() {
    check(
        vec![
            PortMapping::new('a', "localhost").ports(ports("9092-9093")).into(),
            PortMapping::new('b', "localhost").ports(ports("9094-9095")).into(),
            sni(".x").destination('a', "a").destination('b', "b").into(),
        ],
        &[
            "rule 3 (sni) is never reached: rule 1 (port_mapping) comes before it and takes every connection; move it up",
        ],
    );
}

#[test]
fn a_port_mapping_can_not_advertise_a_name_of_an_earlier_rule() {
    check(
        vec![
            sni(".x").destination('a', "a").into(),
            PortMapping::new('b', "Broker-1.a.x").into(),
        ],
        &[
            "rule 2 (port_mapping) advertises \"broker-1.a.x\", which is a name of 'a' in rule 1 (sni), an earlier rule: \
           TLS clients would end up there",
        ],
    );
}

#[test]
fn a_problem_tells_which_rules_take_part() {
    let found = problems(vec![
        ("one", "9092-9095", vec![PortMapping::new('a', "").into()]),
        (
            "two",
            "9443",
            vec![
                sni("-b.x").destination('a', "a").into(),
                sni(".x").destination('b', "a-b").into(),
            ],
        ),
    ]);
    let rules = |problem: &Problem| problem.rules().iter().map(|rule| rule.index()).collect::<Vec<_>>();
    assert_eq!(
        found.iter().map(rules).collect::<Vec<_>>(),
        [vec![0], vec![1, 2], vec![1, 2]]
    );
}
