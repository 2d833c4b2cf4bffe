//! Where connections go, for tables that are right.
#![allow(clippy::unwrap_used, reason = "helpers of tests may stop at once")]

use std::net::SocketAddr;

use keg_router::{
    AdvertiseError, BootstrapPort, BrokerHostFormat, Endpoint, Endpoint::Bootstrap, Endpoint::Node, Kind, PortMapping,
    Ports, RouteError, Rule, Sni, SniPassthrough, Table,
};

type Found = Result<(usize, &'static str, Endpoint), &'static str>;

fn ports(text: &str) -> Ports {
    text.parse().unwrap()
}

fn table(listeners: Vec<(&str, &str, Vec<Rule<&'static str>>)>) -> Table<&'static str> {
    let mut builder = Table::builder();
    for (name, open, rules) in listeners {
        let mut listener = builder.listener(name, ports(open));
        for rule in rules {
            listener.forward(rule);
        }
    }
    builder.build().unwrap()
}

fn check(table: &Table<&'static str>, connections: &[(u16, Option<&str>, Found)]) {
    for (port, sni, expect) in connections {
        let found = table.route(*port, *sni);
        let found = found
            .as_ref()
            .map(|route| (route.rule.index(), route.destination, route.endpoint));
        assert_eq!(found.map_err(RouteError::label), *expect, "{port} {sni:?}");
    }
}

#[test]
fn port_mappings_share_a_listener_when_each_has_its_own_ports() {
    let table = table(vec![(
        "local",
        "19092-19099",
        vec![
            PortMapping::new("a", "localhost").ports(ports("19092-19094")).into(),
            PortMapping::new("b", "localhost")
                .ports(ports("19095-19097"))
                .bootstrap_port(BootstrapPort::None)
                .into(),
        ],
    )]);
    check(
        &table,
        &[
            (19092, None, Ok((0, "a", Bootstrap))),
            (19094, Some("any.name"), Ok((0, "a", Node(1)))),
            (19095, None, Ok((1, "b", Node(0)))),
            (19097, None, Ok((1, "b", Node(2)))),
            (19098, None, Err("no_rule")),
            (19100, None, Err("no_rule")),
            (0, None, Err("no_rule")),
        ],
    );
}

#[test]
fn sni_names_follow_the_host_format() {
    let sni = |format| {
        Sni::new(".keg.example.com")
            .broker_host_format(format)
            .destination("a", "team-a")
    };
    for (format, separator) in [
        (BrokerHostFormat::PerClusterSuffix, '.'),
        (BrokerHostFormat::SharedSuffix, '-'),
    ] {
        let table = table(vec![(
            "tls",
            "9443",
            vec![sni(format).destination("b", "1-team").into()],
        )]);
        let name = |start: &str, label: &str| format!("{start}{separator}{label}.keg.example.com");
        for (name, expect) in [
            (name("bootstrap", "team-a"), Ok((0, "a", Bootstrap))),
            (name("broker-0", "team-a"), Ok((0, "a", Node(0)))),
            (name("broker-12", "1-team"), Ok((0, "b", Node(12)))),
            (name("BROKER-12", "TEAM-a") + ".", Ok((0, "a", Node(12)))),
            (name("broker-2147483647", "team-a"), Ok((0, "a", Node(i32::MAX)))),
            (name("broker-2147483648", "team-a"), Err("unknown_name")),
            (name("broker-007", "team-a"), Err("unknown_name")),
            (name("broker--1", "team-a"), Err("unknown_name")),
            (name("broker-", "team-a"), Err("unknown_name")),
            (name("broker-1", "team-c"), Err("unknown_name")),
            (name("broker-1", "team-a") + "..", Err("unknown_name")),
            (name("x.broker-1", "team-a"), Err("unknown_name")),
            (String::new(), Err("unknown_name")),
            ("\u{212a}eg".to_owned(), Err("unknown_name")),
        ] {
            check(&table, &[(9443, Some(&name), expect)]);
        }
        check(&table, &[(9443, None, Err("sni_missing"))]);
        let rule = table.rules().next().unwrap().name().id();
        assert_eq!(table.advertise(rule, &"a", 3).unwrap().host, name("broker-3", "team-a"));
    }
}

#[test]
fn a_suffix_may_start_with_a_hyphen_or_be_absent() {
    for (suffix, name) in [("-KEG.example.com", "broker-1.a-keg.example.com"), ("", "broker-1.a")] {
        let table = table(vec![(
            "tls",
            "9443",
            vec![Sni::new(suffix).destination("a", "a").into()],
        )]);
        check(&table, &[(9443, Some(name), Ok((0, "a", Node(1))))]);
    }
}

#[test]
fn passthrough_leaves_the_bytes_alone_and_matches_names_exactly() {
    let rule = SniPassthrough::new(
        "main",
        "Bootstrap.kafka.example.com",
        "broker-{node_id}.kafka.example.com",
    );
    let table = table(vec![("tls", "9443-9444", vec![rule.advertised_port(443).into()])]);
    check(
        &table,
        &[
            (9443, Some("bootstrap.kafka.example.com"), Ok((0, "main", Bootstrap))),
            (9444, Some("broker-2.KAFKA.example.com."), Ok((0, "main", Node(2)))),
            (9444, Some("broker-2.kafka.example.org"), Err("unknown_name")),
            (9444, Some("broker-2b.kafka.example.com"), Err("unknown_name")),
        ],
    );
    let route = table.route(9443, Some("broker-2.kafka.example.com")).unwrap();
    assert_eq!(route.kind, Kind::Passthrough);
    assert_eq!(
        route.addresses.bootstrap().to_string(),
        "bootstrap.kafka.example.com:443"
    );
}

#[test]
fn of_several_rules_the_first_that_matches_decides() {
    let table = table(vec![
        (
            "both",
            "9092-9095",
            vec![
                PortMapping::new("x", "localhost").ports(ports("9092-9093")).into(),
                Sni::new(".keg").advertised_port(9094).destination("a", "a").into(),
                PortMapping::new("y", "localhost").ports(ports("9094-9095")).into(),
            ],
        ),
        ("tls", "9443", vec![Sni::new(".keg").destination("b", "a").into()]),
        ("idle", "9500", vec![]),
    ]);
    check(
        &table,
        &[
            (9093, Some("broker-1.a.keg"), Ok((0, "x", Node(0)))),
            (9095, Some("broker-1.a.keg"), Ok((1, "a", Node(1)))),
            (9095, Some("broker-1.b.keg"), Ok((2, "y", Node(0)))),
            (9095, None, Ok((2, "y", Node(0)))),
            (9443, Some("broker-1.a.keg"), Ok((3, "b", Node(1)))),
            (9500, Some("broker-1.a.keg"), Err("no_rule")),
        ],
    );
    let needs = |port| (table.needs_server_name(port), table.has_port_mapping(port));
    assert_eq!(
        [9092, 9094, 9443, 9500, 1].map(needs),
        [
            (false, true),
            (true, true),
            (true, false),
            (false, false),
            (false, false)
        ]
    );
    let listeners: Vec<_> = table
        .listeners()
        .map(|(name, ports)| format!("{name} {ports}"))
        .collect();
    assert_eq!(listeners, ["both 9092-9095", "tls 9443", "idle 9500"]);
}

#[test]
fn listeners_with_the_same_port_are_told_apart_by_their_addresses() {
    let mut builder = Table::builder();
    for (destination, address) in [("a", "10.0.0.1"), ("b", "10.0.0.2"), ("c", "::1")] {
        builder
            .listener(destination, ports("9092-9095"))
            .addresses([address.parse().unwrap()])
            .forward(PortMapping::new(destination, address));
    }
    builder
        .listener("d", ports("9096-9098"))
        .forward(PortMapping::new("d", "::1"));
    let table = builder.build().unwrap();
    let check = |address: &str, expect: Option<&str>| {
        let address: SocketAddr = address.parse().unwrap();
        let route = table.route(address, None).ok();
        assert_eq!(route.map(|route| route.destination), expect, "{address}");
        assert_eq!(table.has_port_mapping(address), expect.is_some(), "{address}");
    };
    check("10.0.0.1:9093", Some("a"));
    check("10.0.0.2:9093", Some("b"));
    check("[::ffff:10.0.0.2]:9093", Some("b"));
    check("[::1]:9093", Some("c"));
    check("10.0.0.3:9093", None);
    check("0.0.0.0:9093", None);
    check("10.0.0.3:9096", Some("d"));
    assert_eq!(table.route(9093, None), Err(RouteError::NoRule { port: 9093 }));
    assert_eq!(table.route(9096, None).unwrap().destination, "d");
}

#[test]
fn every_rule_lists_its_destinations_with_their_bootstrap_addresses() {
    let table = table(vec![
        (
            "tls",
            "9443",
            vec![
                Sni::new(".keg")
                    .advertised_port(443)
                    .destination("a", "a")
                    .destination("b", "b")
                    .into(),
            ],
        ),
        ("plain", "9092-9095", vec![PortMapping::new("a", "::1").into()]),
    ]);
    let listed: Vec<_> = table
        .rules()
        .flat_map(|rule| {
            rule.destinations()
                .map(move |(to, addresses)| (rule, to, addresses.bootstrap()))
        })
        .map(|(rule, to, bootstrap)| format!("{}: {to} at {bootstrap}", rule.name()))
        .collect();
    assert_eq!(
        listed,
        [
            "rule 1 (sni) of listener \"tls\": a at bootstrap.a.keg:443",
            "rule 1 (sni) of listener \"tls\": b at bootstrap.b.keg:443",
            "rule 1 (port_mapping) of listener \"plain\": a at [::1]:9092",
        ]
    );
}

#[test]
fn a_node_without_an_address_is_an_error_that_says_what_to_add() {
    let shared = Sni::new(".keg").broker_host_format(BrokerHostFormat::SharedSuffix);
    let table = table(vec![
        ("plain", "9092-9095", vec![PortMapping::new("a", "localhost").into()]),
        (
            "tls",
            "9443",
            vec![shared.destination("a", "a").destination("b", "b".repeat(53)).into()],
        ),
    ]);
    let [plain, tls] = [0, 1].map(|index| table.rules().nth(index).unwrap().name().id());
    for (rule, destination, node, expect) in [
        (
            plain,
            "a",
            4,
            "node 4 has no port in rule 1 (port_mapping) of listener \"plain\", which has 9092-9095: \
                         add 9096-9097 to the ports of the listener and the rule",
        ),
        (
            plain,
            "a",
            i32::MAX,
            "node 2147483647 has no port in rule 1 (port_mapping) of listener \"plain\", which has \
                                9092-9095: no port can be added for it beside these; give the rule one range that \
                                starts lower",
        ),
        (
            plain,
            "a",
            -1,
            "node -1 can't be advertised by rule 1 (port_mapping) of listener \"plain\": node ids are \
                          not negative",
        ),
        (
            tls,
            "b",
            100,
            "node 100 has no name in rule 1 (sni) of listener \"tls\": its name would be too long; shorten \
                        the dns_label",
        ),
        (plain, "b", 0, "rule 0 does not have the destination \"b\""),
    ] {
        assert_eq!(
            table.advertise(rule, &destination, node).unwrap_err().to_string(),
            expect
        );
    }
    let error = table.advertise(plain, &"a", 4).unwrap_err();
    assert!(matches!(error, AdvertiseError::NoPort { missing: Some(range), .. } if range.to_string() == "9096-9097"));
}
