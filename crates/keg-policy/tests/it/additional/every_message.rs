//! Every version that is served, with own and shared names in every array.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::{Api, ApiKey, Direction};
use keg_policy::Mode;

use crate::support::bytes::contains;
use crate::support::fill::Filler;
use crate::support::names::{Owner, SHARED, is_name, topics};
use crate::support::{Fate, Gateway};

/// Whether requests of this API name transactional ids in arrays, of which none is shared.
fn names_transactions(key: ApiKey, version: i16) -> bool {
    key == ApiKey::DESCRIBE_TRANSACTIONS || key == ApiKey::ADD_PARTITIONS_TO_TXN && version >= 4
}

/// Whether what requests of this API name in arrays is created, altered or deleted by them.
fn is_denied(key: ApiKey, version: i16, mode: Mode) -> bool {
    match key {
        ApiKey::CREATE_TOPICS
        | ApiKey::DELETE_TOPICS
        | ApiKey::DELETE_RECORDS
        | ApiKey::CREATE_PARTITIONS
        | ApiKey::ALTER_CONFIGS
        | ApiKey::INCREMENTAL_ALTER_CONFIGS
        | ApiKey::ELECT_LEADERS
        | ApiKey::ALTER_PARTITION_REASSIGNMENTS
        | ApiKey::DELETE_GROUPS
        | ApiKey::STREAMS_GROUP_HEARTBEAT => true,
        // With a hidden prefix the name is an own one.
        _ => mode == Mode::EnforcePrefix && names_transactions(key, version),
    }
}

fn asked(api: &'static Api, version: i16, prefixed: bool, owners: &'static [Owner]) -> Struct {
    let filler = Filler {
        api,
        version,
        direction: Direction::Request,
        prefixed,
        owners,
    };
    filler.message()
}

#[test]
fn shared_names_go_on_as_they_are_beside_own_ones_or_are_denied() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::sharing(mode);
        let prefixed = mode == Mode::EnforcePrefix;
        let mut denied = 0;
        for (api, version) in gateway.served_but_acls() {
            let place = format!("{} v{version}, {mode:?}", api.name);
            let request = asked(api, version, prefixed, &[Owner::Client, Owner::Shared]);
            let names_shared = contains(&request.write(&api.request, version).unwrap(), SHARED);
            gateway.join_before(&request, api.key);
            let (sent, pending) = match gateway.ask_one_with(&topics(), api.key, version, &request) {
                Fate::Forwarded(sent, pending) => (sent, pending),
                Fate::Answered(response) => {
                    // All or nothing; a topology has topics to be made in it.
                    let whole = [ApiKey::ADD_PARTITIONS_TO_TXN, ApiKey::STREAMS_GROUP_HEARTBEAT];
                    assert!(whole.contains(&api.key), "{place}: {response:?}");
                    assert!(is_denied(api.key, version, mode), "{place}");
                    continue;
                }
                other => panic!("{place}: {other:?}"),
            };
            if names_shared && is_denied(api.key, version, mode) {
                denied += 1;
                assert_eq!(sent, asked(api, version, true, &[Owner::Client]), "{place}");
                let answered = Filler {
                    api,
                    version,
                    direction: Direction::Response,
                    prefixed: true,
                    owners: &[Owner::Client],
                };
                let seen = gateway.answer(api.key, version, pending, &answered.message());
                let codes = codes_of_shared(&seen, version);
                let code = match api.key {
                    ApiKey::DELETE_GROUPS => 30,
                    ApiKey::DESCRIBE_TRANSACTIONS => 53,
                    _ => 29,
                };
                assert!(
                    !codes.is_empty() && codes.iter().all(|it| *it == code),
                    "{place}: {codes:?}"
                );
            } else if names_transactions(api.key, version) {
                let sent = sent.write(&api.request, version).unwrap();
                assert!(contains(&sent, "team-a.shared-transaction"), "{place}");
            } else if api.key != ApiKey::METADATA {
                let expected = asked(api, version, true, &[Owner::Client, Owner::Shared]);
                assert!(sent == expected, "{place}: {sent:?}");
            }
        }
        assert!(denied > 20, "{denied}");
    }
}

/// The error codes of elements that are about shared names, or are in such.
fn codes_of_shared(of: &Struct, version: i16) -> Vec<i64> {
    fn collect(of: &Struct, version: i16, inside: bool, found: &mut Vec<i64>) {
        let names_shared = |value: &Value| matches!(value, Value::Bytes(name) if name.starts_with(SHARED.as_bytes()));
        let present = || of.iter().filter(|(field, _)| field.versions.contains(version));
        let inside = inside || present().any(|(field, value)| is_name(field.entity) && names_shared(value));
        for (field, value) in present() {
            match value {
                Value::Integer(code) if inside && field.entity == Entity::ErrorCode && !field.is_tagged(version) => {
                    found.push(*code);
                }
                Value::Array(elements) => elements
                    .iter()
                    .filter_map(Value::as_struct)
                    .for_each(|element| collect(element, version, inside, found)),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    collect(of, version, false, &mut found);
    found
}

/// Whether the offsets of a group are deleted.
fn deletes(key: ApiKey) -> bool {
    matches!(key, ApiKey::OFFSET_DELETE | ApiKey::DELETE_SHARE_GROUP_OFFSETS)
}

#[test]
fn shared_groups_are_used_in_requests_that_are_about_one() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::sharing(mode);
        let prefixed = mode == Mode::EnforcePrefix;
        let mut used = 0;
        for (api, version) in gateway.served() {
            let group = Value::text("shared-group");
            let mut request = asked(api, version, prefixed, &[Owner::Client]);
            let mut expected = asked(api, version, true, &[Owner::Client]);
            let is_group = |field: &keg_codec::schema::Field| {
                !field.array
                    && field.versions.contains(version)
                    && matches!(field.entity, Entity::GroupId | Entity::CoordinatorKey)
            };
            let Some(name) = Struct::new(api.request.fields, version)
                .iter()
                .map(|(field, _)| field)
                .find(|field| is_group(field))
                .map(|field| field.name)
            else {
                continue;
            };
            request.set(name, group.clone());
            expected.set(name, group);
            gateway.join_before(&request, api.key);
            match gateway.ask_one_with(&topics(), api.key, version, &request) {
                Fate::Forwarded(sent, _) => {
                    used += 1;
                    assert!(!deletes(api.key), "{}", api.name);
                    assert_eq!(sent, expected, "{} v{version}", api.name);
                }
                Fate::Answered(response) => {
                    assert!(deletes(api.key), "{}", api.name);
                    assert_eq!(response.get("ErrorCode"), Some(&Value::Integer(30)));
                }
                other => panic!("{} v{version}: {other:?}", api.name),
            }
        }
        assert!(used > 30, "{used}");
    }
}
