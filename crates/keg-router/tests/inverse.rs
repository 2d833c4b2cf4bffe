//! `route` and `advertise` are inverse, in every mode and in every mixture of rules that is accepted.
#![allow(clippy::unwrap_used, reason = "helpers of tests may stop at once")]

use std::net::{IpAddr, SocketAddr};

use keg_router::{
    AdvertiseError, BootstrapPort, BrokerHostFormat, Endpoint, Local, PortMapping, PortRange, Ports, Problem,
    RouteError, Rule, Sni, SniPassthrough, Table,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

type Destination = u8;

/// The ports of the only listener; few, so that rules often meet.
const OPEN: [(u16, u16); 3] = [(9000, 9005), (9010, 9012), (9100, 9100)];

fn open() -> Ports {
    Ports::new(OPEN.map(|(first, last)| PortRange::new(first, last).unwrap())).unwrap()
}

/// Some of the open ports, in ascending order.
fn some_ports() -> impl Strategy<Value = Ports> {
    (0_usize..10, 1_usize..10).prop_map(|(skip, take)| {
        let all: Vec<_> = open().iter().collect();
        let some = all.into_iter().cycle().skip(skip).take(take).collect::<Vec<_>>();
        let ascending = some.iter().take_while(|port| Some(*port) >= some.first());
        Ports::new(ascending.map(|port| PortRange::new(*port, *port).unwrap())).unwrap()
    })
}

fn port_mapping() -> impl Strategy<Value = Rule<Destination>> {
    let host = select(vec!["localhost", "10.0.0.1", "broker-1.a.x", "bootstrap-a.x"]);
    let min = prop_oneof![4 => 0..20_i32, 1 => (i32::MAX - 8)..=i32::MAX];
    let bootstrap = select(vec![BootstrapPort::None, BootstrapPort::AtStart]);
    (any::<Destination>(), host, option::of(some_ports()), min, bootstrap).prop_map(
        |(to, host, ports, min, bootstrap)| {
            let rule = PortMapping::new(to, host).min_broker_id(min).bootstrap_port(bootstrap);
            ports.map_or(rule.clone(), |ports| rule.ports(ports)).into()
        },
    )
}

fn sni() -> impl Strategy<Value = Rule<Destination>> {
    let suffix = select(vec!["", ".x", "-b.x", ".A.x", "-1.x", ".x-2"]);
    let label = select(vec!["a", "b", "a-b", "b-a", "1", "1-a", "a1"]);
    let format = select(vec![BrokerHostFormat::PerClusterSuffix, BrokerHostFormat::SharedSuffix]);
    (suffix, format, vec((any::<Destination>(), label), 1..4)).prop_map(|(suffix, format, destinations)| {
        let rule = Sni::new(suffix).broker_host_format(format).advertised_port(443);
        destinations
            .into_iter()
            .fold(rule, |rule, (to, label)| rule.destination(to, label))
            .into()
    })
}

fn sni_passthrough() -> impl Strategy<Value = Rule<Destination>> {
    let bootstrap = select(vec!["boot.x", "b.x", "b-1-n2.x", "broker-3.a.x", "bootstrap-a.x"]);
    let broker = select(vec![
        "broker-{node_id}.a.x",
        "broker-{node_id}-a.x",
        "b-{node_id}-n2.x",
        "b-1-n{node_id}.x",
        "{node_id}.x",
        "n.{node_id}",
    ]);
    (any::<Destination>(), bootstrap, broker)
        .prop_map(|(to, bootstrap, broker)| SniPassthrough::new(to, bootstrap, broker).advertised_port(443).into())
}

fn rules() -> impl Strategy<Value = Vec<Rule<Destination>>> {
    vec(prop_oneof![port_mapping(), sni(), sni_passthrough()], 1..4)
}

fn node() -> impl Strategy<Value = i32> {
    prop_oneof![0..130_i32, 0..=i32::MAX, Just(0), (i32::MAX - 9)..=i32::MAX]
}

/// Names that are, or nearly are, those of some rule above.
fn name() -> impl Strategy<Value = String> {
    let start = select(vec![
        "bootstrap",
        "broker-",
        "broker-0",
        "BROKER-",
        "b-",
        "boot",
        "n.",
        "x.broker-",
        "",
    ]);
    let end = select(vec![
        ".a.x", "-a.x", ".x", "-n2.x", ".a-b.x", "-1-a.x", ".1-b.x", ".a1.x-2", ".a.x.", ".a", "",
    ]);
    (start, option::of(node()), end)
        .prop_map(|(start, node, end)| format!("{start}{}{end}", node.map(|node| node.to_string()).unwrap_or_default()))
}

fn build(rules: Vec<Rule<Destination>>) -> Result<Table<Destination>, Vec<Problem>> {
    let mut builder = Table::builder();
    let mut listener = builder.listener("local", open());
    for rule in rules {
        listener.forward(rule);
    }
    builder.build().map_err(|problems| problems.into_iter().collect())
}

/// Two listeners with the same ports, on [`address`]es of their own.
fn build_two(rules: [Vec<Rule<Destination>>; 2]) -> Result<Table<Destination>, Vec<Problem>> {
    let mut builder = Table::builder();
    for (name, rules) in ["one", "two"].into_iter().zip(rules) {
        let mut listener = builder.listener(name, open());
        listener.addresses(address(name));
        for rule in rules {
            listener.forward(rule);
        }
    }
    builder.build().map_err(|problems| problems.into_iter().collect())
}

/// The address of a listener that has one of its own.
fn address(listener: &str) -> Option<IpAddr> {
    match listener {
        "one" => Some(IpAddr::from([10, 0, 0, 1])),
        "two" => Some(IpAddr::from([10, 0, 0, 2])),
        _ => None,
    }
}

/// A port of a listener, as a connection to it has it.
fn local(listener: &str, port: u16) -> Local {
    address(listener).map_or(port.into(), |address| SocketAddr::new(address, port).into())
}

/// Connects a client to every advertised address of every destination, by port or by name.
fn advertised_leads_back(table: &Table<Destination>, node: i32) -> Result<(), TestCaseError> {
    for rule in table.rules() {
        let id = rule.name().id();
        let by_port = rule.name().mode().as_str() == "port_mapping";
        for (destination, addresses) in rule.destinations() {
            let bootstrap = (addresses.bootstrap(), None);
            let node = table
                .advertise(id, destination, node)
                .ok()
                .map(|address| (address, Some(Endpoint::Node(node))));
            for (address, endpoint) in node.into_iter().chain([bootstrap]) {
                let ports: Vec<_> = if by_port {
                    vec![address.port]
                } else {
                    open().iter().collect()
                };
                let mut arrived = false;
                for port in ports {
                    let local = local(rule.name().listener(), port);
                    let route = table.route(local, Some(&address.host)).unwrap();
                    // Before it reaches an SNI rule, an earlier port mapping may take the connection, by its port alone.
                    if route.rule != id {
                        prop_assert!(!by_port && route.rule < id && table.has_port_mapping(local));
                        continue;
                    }
                    arrived = true;
                    prop_assert_eq!(&route.destination, destination);
                    // Without a bootstrap port, clients bootstrap with the first node.
                    let found = route.endpoint;
                    prop_assert_eq!(
                        found,
                        endpoint.unwrap_or(if by_port { found } else { Endpoint::Bootstrap })
                    );
                    prop_assert_eq!(&route.addresses, addresses);
                }
                prop_assert!(arrived, "{} of {} leads nowhere", address, rule.name());
            }
        }
    }
    Ok(())
}

fn routed_was_advertised(table: &Table<Destination>, port: u16, sni: Option<&str>) -> Result<(), TestCaseError> {
    routed_on_was_advertised(table, "local", port, sni)
}

fn routed_on_was_advertised(
    table: &Table<Destination>,
    listener: &str,
    port: u16,
    sni: Option<&str>,
) -> Result<(), TestCaseError> {
    let local = local(listener, port);
    let Ok(route) = table.route(local, sni) else {
        return Ok(());
    };
    let name = table.rule(route.rule).unwrap().name();
    prop_assert_eq!(name.listener(), listener);
    let by_port = name.mode().as_str() == "port_mapping";
    let address = match route.endpoint {
        Endpoint::Bootstrap => route.addresses.bootstrap(),
        Endpoint::Node(node) => table.advertise(route.rule, &route.destination, node).unwrap(),
    };
    if by_port {
        prop_assert_eq!(address.port, port);
    } else {
        let sni = sni.unwrap().to_ascii_lowercase();
        prop_assert_eq!(address.host, sni.strip_suffix('.').unwrap_or(&sni));
        prop_assert!(table.needs_server_name(local));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 768, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn port_mapping_is_inverse(rule in port_mapping(), nodes in vec(node(), 1..20)) {
        let Ok(table) = build(vec![rule]) else { return Ok(()) };
        nodes.into_iter().try_for_each(|node| advertised_leads_back(&table, node))?;
        (8990..=9110).try_for_each(|port| routed_was_advertised(&table, port, None))?;
    }

    #[test]
    fn sni_is_inverse(rule in sni(), node in node(), names in vec(name(), 1..20)) {
        let Ok(table) = build(vec![rule]) else { return Ok(()) };
        advertised_leads_back(&table, node)?;
        names.iter().try_for_each(|name| routed_was_advertised(&table, 9000, Some(name)))?;
    }

    #[test]
    fn sni_passthrough_is_inverse(rule in sni_passthrough(), node in node(), names in vec(name(), 1..20)) {
        let Ok(table) = build(vec![rule]) else { return Ok(()) };
        advertised_leads_back(&table, node)?;
        names.iter().try_for_each(|name| routed_was_advertised(&table, 9000, Some(name)))?;
    }

    #[test]
    fn rules_that_are_accepted_together_are_inverse_together(rules in rules(), node in node(), names in vec(name(), 1..20)) {
        let Ok(table) = build(rules) else { return Ok(()) };
        // The literal names above have the low numbers in them.
        [0, 1, 2, 3, node].into_iter().try_for_each(|node| advertised_leads_back(&table, node))?;
        for port in open().iter() {
            names.iter().try_for_each(|name| routed_was_advertised(&table, port, Some(name)))?;
            routed_was_advertised(&table, port, None)?;
        }
    }

    #[test]
    fn listeners_with_the_same_ports_on_two_addresses_are_inverse_each(
        one in rules(),
        two in rules(),
        node in node(),
        names in vec(name(), 1..20),
    ) {
        let Ok(table) = build_two([one, two]) else { return Ok(()) };
        [0, 1, 2, 3, node].into_iter().try_for_each(|node| advertised_leads_back(&table, node))?;
        for (listener, port) in ["one", "two"].into_iter().flat_map(|it| open().iter().map(move |port| (it, port)).collect::<Vec<_>>()) {
            names.iter().try_for_each(|name| routed_on_was_advertised(&table, listener, port, Some(name)))?;
            routed_on_was_advertised(&table, listener, port, None)?;
            // Without an address nobody knows whose it is.
            prop_assert!(table.route(port, None).is_err());
        }
    }

    #[test]
    fn what_is_refused_as_a_collision_is_one(rules in rules()) {
        let Err(problems) = build(rules.clone()) else { return Ok(()) };
        for problem in problems {
            let Problem::NameCollision { name, first, second } = problem else { continue };
            for party in [first, second] {
                // Alone, the rule has the name; unless it collides with itself.
                let Ok(alone) = build(vec![rules[party.rule().id().index()].clone()]) else { continue };
                let route = alone.route(9000, Some(&name)).unwrap();
                prop_assert_eq!(format!("{:?}", route.destination), party.destination());
            }
        }
    }

    #[test]
    fn the_missing_ports_of_a_node_are_enough(
        ports in some_ports(),
        min in 0..20_i32,
        bootstrap in select(vec![BootstrapPort::None, BootstrapPort::AtStart]),
        node in 0..200_i32,
    ) {
        let build = |ports: Ports| {
            let mut builder = Table::builder();
            let rule = PortMapping::new(0_u8, "localhost").min_broker_id(min).bootstrap_port(bootstrap);
            let id = builder.listener("local", ports).forward(rule);
            builder.build().map(|table| (id, table))
        };
        let Ok((id, table)) = build(ports.clone()) else { return Ok(()) };
        let Err(AdvertiseError::NoPort { missing: Some(missing), .. }) = table.advertise(id, &0, node) else {
            return Ok(());
        };
        let mut ranges: Vec<_> = ports.ranges().chain([missing]).collect();
        ranges.sort_by_key(|range| range.first());
        // A listed range may start inside the missing one; then the ports are no longer disjoint as written.
        let Ok(more) = Ports::new(ranges) else { return Ok(()) };
        let (_, grown) = build(more).unwrap();
        prop_assert!(grown.advertise(id, &0, node).is_ok());
        for port in ports.iter() {
            prop_assert_eq!(table.route(port, None).unwrap().endpoint, grown.route(port, None).unwrap().endpoint);
        }
    }

    #[test]
    fn no_node_below_zero_is_advertised(rules in rules(), node in i32::MIN..0) {
        let Ok(table) = build(rules) else { return Ok(()) };
        for rule in table.rules() {
            for (destination, _) in rule.destinations() {
                let error = table.advertise(rule.name().id(), destination, node).unwrap_err();
                let negative = matches!(error, AdvertiseError::NegativeNode { .. });
                prop_assert!(negative);
            }
        }
    }

    #[test]
    fn any_string_as_server_name_is_answered(rules in rules(), port: u16, sni in "(?s).{0,400}") {
        let Ok(table) = build(rules) else { return Ok(()) };
        for port in open().iter().chain([port]) {
            routed_was_advertised(&table, port, Some(&sni))?;
            if let Err(error @ RouteError::UnknownName { .. }) = table.route(port, Some(&sni)) {
                let shown = error.to_string();
                prop_assert!(shown.len() < 1000 && shown.is_ascii() && !shown.contains(char::is_control));
            }
        }
    }

    #[test]
    fn any_strings_in_rules_are_answered(text in "(?s).{0,80}", host in "[a-z0-9.{}_-]{0,80}", port: u16) {
        let rules: [Rule<u8>; 3] = [
            PortMapping::new(0, text.clone()).into(),
            Sni::new(host.clone()).advertised_port(port).destination(0, text.clone()).into(),
            SniPassthrough::new(0, host.clone(), format!("{host}{{node_id}}{text}")).advertised_port(port).into(),
        ];
        for rule in rules {
            if let Ok(table) = build(vec![rule]) {
                advertised_leads_back(&table, 7)?;
            }
        }
        let _parsed = text.parse::<Ports>();
    }
}
