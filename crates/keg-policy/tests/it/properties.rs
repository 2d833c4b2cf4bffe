//! What holds for random messages of every version that is served, with whatever names in them.

mod secrets;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::{Api, ApiKey, Direction};
use keg_policy::{BrokerAddresses, Outcome, Pending, Reply, Response};

use crate::support::book::{FIRST_PORT, GATEWAY};
use crate::support::fill::Filler;
use crate::support::names::{Owner, is_name, topics};
use crate::support::random::{Choices, Randomizer, hold};
use crate::support::{Fate, Gateway, PREFIX, request};

/// What names of the client's own are made of: the prefix and parts of it, other letters, and what Kafka forbids too.
const PARTS: [&str; 9] = ["a", "-", ".", "ö", "漢", "team-a.", "team-", "a.", " "];

/// What names in texts for people are made of: in these, a name ends at what Kafka forbids in topics.
const WORDS: [&str; 6] = ["a", "-", ".", "team-a.", "team-", "a."];

/// A name of the client's, without the prefix.
fn bare(entity: Entity, choices: &mut Choices<'_>) -> String {
    let name = choices.some(&PARTS);
    let is_topic = matches!(entity, Entity::TopicName | Entity::ConfigResourceName);
    match &*name {
        "" | "." | ".." if is_topic => format!("{name}t"),
        // To the coordinators of newer groups a name of spaces, or of what comes before them, is none.
        _ if name.bytes().all(|byte| byte <= b' ') => format!("{name}x"),
        _ => name,
    }
}

/// A random message in which all names are the client's, as the client or the backend has them.
fn own(api: &'static Api, version: i16, direction: Direction, prefixed: bool, choices: &mut Choices<'_>) -> Vec<u8> {
    let table = api.message(direction);
    let owners = &[Owner::Client];
    let mut message = Filler {
        api,
        version,
        direction,
        prefixed,
        owners,
    }
    .message();
    let prefix = if prefixed { PREFIX } else { "" };
    Randomizer {
        version,
        choices,
        name: &mut |entity, choices| format!("{prefix}{}", bare(entity, choices)),
        text: &mut |choices| format!("'{prefix}{}' isn't fit", choices.some(&WORDS)),
    }
    .randomize(&mut message);
    settle(&mut message);
    message.write(table, version).unwrap()
}

/// Makes addresses the gateway's and leaves out those of controllers, and expressions, which are other tests' matter.
fn settle(message: &mut Struct) {
    for (field, value) in message.iter_mut() {
        match value {
            Value::Struct(nested) => settle(nested),
            Value::Array(listeners) if field.name == "Listeners" => listeners.clear(),
            Value::Array(elements) => {
                for element in elements {
                    if let Value::Struct(nested) = element {
                        settle(nested);
                    }
                }
            }
            Value::Bytes(host) if field.entity == Entity::BrokerHost => *host = GATEWAY.into(),
            Value::Bytes(host) if field.entity == Entity::ClientHost => *host = "/0.0.0.0".into(),
            Value::Bytes(regex) if field.entity == Entity::TopicNameRegex => regex.clear(),
            Value::Integer(port) if field.entity == Entity::BrokerPort => *port = i64::from(FIRST_PORT) + 1,
            _ => {}
        }
    }
}

/// What the broker gets, which has everybody's topics.
fn send(gateway: &Gateway, api: &'static Api, version: i16, body: &[u8]) -> (Vec<u8>, Pending) {
    gateway.join_before(&Struct::read(&api.request, version, body).unwrap(), api.key);
    let mut sent = request(api.key, version, body.to_vec());
    match gateway.chain.request(&gateway.connection, &mut sent) {
        Outcome::Forward(pending) => (sent.body_bytes().to_vec(), pending),
        Outcome::Ask(asking) => {
            let Fate::Forwarded(..) = gateway.look_up(sent, asking, &topics()) else {
                panic!("{} v{version} is not forwarded after a look-up", api.name)
            };
            send(gateway, api, version, body)
        }
        other => panic!("{} v{version}: {other:?}", api.name),
    }
}

/// What the client gets.
fn receive(gateway: &Gateway, api: &'static Api, version: i16, pending: Pending, body: Vec<u8>) -> Vec<u8> {
    let reply = Reply::Response(Response::local(api, version, body));
    match gateway.chain.response(&gateway.connection, pending, reply) {
        Outcome::Reply(Reply::Response(mut response)) => response.body_bytes().to_vec(),
        other => panic!("{} v{version}: {other:?}", api.name),
    }
}

/// All but ApiVersions, whose responses are cut; what lists client metrics alone, which are nobody's; and ACLs, whose
/// responses depend on each request: a model of them is in the tests of ACLs.
fn served(gateway: &Gateway) -> impl Iterator<Item = (&'static Api, i16)> {
    gateway.served().filter(|(api, version)| match api.key {
        ApiKey::API_VERSIONS | ApiKey::DESCRIBE_ACLS | ApiKey::CREATE_ACLS | ApiKey::DELETE_ACLS => false,
        ApiKey::LIST_CONFIG_RESOURCES => *version > 0,
        _ => true,
    })
}

/// Holds that messages of the client's pass byte for byte in both directions.
fn check_identity(gateway: &Gateway, prefixed: bool) {
    for (api, version) in served(gateway) {
        hold(&format!("{} v{version}", api.name), |choices| {
            let asked = own(api, version, Direction::Request, prefixed, choices);
            let (sent, pending) = send(gateway, api, version, &asked);
            assert_eq!(sent, asked);
            let answer = own(api, version, Direction::Response, prefixed, choices);
            assert_eq!(receive(gateway, api, version, pending, answer.clone()), answer);
        });
    }
}

#[test]
fn what_has_the_enforced_prefix_passes_byte_for_byte() {
    check_identity(&Gateway::enforcing(), true);
}

#[test]
fn without_a_namespace_all_but_addresses_passes_byte_for_byte() {
    check_identity(&Gateway::of(vec![std::sync::Arc::new(BrokerAddresses)]), false);
}

#[test]
fn what_names_nothing_passes_byte_for_byte_where_the_prefix_is_hidden() {
    let gateway = Gateway::hiding();
    let mut seen = [0; 2];
    for (api, version) in served(&gateway) {
        let nobody = |direction, owners: &'static [Owner]| Filler {
            api,
            version,
            direction,
            prefixed: true,
            owners,
        };
        let asked = nobody(Direction::Request, &[]).message();
        // To ask for all topics page by page is to begin at the prefix.
        let begins = api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS;
        if !names_something(&asked) && !begins {
            let asked = asked.write(&api.request, version).unwrap();
            assert_eq!(send(&gateway, api, version, &asked).0, asked, "{} v{version}", api.name);
            seen[0] += 1;
        }
        let mut answer = nobody(Direction::Response, &[]).message();
        settle(&mut answer);
        if !names_something(&answer) {
            let asked = own(api, version, Direction::Request, false, &mut Choices::none());
            let (_, pending) = send(&gateway, api, version, &asked);
            let answer = answer.write(&api.response, version).unwrap();
            assert_eq!(
                receive(&gateway, api, version, pending, answer.clone()),
                answer,
                "{} v{version}",
                api.name
            );
            seen[1] += 1;
        }
    }
    assert!(seen[0] > 50 && seen[1] > 150, "{seen:?}");
}

/// Whether there is a name in a message, or a text that may quote one.
fn names_something(message: &Struct) -> bool {
    message.iter().any(|(field, value)| match value {
        Value::Struct(nested) => names_something(nested),
        Value::Array(elements) => elements.iter().any(|element| match element {
            Value::Struct(nested) => names_something(nested),
            _ => is_name(field.entity),
        }),
        Value::Bytes(_) => {
            let may_hold_names = [
                Entity::ConsumerAssignment,
                Entity::ConsumerSubscription,
                Entity::FreeText,
            ];
            is_name(field.entity) || may_hold_names.contains(&field.entity)
        }
        _ => false,
    })
}

#[test]
fn the_hidden_prefix_is_put_before_every_name_and_taken_off_again() {
    let gateway = Gateway::hiding();
    for (api, version) in served(&gateway) {
        hold(&format!("{} v{version}", api.name), |choices| {
            // The same choices make the same message, with the prefix or without.
            let mut again = choices.clone();
            let asked = own(api, version, Direction::Request, false, choices);
            let (sent, pending) = send(&gateway, api, version, &asked);
            assert_eq!(sent, own(api, version, Direction::Request, true, &mut again));
            let answer = own(api, version, Direction::Response, true, &mut again);
            let seen = receive(&gateway, api, version, pending, answer);
            assert_eq!(seen, own(api, version, Direction::Response, false, choices));
        });
    }
}
