//! Every version that is served, with own and foreign names in every array.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field};
use keg_codec::{Api, ApiKey, Direction};

use crate::support::bytes::contains;
use crate::support::fill::Filler;
use crate::support::names::{Owner, is_by_id, is_name, is_own, topic_id, topics};
use crate::support::{Fate, Gateway};

const FOREIGN: &str = "team-b.";

/// What becomes of a request with own and foreign names in its arrays.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Its arrays name nothing.
    Untouched,
    /// The own ones go on, and the foreign ones are answered beside them.
    Partial,
    /// The own ones go on, and of the foreign ones nothing is said.
    Narrowed,
    /// Nothing goes on.
    Refused,
}

fn expected(key: ApiKey, version: i16) -> Outcome {
    match key {
        ApiKey::DESCRIBE_LOG_DIRS | ApiKey::LIST_PARTITION_REASSIGNMENTS => Outcome::Narrowed,
        ApiKey::JOIN_GROUP
        | ApiKey::SYNC_GROUP
        | ApiKey::CONSUMER_GROUP_HEARTBEAT
        | ApiKey::ADD_PARTITIONS_TO_TXN
        | ApiKey::SHARE_GROUP_HEARTBEAT
        | ApiKey::STREAMS_GROUP_HEARTBEAT
        | ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE => Outcome::Refused,
        ApiKey::PRODUCE
        | ApiKey::FETCH
        | ApiKey::LIST_OFFSETS
        | ApiKey::METADATA
        | ApiKey::OFFSET_COMMIT
        | ApiKey::OFFSET_FETCH
        | ApiKey::DESCRIBE_GROUPS
        | ApiKey::CREATE_TOPICS
        | ApiKey::DELETE_TOPICS
        | ApiKey::DELETE_RECORDS
        | ApiKey::OFFSET_FOR_LEADER_EPOCH
        | ApiKey::TXN_OFFSET_COMMIT
        | ApiKey::DESCRIBE_CONFIGS
        | ApiKey::ALTER_CONFIGS
        | ApiKey::CREATE_PARTITIONS
        | ApiKey::DELETE_GROUPS
        | ApiKey::ELECT_LEADERS
        | ApiKey::INCREMENTAL_ALTER_CONFIGS
        | ApiKey::ALTER_PARTITION_REASSIGNMENTS
        | ApiKey::OFFSET_DELETE
        | ApiKey::DESCRIBE_PRODUCERS
        | ApiKey::DESCRIBE_TRANSACTIONS
        | ApiKey::CONSUMER_GROUP_DESCRIBE
        | ApiKey::DESCRIBE_TOPIC_PARTITIONS
        | ApiKey::SHARE_GROUP_DESCRIBE
        | ApiKey::SHARE_FETCH
        | ApiKey::SHARE_ACKNOWLEDGE
        | ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS
        | ApiKey::ALTER_SHARE_GROUP_OFFSETS
        | ApiKey::DELETE_SHARE_GROUP_OFFSETS
        | ApiKey::STREAMS_GROUP_DESCRIBE => Outcome::Partial,
        ApiKey::FIND_COORDINATOR if version >= 4 => Outcome::Partial,
        _ => Outcome::Untouched,
    }
}

fn asked(api: &'static Api, version: i16, owners: &'static [Owner]) -> Struct {
    let filler = Filler {
        api,
        version,
        direction: Direction::Request,
        prefixed: true,
        owners,
    };
    let mut asked = filler.message();
    if api.key == ApiKey::SHARE_FETCH {
        // With it nothing is fetched.
        asked.set("IsRenewAck", Value::Integer(0));
    }
    asked
}

/// What the broker answers to what it gets, which is the client's.
fn answered(api: &'static Api, version: i16) -> Struct {
    let filler = Filler {
        api,
        version,
        direction: Direction::Response,
        prefixed: true,
        owners: &[Owner::Client],
    };
    filler.message()
}

/// The error codes of the parts of a response, each with that of the innermost name that it is about.
fn codes(of: &Struct, version: i16, about: Option<i64>, found: &mut Vec<(Option<i64>, i64)>) {
    let present = |(field, _): &(&'static Field, &Value)| field.versions.contains(version);
    let name = of
        .iter()
        .filter(present)
        .find(|(field, _)| is_name(field.entity) && !field.array);
    let about = match name {
        Some((_, name)) if is_own(name) => Some(0),
        Some((field, _)) => Some(match field.entity {
            Entity::GroupId | Entity::CoordinatorKey => 30,
            Entity::TransactionalId => 53,
            _ => 29,
        }),
        None if is_by_id(of.table(), version) => of
            .get("TopicId")
            .map(|id| if *id == topic_id(Owner::Client) { 0 } else { 100 }),
        None => about,
    };
    for (field, value) in of.iter().filter(present) {
        match value {
            Value::Integer(code) if field.entity == Entity::ErrorCode && !field.is_tagged(version) => {
                found.push((about, *code));
            }
            Value::Struct(nested) => codes(nested, version, about, found),
            Value::Array(elements) => {
                let nested = elements.iter().filter_map(Value::as_struct);
                nested.for_each(|nested| codes(nested, version, about, found));
            }
            _ => {}
        }
    }
}

/// Whether topics are asked for by their ids alone.
fn names_ids(api: &'static Api, version: i16) -> bool {
    let sent = asked(api, version, &[Owner::OtherTenant])
        .write(&api.request, version)
        .unwrap();
    let Value::Uuid(id) = topic_id(Owner::OtherTenant) else {
        unreachable!()
    };
    sent.windows(16).any(|it| it == id)
}

/// What goes on of a request to begin a fetch session, if a part of it does not.
fn without_session(mut request: Struct) -> Struct {
    request.set("SessionEpoch", Value::Integer(-1));
    request
}

#[test]
fn foreign_names_are_answered_as_a_broker_does_and_do_not_reach_it() {
    let gateway = Gateway::enforcing();
    for (api, version) in gateway.served_but_acls() {
        let place = format!("{} v{version}", api.name);
        let request = asked(api, version, &[Owner::Client, Owner::OtherTenant]);
        let has_foreign = contains(&request.write(&api.request, version).unwrap(), FOREIGN);
        let has_foreign = has_foreign || names_ids(api, version);
        gateway.join_before(&request, api.key);
        let outcome = match gateway.ask_one_with(&topics(), api.key, version, &request) {
            Fate::Closed(reason) => panic!("{place}: {reason}"),
            Fate::Waits(..) => panic!("{place} waits again"),
            Fate::Answered(response) => {
                let mut found = Vec::new();
                codes(&response, version, None, &mut found);
                assert!(!found.is_empty(), "{place} says nothing");
                for (about, code) in found {
                    match about {
                        // Nothing is done unless all is.
                        Some(0) => assert_eq!(code, 55, "{place}"),
                        Some(expected) => assert_eq!(code, expected, "{place}"),
                        None => assert!([29, 53].contains(&code), "{place}: {code}"),
                    }
                }
                Outcome::Refused
            }
            Fate::Forwarded(sent, pending) => {
                let sent = sent.write(&api.request, version).unwrap();
                assert!(!contains(&sent, FOREIGN), "{place} goes on");
                let response = gateway.answer(api.key, version, pending, &answered(api, version));
                let mut found = Vec::new();
                codes(&response, version, None, &mut found);
                for (about, code) in &found {
                    assert_eq!(*code, about.unwrap_or(0), "{place}");
                }
                match found.iter().any(|(about, _)| about.is_some_and(|code| code != 0)) {
                    _ if !has_foreign => Outcome::Untouched,
                    true => Outcome::Partial,
                    false => Outcome::Narrowed,
                }
            }
        };
        assert_eq!(outcome, expected(api.key, version), "{place}");
    }
}

#[test]
fn the_allowed_part_goes_on_as_if_it_had_been_asked_for_alone() {
    let gateway = Gateway::enforcing();
    let partial = |(api, version): &(&'static Api, i16)| {
        matches!(expected(api.key, *version), Outcome::Partial | Outcome::Narrowed)
    };
    for (api, version) in gateway.served().filter(partial) {
        let mixed = asked(api, version, &[Owner::OtherTenant, Owner::Client, Owner::OtherTenant]);
        let Fate::Forwarded(sent, _) = gateway.ask_one_with(&topics(), api.key, version, &mixed) else {
            panic!("{} v{version} is not forwarded", api.name)
        };
        assert_eq!(
            sent,
            without_session(asked(api, version, &[Owner::Client])),
            "{} v{version}",
            api.name
        );
    }
}

#[test]
fn what_is_denied_whole_is_answered_at_once_unless_the_broker_has_more_to_say() {
    let gateway = Gateway::enforcing();
    for (api, version) in gateway.served_but_acls() {
        let place = format!("{} v{version}", api.name);
        let goes_on = match api.key {
            // The nodes, the rest of the session, the error of the group, and lists that are narrowed to nothing.
            ApiKey::METADATA
            | ApiKey::FETCH
            | ApiKey::SHARE_FETCH
            | ApiKey::SHARE_ACKNOWLEDGE
            | ApiKey::ALTER_SHARE_GROUP_OFFSETS
            | ApiKey::DELETE_SHARE_GROUP_OFFSETS
            | ApiKey::OFFSET_DELETE
            | ApiKey::DESCRIBE_LOG_DIRS
            | ApiKey::LIST_PARTITION_REASSIGNMENTS => true,
            ApiKey::OFFSET_FETCH => version < 8,
            key => expected(key, version) == Outcome::Untouched,
        };
        let foreign = asked(api, version, &[Owner::OtherTenant]);
        match gateway.ask_one_with(&topics(), api.key, version, &foreign) {
            Fate::Forwarded(sent, _) => {
                assert!(goes_on, "{place} goes on");
                assert!(
                    !contains(&sent.write(&api.request, version).unwrap(), FOREIGN),
                    "{place}"
                );
            }
            Fate::Answered(response) => {
                assert!(!goes_on, "{place} is answered");
                let mut found = Vec::new();
                codes(&response, version, None, &mut found);
                // Beside the errors of the parts there may be one of the whole, which says nothing then.
                for (about, code) in &found {
                    assert!(about.is_none_or(|about| about == *code), "{place}: {code}");
                }
                assert!(found.iter().any(|(_, code)| *code != 0), "{place}");
            }
            other => panic!("{place}: {other:?}"),
        }
    }
}

#[test]
fn foreign_names_outside_of_arrays_refuse_the_whole() {
    let gateway = Gateway::enforcing();
    for (api, version) in gateway.served_but_acls() {
        for (field, _) in Struct::new(api.request.fields, version).iter() {
            if field.array || !is_name(field.entity) || !field.versions.contains(version) {
                continue;
            }
            let mut request = asked(api, version, &[Owner::Client]);
            request.set(field.name, Value::text("team-b.secret"));
            let Fate::Answered(response) = gateway.ask_one_with(&topics(), api.key, version, &request) else {
                panic!("{} v{version} is not answered here", api.name)
            };
            let code = match field.entity {
                Entity::TransactionalId => 53,
                _ => 30,
            };
            let mut found = Vec::new();
            codes(&response, version, None, &mut found);
            assert!(!found.is_empty(), "{} v{version}", api.name);
            assert!(
                found.iter().all(|(_, found)| *found == code),
                "{} v{version}: {found:?}",
                api.name
            );
        }
    }
}
