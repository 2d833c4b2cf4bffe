//! Every message of every version that is served.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::{Api, ApiKey, Direction};
use keg_policy::{AclRule, ResourceType};

use super::{allow_all, gateway};
use crate::support::bytes::contains;
use crate::support::fill::Filler;
use crate::support::message::values;
use crate::support::names::{FOREIGN, OWNERS, Owner, SHARED, topics};
use crate::support::{Fate, Gateway};

/// APIs that the broker asks for nothing for, or filters the answers of.
const FREE: [ApiKey; 6] = [
    ApiKey::API_VERSIONS,
    ApiKey::DESCRIBE_CLUSTER,
    ApiKey::GET_TELEMETRY_SUBSCRIPTIONS,
    ApiKey::LIST_GROUPS,
    ApiKey::LIST_TRANSACTIONS,
    ApiKey::PUSH_TELEMETRY,
];

fn message(api: &'static Api, direction: Direction, version: i16, owners: &'static [Owner]) -> Struct {
    let filler = Filler {
        api,
        version,
        direction,
        prefixed: true,
        owners,
    };
    filler.message()
}

/// The request gets as far as it can with a broker that has everybody's topics.
fn asked(gateway: &Gateway, api: &'static Api, version: i16, body: &Struct) -> Fate {
    let mut fate = gateway.ask(api.key, version, body);
    while let Fate::Waits(request, asking) = fate {
        let mut question = asking.question();
        let names = Struct::read(&question.api.request, question.version, &question.body_bytes()).unwrap();
        let by_id = values(&names, "Topics.*.Name").contains(&&Value::Null);
        fate = match by_id {
            true => gateway.look_up(request, asking, &topics()),
            // There is nothing of the other names.
            false => gateway.resume(
                request,
                asking,
                &Struct::new(question.api.response.fields, question.version),
            ),
        };
    }
    fate
}

/// The codes of all errors in a response.
fn codes(of: &Struct, found: &mut Vec<i64>) {
    for (field, value) in of.iter() {
        match value {
            Value::Integer(code) if field.entity == Entity::ErrorCode => found.push(*code),
            Value::Struct(nested) => codes(nested, found),
            Value::Array(elements) => elements
                .iter()
                .filter_map(Value::as_struct)
                .for_each(|it| codes(it, found)),
            _ => {}
        }
    }
}

/// All may be done to the client's own, and nothing to the cluster.
fn without_cluster() -> Vec<AclRule> {
    let all = allow_all("team-a.*").into_iter();
    all.filter(|rule| rule.resource_type != ResourceType::Cluster).collect()
}

#[test]
fn where_all_is_allowed_requests_go_on_as_they_are() {
    let gateway = gateway(allow_all("*"));
    for (api, version) in gateway.served_but_acls() {
        let body = message(api, Direction::Request, version, &[Owner::Client, Owner::OtherTenant]);
        let Fate::Forwarded(sent, _) = asked(&gateway, api, version, &body) else {
            panic!("{} v{version} is not forwarded", api.name)
        };
        assert_eq!(sent, body, "{} v{version}", api.name);
    }
}

#[test]
fn where_nothing_is_allowed_nothing_is_done() {
    let gateway = gateway(Vec::new());
    let mut denied = 0;
    for (api, version) in gateway.served().filter(|(api, _)| !FREE.contains(&api.key)) {
        let body = message(api, Direction::Request, version, &[Owner::Client, Owner::OtherTenant]);
        let mut found = Vec::new();
        match asked(&gateway, api, version, &body) {
            // The nodes are for all to know.
            Fate::Forwarded(sent, _) if api.key == ApiKey::METADATA => {
                assert!(values(&sent, "Topics.*").is_empty());
                continue;
            }
            // Of a share session, or of a fetch without topics, is nothing to be told.
            Fate::Forwarded(sent, _) if api.key == ApiKey::FETCH => {
                assert!(values(&sent, "Topics.*").is_empty());
                continue;
            }
            // The version has no place for an error.
            Fate::Answered(_) if api.key == ApiKey::DESCRIBE_LOG_DIRS && version < 3 => continue,
            Fate::Answered(response) => codes(&response, &mut found),
            other => panic!("{} v{version}: {other:?}", api.name),
        }
        let is_denial = |code: &i64| [29, 30, 31, 53, 54].contains(code);
        let is_error = found.iter().all(|code| is_denial(code) || *code == 0);
        assert!(
            is_error && found.iter().any(is_denial),
            "{} v{version}: {found:?}",
            api.name
        );
        denied += 1;
    }
    assert!(denied > 200, "{denied}");
}

#[test]
fn what_is_not_allowed_does_not_reach_the_broker_and_what_is_listed_is_the_clients() {
    let gateway = gateway(without_cluster());
    let secrets = || FOREIGN.into_iter().chain([SHARED]);
    for (api, version) in gateway.served_but_acls() {
        let body = message(api, Direction::Request, version, &OWNERS);
        if let Fate::Forwarded(sent, _) = asked(&gateway, api, version, &body) {
            let sent = sent.write(&api.request, version).unwrap();
            // What a client takes back, what only narrows what is listed, and what members tell of themselves.
            let narrows = matches!(
                api.key,
                ApiKey::FETCH
                    | ApiKey::JOIN_GROUP
                    | ApiKey::SYNC_GROUP
                    | ApiKey::PRODUCE
                    | ApiKey::LIST_TRANSACTIONS
                    | ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE
            );
            for secret in secrets().filter(|_| !narrows) {
                assert!(!contains(&sent, secret), "{} v{version}: {secret}", api.name);
            }
        }
    }
}

#[test]
fn lists_have_what_the_client_may_describe() {
    let gateway = gateway(without_cluster());
    for key in [
        ApiKey::METADATA,
        ApiKey::OFFSET_FETCH,
        ApiKey::LIST_GROUPS,
        ApiKey::LIST_TRANSACTIONS,
    ] {
        // From version 8 on OffsetFetch answers for several groups.
        let is_list = |(api, version): &(&Api, i16)| api.key == key && (key != ApiKey::OFFSET_FETCH || *version < 8);
        for (api, version) in gateway.served().filter(is_list) {
            let mut body = message(api, Direction::Request, version, &[Owner::Client]);
            if key == ApiKey::METADATA {
                body.set(
                    "Topics",
                    if version == 0 {
                        Value::Array(Vec::new())
                    } else {
                        Value::Null
                    },
                );
            }
            let Fate::Forwarded(_, pending) = asked(&gateway, api, version, &body) else {
                panic!("{} v{version} is not forwarded", api.name)
            };
            let answer = message(api, Direction::Response, version, &OWNERS);
            let seen = gateway.answer(key, version, pending, &answer);
            let seen = seen.write(&api.response, version).unwrap();
            for secret in FOREIGN {
                let shows = contains(&seen, secret);
                assert!(!shows, "{} v{version}: {secret}", api.name);
            }
            assert!(contains(&seen, "team-a."), "{} v{version}", api.name);
        }
    }
}
