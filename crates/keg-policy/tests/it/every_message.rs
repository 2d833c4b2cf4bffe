//! Every message of every version that is served, with names of everybody in every field that names something.

use keg_codec::message::Struct;
use keg_codec::schema::{Entity, Field, Type};
use keg_codec::{Api, ApiKey, Direction};
use keg_policy::{Mode, Outcome, Reply, Response};

use crate::support::bytes::{contains, positions};
use crate::support::fill::{BACKEND_HOST, Filler};
use crate::support::names::{FOREIGN, OWN, OWNERS, Owner, SHARED, is_name, topics};
use crate::support::{Fate, Gateway, PREFIX, request};

/// A request in which the client uses its own names.
fn own_request(api: &'static Api, version: i16, mode: Mode) -> Filler {
    Filler {
        api,
        version,
        direction: Direction::Request,
        prefixed: mode == Mode::EnforcePrefix,
        owners: &[Owner::Client, Owner::Client],
    }
}

/// A response with names of everybody.
fn mixed_response(api: &'static Api, version: i16) -> Filler {
    Filler {
        api,
        version,
        direction: Direction::Response,
        prefixed: true,
        owners: &OWNERS,
    }
}

fn has_names(api: &'static Api, direction: Direction, version: i16) -> bool {
    let entities = api.message(direction).entities(version);
    [
        Entity::TopicName,
        Entity::GroupId,
        Entity::TransactionalId,
        Entity::CoordinatorKey,
        Entity::ConfigResourceName,
        Entity::AclResourceName,
    ]
    .into_iter()
    .inspect(|entity| assert!(is_name(*entity)))
    .any(|entity| entities.contains(entity))
}

/// The bytes that the broker gets, which has everybody's topics.
fn forwarded(gateway: &Gateway, api: &'static Api, version: i16, body: Vec<u8>) -> Vec<u8> {
    gateway.join_before(&Struct::read(&api.request, version, &body).unwrap(), api.key);
    let mut sent = request(api.key, version, body.clone());
    match gateway.chain.request(&gateway.connection, &mut sent) {
        Outcome::Forward(_) => sent.body_bytes().to_vec(),
        Outcome::Ask(asking) => {
            let Fate::Forwarded(..) = gateway.look_up(sent, asking, &topics()) else {
                panic!("{} v{version} is not forwarded after a look-up", api.name)
            };
            forwarded(gateway, api, version, body)
        }
        other => panic!("{} v{version}: {other:?}", api.name),
    }
}

#[test]
fn every_name_of_a_request_gets_the_hidden_prefix() {
    let gateway = Gateway::hiding();
    let mut seen = 0;
    for (api, version) in gateway.served() {
        let asked = own_request(api, version, Mode::HidePrefix)
            .message()
            .write(&api.request, version)
            .unwrap();
        let sent = forwarded(&gateway, api, version, asked.clone());
        for name in OWN {
            let (before, after) = (positions(&asked, name.as_bytes()), positions(&sent, name.as_bytes()));
            assert_eq!(before.len(), after.len(), "{} v{version}: {name}", api.name);
            for at in after {
                let prefix = &sent[at - PREFIX.len()..at];
                assert_eq!(prefix, PREFIX.as_bytes(), "{} v{version}: {name}", api.name);
                seen += 1;
            }
        }
        Struct::read(&api.request, version, &sent).unwrap();
    }
    assert!(seen > 400, "{seen} names");
}

#[test]
fn a_request_that_has_the_enforced_prefix_goes_on_as_it_is() {
    let gateway = Gateway::enforcing();
    for (api, version) in gateway.served() {
        let asked = own_request(api, version, Mode::EnforcePrefix)
            .message()
            .write(&api.request, version)
            .unwrap();
        assert_eq!(
            forwarded(&gateway, api, version, asked.clone()),
            asked,
            "{} v{version}",
            api.name
        );
    }
}

/// The bytes that a client gets of a response with names of everybody.
fn received(gateway: &Gateway, api: &'static Api, version: i16, mode: Mode) -> Vec<u8> {
    let mut asked = own_request(api, version, mode);
    asked.owners = match api.key {
        // The broker's results are told apart by their number alone.
        ApiKey::CREATE_ACLS => &[Owner::Client],
        ApiKey::DELETE_ACLS => &[Owner::Client; OWNERS.len()],
        _ => asked.owners,
    };
    let asked = asked.message();
    let Fate::Forwarded(_, pending) = gateway.ask_one_with(&topics(), api.key, version, &asked) else {
        panic!("{} v{version} is not forwarded", api.name)
    };
    let body = mixed_response(api, version)
        .message()
        .write(&api.response, version)
        .unwrap();
    let response = Response::local(api, version, body);
    match gateway
        .chain
        .response(&gateway.connection, pending, Reply::Response(response))
    {
        Outcome::Reply(Reply::Response(mut response)) => response.body_bytes().to_vec(),
        other => panic!("{} v{version}: {other:?}", api.name),
    }
}

#[test]
fn no_response_shows_a_foreign_name_or_the_hidden_prefix_or_a_backend_address() {
    for (gateway, secrets) in [
        (Gateway::hiding(), &[&FOREIGN[..], &[SHARED]].concat()[..]),
        (Gateway::sharing(Mode::HidePrefix), &FOREIGN[..]),
    ] {
        for (api, version) in gateway.served() {
            check_for_secrets(&gateway, api, version, secrets);
        }
    }
}

fn check_for_secrets(gateway: &Gateway, api: &'static Api, version: i16, secrets: &[&str]) {
    let body = received(gateway, api, version, Mode::HidePrefix);
    for secret in secrets {
        assert!(!contains(&body, secret), "{} v{version} shows {secret}", api.name);
    }
    let without_user_data = String::from_utf8_lossy(&body).replace("team-a.user-data", "");
    assert!(
        !without_user_data.contains(PREFIX),
        "{} v{version} shows the prefix",
        api.name
    );
    assert!(!contains(&body, BACKEND_HOST), "{} v{version} shows a host", api.name);
    // In version 0 of ListConfigResources all are client metrics.
    let is_listed =
        has_names(api, Direction::Response, version) && (api.key, version) != (ApiKey::LIST_CONFIG_RESOURCES, 0);
    let shows_own = OWN.into_iter().any(|name| contains(&body, name));
    assert!(shows_own || !is_listed, "{} v{version} shows nothing", api.name);
}

#[test]
fn every_response_is_what_the_client_would_get_of_a_cluster_of_its_own() {
    for (mode, shared) in [
        (Mode::HidePrefix, false),
        (Mode::EnforcePrefix, false),
        (Mode::HidePrefix, true),
        (Mode::EnforcePrefix, true),
    ] {
        let gateway = match shared {
            true => Gateway::sharing(mode),
            false => Gateway::isolated(mode),
        };
        for (api, version) in gateway.served().filter(|(api, _)| api.key != ApiKey::API_VERSIONS) {
            let body = received(&gateway, api, version, mode);
            let expected = mixed_response(api, version).seen(mode == Mode::HidePrefix, shared);
            let seen = Struct::read(&api.response, version, &body).unwrap();
            assert!(
                seen == expected,
                "{} v{version}, {mode:?}, {shared}: {seen:?}",
                api.name
            );
        }
    }
}

/// The paths of names that are not in an array, and so can't be left out.
fn names_outside_of_arrays(table: &'static [Field], path: &str, found: &mut Vec<String>) {
    for field in table.iter().filter(|field| !field.array) {
        let path = format!("{path}.{}", field.name);
        match field.ty {
            Type::Struct(nested) => names_outside_of_arrays(nested, &path, found),
            _ if is_name(field.entity) => found.push(path),
            _ => {}
        }
    }
}

#[test]
fn names_of_responses_stand_in_arrays_but_for_those_that_are_handled() {
    let mut found = Vec::new();
    for api in Api::all().iter().filter(|api| api.broker) {
        names_outside_of_arrays(api.response.fields, api.name, &mut found);
    }
    assert_eq!(found, ["DescribeTopicPartitions.NextCursor.TopicName"]);
}
