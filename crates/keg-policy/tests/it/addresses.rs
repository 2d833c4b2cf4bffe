//! Where clients are told that nodes are.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::{Api, ApiKey, Direction};
use keg_policy::{BrokerAddresses, Outcome, Pending, Reply, Response};

use crate::support::bytes::contains;
use crate::support::fill::{BACKEND_HOST, BACKEND_PORT, Filler, MEMBER_HOST};
use crate::support::message::{count, ints, texts};
use crate::support::names::Owner;
use crate::support::{Fields, Gateway, answering, api, asking, int, text};

/// A connection as brokers write it down: where it came to, and where from.
const CONNECTION: &str = "192.0.2.1:9092-192.0.2.77:50234-2-5";

/// What may tell an address.
const MAY_TELL: EntitySet = EntitySet::of(&[
    Entity::BrokerHost,
    Entity::ClientHost,
    Entity::ConfigValue,
    Entity::FreeText,
]);

fn gateway() -> Gateway {
    Gateway::of(vec![std::sync::Arc::new(BrokerAddresses)])
}

fn pending(gateway: &Gateway, api: &'static Api, version: i16) -> Pending {
    gateway
        .forward(api.key, version, &filled(api, version, Direction::Request))
        .1
}

fn filled(api: &'static Api, version: i16, direction: Direction) -> Struct {
    let filler = Filler {
        api,
        version,
        direction,
        prefixed: true,
        owners: &[Owner::Client],
    };
    filler.message()
}

/// The ports of a response.
fn ports(of: &Struct, version: i16, found: &mut Vec<i64>) {
    let present = |(field, _): &(&'static Field, &Value)| field.versions.contains(version);
    for (field, value) in of.iter().filter(present) {
        match value {
            Value::Integer(port) if field.entity == Entity::BrokerPort => found.push(*port),
            Value::Struct(nested) => ports(nested, version, found),
            Value::Array(elements) => {
                let nested = elements.iter().filter_map(Value::as_struct);
                nested.for_each(|nested| ports(nested, version, found));
            }
            _ => {}
        }
    }
}

/// Puts a message as of a broker that refuses a request into each text.
fn write_down_the_connection(of: &mut Struct, version: i16) {
    for (field, value) in of.iter_mut().filter(|(field, _)| field.versions.contains(version)) {
        match value {
            Value::Struct(nested) => write_down_the_connection(nested, version),
            Value::Array(elements) => {
                for element in elements {
                    if let Value::Struct(nested) = element {
                        write_down_the_connection(nested, version);
                    }
                }
            }
            value if field.entity == Entity::FreeText => {
                let request = format!("Request(processor=0, connectionId={CONNECTION}, envelope=None)");
                *value = text(&format!("Request {request} needs ALTER permission."));
            }
            _ => {}
        }
    }
}

/// Architecture, invariant 4.
#[test]
fn no_response_of_any_version_shows_the_address_of_a_backend_node() {
    let gateway = gateway();
    let (mut with_hosts, mut with_members, mut with_texts) = (0, 0, 0);
    for api in Api::all() {
        let versions = gateway.chain.served().versions(api.key);
        for version in api.versions().first..=api.versions().last {
            let has_host = api.response.entities(version).contains(Entity::BrokerHost);
            if !versions.contains(version) {
                assert!(!has_host || !api.broker, "{} v{version} is not looked at", api.name);
                continue;
            }
            let pending = pending(&gateway, api, version);
            let mut response = filled(api, version, Direction::Response);
            write_down_the_connection(&mut response, version);
            let response = response.write(&api.response, version).unwrap();
            assert_eq!(contains(&response, BACKEND_HOST), has_host);
            let has_text = api.response.entities(version).contains(Entity::FreeText);
            assert_eq!(contains(&response, CONNECTION), has_text);
            let has_member = api.response.entities(version).contains(Entity::ClientHost);
            assert_eq!(contains(&response, MEMBER_HOST), has_member);
            let response = Response::local(api, version, response);
            let Outcome::Reply(Reply::Response(mut seen)) =
                gateway
                    .chain
                    .response(&gateway.connection, pending, Reply::Response(response))
            else {
                panic!("{} v{version} is not answered", api.name)
            };
            let seen = seen.body_bytes();
            assert!(!contains(&seen, BACKEND_HOST), "{} v{version}", api.name);
            assert!(!contains(&seen, MEMBER_HOST), "{} v{version}", api.name);
            with_members += usize::from(has_member);
            assert!(!contains(&seen, CONNECTION), "{} v{version}", api.name);
            with_texts += usize::from(has_text);
            let mut found = Vec::new();
            ports(
                &Struct::read(&api.response, version, &seen).unwrap(),
                version,
                &mut found,
            );
            assert!(
                !found.contains(&BACKEND_PORT.into()),
                "{} v{version}: {found:?}",
                api.name
            );
            if api.key != ApiKey::DESCRIBE_QUORUM {
                assert!(
                    found.iter().all(|port| *port == 20_001),
                    "{} v{version}: {found:?}",
                    api.name
                );
            }
            with_hosts += usize::from(has_host);
        }
    }
    assert!(with_hosts > 30, "{with_hosts} versions");
    assert!(with_members > 9, "{with_members} versions");
    assert!(with_texts > 60, "{with_texts} versions");
}

#[test]
fn what_has_no_address_passes_unseen() {
    for api in Api::all() {
        for version in api.versions().first..=api.versions().last {
            use keg_policy::{Interest, Policy};
            let entities = api.response.entities(version);
            let expected = if entities.intersects(MAY_TELL) {
                Interest::Response
            } else {
                Interest::None
            };
            assert_eq!(
                BrokerAddresses.interest(api, version),
                expected,
                "{} v{version}",
                api.name
            );
        }
    }
}

fn seen(gateway: &Gateway, key: ApiKey, version: i16, answer: Fields<'_>) -> Struct {
    let pending = pending(gateway, api(key), version);
    gateway.answer(key, version, pending, &answering(key, version, answer))
}

#[test]
fn metadata_has_the_gateways_addresses_and_teaches_the_backends() {
    let gateway = gateway();
    let seen = seen(
        &gateway,
        ApiKey::METADATA,
        9,
        &[
            ("Brokers.0.NodeId", int(3)),
            ("Brokers.0.Host", text("three.internal")),
            ("Brokers.0.Port", int(9093)),
            ("Brokers.0.Rack", text("rack-1")),
            ("Brokers.1.NodeId", int(0)),
            ("Brokers.1.Host", text("zero.internal")),
            ("Brokers.1.Port", int(9090)),
            ("ClusterId", text("cluster")),
            ("ControllerId", int(3)),
        ],
    );
    assert_eq!(ints(&seen, "Brokers.*.NodeId"), [3, 0]);
    assert_eq!(texts(&seen, "Brokers.*.Host"), ["gateway.example", "gateway.example"]);
    assert_eq!(ints(&seen, "Brokers.*.Port"), [20_003, 20_000]);
    assert_eq!(texts(&seen, "Brokers.*.Rack"), ["rack-1", "<null>"]);
    assert_eq!(texts(&seen, "ClusterId"), ["cluster"]);
    assert_eq!(ints(&seen, "ControllerId"), [3]);
    assert_eq!(
        gateway.book.learned(),
        [
            (3, "three.internal".to_owned(), 9093),
            (0, "zero.internal".to_owned(), 9090)
        ]
    );
}

#[test]
fn a_client_that_is_told_to_bootstrap_again_is_told_so() {
    // KIP-1102: REBOOTSTRAP_REQUIRED, and nothing else.
    for gateway in [gateway(), Gateway::hiding(), Gateway::enforcing()] {
        let asked = asking(ApiKey::METADATA, 13, &[("Topics", Value::Array(Vec::new()))]);
        let answer = answering(ApiKey::METADATA, 13, &[("ErrorCode", int(129))]);
        let seen = gateway.exchange(ApiKey::METADATA, 13, &asked, &answer);
        assert_eq!(seen, answer);
    }
}

#[test]
fn a_node_without_an_address_is_an_error_that_says_what_to_do() {
    let gateway = gateway();
    let asked = asking(ApiKey::METADATA, 9, &[("Topics.0.Name", text("orders"))]);
    let (_, pending) = gateway.forward(ApiKey::METADATA, 9, &asked);
    let answer = answering(
        ApiKey::METADATA,
        9,
        &[
            ("Brokers.0.NodeId", int(1)),
            ("Brokers.0.Host", text("one.internal")),
            ("Brokers.1.NodeId", int(10)),
            ("Brokers.1.Host", text("ten.internal")),
            ("Topics.0.Name", text("orders")),
        ],
    );
    let log = crate::support::log::of(|| {
        let seen = gateway.answer(ApiKey::METADATA, 9, pending, &answer);
        assert_eq!(count(&seen, "Brokers"), 0);
        assert_eq!(texts(&seen, "Topics.*.Name"), ["orders"]);
        assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [-1]);
    });
    assert!(
        log.contains("node 10 has no port: 20000-20009 are for nodes 0-9"),
        "{log}"
    );
    assert!(
        ["Metadata", "orders", "broker_addresses"]
            .iter()
            .all(|it| log.contains(it)),
        "{log}"
    );
}

#[test]
fn hints_that_cannot_be_followed_are_left_out() {
    let gateway = gateway();
    for (key, version) in [
        (ApiKey::PRODUCE, 10),
        (ApiKey::PRODUCE, 13),
        (ApiKey::FETCH, 16),
        (ApiKey::FETCH, 18),
        (ApiKey::SHARE_FETCH, 2),
        (ApiKey::SHARE_ACKNOWLEDGE, 2),
    ] {
        let seen = seen(
            &gateway,
            key,
            version,
            &[
                ("NodeEndpoints.0.NodeId", int(4)),
                ("NodeEndpoints.0.Host", text("four.internal")),
                ("NodeEndpoints.0.Port", int(9094)),
                ("NodeEndpoints.1.NodeId", int(77)),
                ("NodeEndpoints.1.Host", text("new.internal")),
                ("NodeEndpoints.1.Port", int(9099)),
                ("NodeEndpoints.2.NodeId", int(5)),
                ("NodeEndpoints.2.Host", text("five.internal")),
                ("NodeEndpoints.2.Port", int(9095)),
            ],
        );
        assert_eq!(ints(&seen, "NodeEndpoints.*.NodeId"), [4, 5], "{key:?} v{version}");
        assert_eq!(ints(&seen, "NodeEndpoints.*.Port"), [20_004, 20_005]);
        assert_eq!(gateway.book.learned().len(), 2);
    }
}

#[test]
fn nobody_has_no_address() {
    let gateway = gateway();
    let check = |node, host, port, expected: (&str, i64)| {
        for version in 0..=3 {
            let answer: Fields<'_> = &[("NodeId", int(node)), ("Host", text(host)), ("Port", int(port))];
            let seen = seen(&gateway, ApiKey::FIND_COORDINATOR, version, answer);
            assert_eq!(texts(&seen, "Host"), [expected.0]);
            assert_eq!(ints(&seen, "Port"), [expected.1]);
            assert_eq!(ints(&seen, "NodeId"), [node]);
        }
    };
    check(-1, "", -1, ("", -1));
    check(0, "", 0, ("", 0));
    check(-1, "backend.internal", 9092, ("", -1));
    check(-3, "backend.internal", 9092, ("", -1));
    check(1, "", 9092, ("", -1));
    assert_eq!(gateway.book.learned(), []);
    check(1, "backend.internal", 9092, ("gateway.example", 20_001));
    assert_eq!(gateway.book.learned().len(), 4);
    check(1, "backend.internal", 99_999, ("gateway.example", 20_001));
    assert_eq!(gateway.book.learned(), []);
}

#[test]
fn clusters_may_be_described_of_controllers_which_teaches_nothing() {
    let gateway = gateway();
    for version in 0..=2 {
        let seen = seen(
            &gateway,
            ApiKey::DESCRIBE_CLUSTER,
            version,
            &[
                ("Brokers.0.BrokerId", int(1)),
                ("Brokers.0.Host", text("controller.internal")),
                ("Brokers.0.Port", int(9093)),
            ],
        );
        assert_eq!(texts(&seen, "Brokers.*.Host"), ["gateway.example"]);
        assert_eq!(ints(&seen, "Brokers.*.Port"), [20_001]);
    }
    assert_eq!(gateway.book.learned(), []);
}

#[test]
fn controllers_listeners_are_nobodys_business() {
    let gateway = gateway();
    let seen = seen(
        &gateway,
        ApiKey::DESCRIBE_QUORUM,
        2,
        &[
            ("Nodes.0.NodeId", int(1)),
            ("Nodes.0.Listeners.0.Name", text("CONTROLLER")),
            ("Nodes.0.Listeners.0.Host", text("controller.internal")),
            ("Nodes.0.Listeners.0.Port", int(9093)),
            ("Nodes.0.Listeners.1.Host", text("again.internal")),
            ("Nodes.1.NodeId", int(3000)),
            ("Nodes.1.Listeners.0.Host", text("controller.internal")),
        ],
    );
    assert_eq!(ints(&seen, "Nodes.*.NodeId"), [1, 3000]);
    assert_eq!(count(&seen, "Nodes.*.Listeners"), 0);
    assert_eq!(gateway.book.learned(), []);
}

#[test]
fn hosts_of_group_members_are_not_shown() {
    // Of members behind the gateway they are the gateway's own.
    let gateway = gateway();
    for (key, last) in [
        (ApiKey::DESCRIBE_GROUPS, 6),
        (ApiKey::CONSUMER_GROUP_DESCRIBE, 1),
        (ApiKey::SHARE_GROUP_DESCRIBE, 1),
        (ApiKey::STREAMS_GROUP_DESCRIBE, 0),
    ] {
        for version in api(key).versions().first..=last {
            let seen = seen(
                &gateway,
                key,
                version,
                &[
                    ("Groups.0.Members.0.ClientId", text("worker")),
                    ("Groups.0.Members.0.ClientHost", text("/10.1.2.3")),
                    ("Groups.0.Members.1.ClientHost", text("")),
                ],
            );
            assert_eq!(texts(&seen, "Groups.*.Members.*.ClientHost"), ["/0.0.0.0"; 2]);
            assert_eq!(texts(&seen, "Groups.*.Members.*.ClientId"), ["worker", ""]);
        }
    }
}

#[test]
fn unknown_tagged_fields_do_not_pass_where_addresses_are() {
    let gateway = gateway();
    let (mut looked_at, mut passed) = (0, 0);
    for (api, version) in gateway.served() {
        if !api.response.flexible.contains(version) || api.key == ApiKey::API_VERSIONS {
            continue;
        }
        // Without tagged fields of the tables' own, so that the last section is empty.
        let plain = answering(api.key, version, &[]).write(&api.response, version).unwrap();
        let mut tagged = plain.clone();
        if tagged.pop() != Some(0) {
            continue;
        }
        tagged.extend([1, 99, 16]);
        tagged.extend(BACKEND_HOST.as_bytes());
        let pending = pending(&gateway, api, version);
        let seen = gateway.answer_raw(api.key, version, pending, tagged);
        if !api.response.entities(version).intersects(MAY_TELL) {
            passed += 1;
            continue;
        }
        looked_at += 1;
        assert!(!contains(&seen, BACKEND_HOST), "{} v{version}", api.name);
        assert!(seen.len() <= plain.len(), "{} v{version}", api.name);
    }
    assert!(looked_at > 20 && passed > 50, "{looked_at} and {passed} versions");
}

#[test]
fn settings_of_brokers_lose_their_addresses() {
    let gateway = gateway();
    let names = [
        "advertised.listeners",
        "listeners",
        "controller.quorum.voters",
        "controller.quorum.bootstrap.servers",
        "zookeeper.connect",
        "advertised.host.name",
        "advertised.port",
        "sasl.oauthbearer.token.endpoint.url",
        "log.dirs",
    ];
    for version in 1..=4 {
        for (kind, hidden) in [(4, true), (2, false)] {
            let mut fields = vec![
                ("Results.0.ResourceType".to_owned(), int(kind)),
                ("Results.0.ResourceName".to_owned(), text("1")),
            ];
            for (index, name) in names.iter().enumerate() {
                let config = format!("Results.0.Configs.{index}");
                fields.push((format!("{config}.Name"), text(name)));
                fields.push((format!("{config}.Value"), text("value")));
                fields.push((format!("{config}.Synonyms.0.Name"), text(name)));
                fields.push((format!("{config}.Synonyms.0.Value"), text("value")));
            }
            let fields: Vec<_> = fields
                .iter()
                .map(|(path, value)| (path.as_str(), value.clone()))
                .collect();
            let seen = seen(&gateway, ApiKey::DESCRIBE_CONFIGS, version, &fields);
            let mut expected = [if hidden { "<null>" } else { "value" }; 9];
            expected[8] = "value";
            assert_eq!(texts(&seen, "Results.*.Configs.*.Value"), expected);
            assert_eq!(texts(&seen, "Results.*.Configs.*.Synonyms.*.Value"), expected);
            assert_eq!(texts(&seen, "Results.*.Configs.*.Name"), names);
        }
    }
}
