//! In any table that is built, advertising a node and routing to it are inverse.

#![no_main]

use std::net::{IpAddr, SocketAddr};

use keg_router::{
    Advertised, BootstrapPort, BrokerHostFormat, Endpoint, Local, Mode, PortMapping, PortRange, Ports, Rule, Sni,
    SniPassthrough, Table,
};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

/// A piece of a name: one that other pieces fit to, or anything.
#[derive(Debug, Arbitrary)]
enum Text {
    Known(u8),
    Free(String),
}

impl Text {
    fn get(&self) -> &str {
        const KNOWN: [&str; 16] = [
            "",
            "a",
            "b",
            "1",
            "a-b",
            ".x",
            ".a.x",
            "-b.x",
            ".x-2",
            "localhost",
            "10.0.0.1",
            "broker-1.a.x",
            "bootstrap.a.x",
            "broker-{node_id}.a.x",
            "{node_id}.x",
            "b-1-n{node_id}.x",
        ];
        match self {
            Self::Known(which) => KNOWN[usize::from(*which) % KNOWN.len()],
            Self::Free(text) => text,
        }
    }
}

#[derive(Debug, Arbitrary)]
enum Draft {
    PortMapping {
        host: Text,
        ports: Option<(u8, u8)>,
        at_start: bool,
        min_broker_id: i32,
    },
    Sni {
        suffix: Text,
        shared: bool,
        port: Option<u16>,
        labels: Vec<Text>,
    },
    SniPassthrough {
        bootstrap: Text,
        broker: Text,
        port: Option<u16>,
    },
}

#[derive(Debug, Arbitrary)]
struct Input {
    listeners: Vec<(On, u8, u8, Vec<Draft>)>,
    nodes: Vec<i32>,
    connections: Vec<(On, u8, Option<(Text, i32, Text)>)>,
}

/// Where a listener is, or where a connection comes to.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum On {
    All,
    One,
    Other,
}

impl On {
    fn address(self) -> Option<IpAddr> {
        match self {
            Self::All => None,
            Self::One => Some(IpAddr::from([10, 0, 0, 1])),
            Self::Other => Some(IpAddr::from([10, 0, 0, 2])),
        }
    }

    fn local(self, port: u16) -> Local {
        self.address()
            .map_or(port.into(), |address| SocketAddr::new(address, port).into())
    }
}

/// Few ports, so that rules often meet.
fn ports(first: u8, count: u8) -> Option<Ports> {
    let first = 9000 + u16::from(first % 32);
    Ports::new([PortRange::new(first, first + u16::from(count % 16)).ok()?]).ok()
}

fn rule(draft: &Draft, destination: u32) -> Rule<u32> {
    match draft {
        Draft::PortMapping {
            host,
            ports: own,
            at_start,
            min_broker_id,
        } => {
            let bootstrap = if *at_start {
                BootstrapPort::AtStart
            } else {
                BootstrapPort::None
            };
            let rule = PortMapping::new(destination, host.get())
                .bootstrap_port(bootstrap)
                .min_broker_id(*min_broker_id);
            match own.and_then(|(first, count)| ports(first, count)) {
                Some(own) => rule.ports(own).into(),
                None => rule.into(),
            }
        }
        Draft::Sni {
            suffix,
            shared,
            port,
            labels,
        } => {
            let format = if *shared {
                BrokerHostFormat::SharedSuffix
            } else {
                BrokerHostFormat::PerClusterSuffix
            };
            let rule = Sni::new(suffix.get()).broker_host_format(format);
            let rule = port.map_or(rule.clone(), |port| rule.advertised_port(port));
            let labels = labels.iter().zip(destination..);
            labels
                .fold(rule, |rule, (label, to)| rule.destination(to, label.get()))
                .into()
        }
        Draft::SniPassthrough {
            bootstrap,
            broker,
            port,
        } => {
            let rule = SniPassthrough::new(destination, bootstrap.get(), broker.get());
            port.map_or(rule.clone(), |port| rule.advertised_port(port)).into()
        }
    }
}

/// A client that connects to the address gets to where it was advertised for, unless an earlier port mapping takes it.
fn leads_back(table: &Table<u32>, open: &Ports, address: &Advertised<'_>, endpoint: Endpoint, from: (&From, &u32)) {
    let (from, destination) = from;
    let on = from.on;
    let by_port = from.mode == Mode::PortMapping;
    let reached: Vec<u16> = if by_port {
        vec![address.port]
    } else {
        open.iter().collect()
    };
    let mut arrived = false;
    for port in reached {
        let local = on.local(port);
        let route = table
            .route(local, Some(&address.host))
            .expect("what is advertised is routed");
        if route.rule != from.id {
            assert!(!by_port && table.has_port_mapping(local), "{address} on {port}");
            continue;
        }
        arrived = true;
        assert_eq!(route.destination, *destination);
        // Without a bootstrap port, clients bootstrap with the first node.
        assert!(route.endpoint == endpoint || (by_port && endpoint == Endpoint::Bootstrap));
    }
    assert!(arrived, "{address} leads nowhere");
}

struct From {
    on: On,
    id: keg_router::RuleId,
    mode: Mode,
}

fuzz_target!(|input: Input| {
    let mut builder = Table::builder();
    for (index, (on, first, count, drafts)) in input.listeners.iter().enumerate() {
        let Some(open) = ports(*first, *count) else { continue };
        let mut listener = builder.listener(&format!("listener {index}"), open);
        if let Some(address) = on.address() {
            listener.addresses([address]);
        }
        for (at, draft) in drafts.iter().enumerate() {
            listener.forward(rule(draft, (index * 10_000 + at * 100) as u32));
        }
    }
    let table = match builder.build() {
        Ok(table) => table,
        Err(problems) => {
            assert!(!problems.to_string().is_empty());
            return;
        }
    };
    for rule in table.rules() {
        let (_, open) = table
            .listeners()
            .find(|(name, _)| *name == rule.name().listener())
            .expect("a rule is of a listener");
        let index = rule
            .name()
            .listener()
            .rsplit(' ')
            .next()
            .and_then(|it| it.parse::<usize>().ok());
        let from = From {
            on: index
                .map(|index| input.listeners[index].0)
                .expect("listeners are named by their places"),
            id: rule.name().id(),
            mode: rule.name().mode(),
        };
        for (destination, addresses) in rule.destinations() {
            leads_back(
                &table,
                open,
                &addresses.bootstrap(),
                Endpoint::Bootstrap,
                (&from, destination),
            );
            for node in &input.nodes {
                match addresses.node(*node) {
                    Ok(address) => leads_back(&table, open, &address, Endpoint::Node(*node), (&from, destination)),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
        }
    }
    for (on, port, name) in &input.connections {
        let name = name
            .as_ref()
            .map(|(start, node, end)| format!("{}{node}{}", start.get(), end.get()));
        match table.route(on.local(9000 + u16::from(*port % 64)), name.as_deref()) {
            Ok(route) => {
                let address = match route.endpoint {
                    Endpoint::Bootstrap => Ok(route.addresses.bootstrap()),
                    Endpoint::Node(node) => route.addresses.node(node),
                };
                address.expect("what is routed to is advertised");
            }
            Err(error) => assert!(error.to_string().len() < 1024),
        }
    }
});
