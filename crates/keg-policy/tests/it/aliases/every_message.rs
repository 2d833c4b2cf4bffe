//! Every version of every API that is served, with an alias in every field that names a topic.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field, Type};
use keg_codec::{Api, ApiKey, Direction};

use super::play::{ALIAS, Played, as_topic, id, plain, play, renamed, teach};
use crate::support::bytes::positions;
use crate::support::fill::Filler;
use crate::support::names::{Owner, TOPIC, backend_name, topic_id};
use crate::support::{Fate, Gateway, int};

const ALIASES: &[(&str, &str)] = &[(ALIAS, TOPIC)];

/// What creates, alters or deletes topics.
const ALTERING: &[ApiKey] = &[
    ApiKey::ALTER_CONFIGS,
    ApiKey::ALTER_PARTITION_REASSIGNMENTS,
    ApiKey::ALTER_REPLICA_LOG_DIRS,
    ApiKey::CREATE_PARTITIONS,
    ApiKey::CREATE_TOPICS,
    ApiKey::DELETE_RECORDS,
    ApiKey::DELETE_TOPICS,
    ApiKey::ELECT_LEADERS,
    ApiKey::INCREMENTAL_ALTER_CONFIGS,
];

/// What is about the topic itself: an alias has no ACLs.
const OF_TOPICS: &[ApiKey] = &[ApiKey::CREATE_ACLS, ApiKey::DELETE_ACLS, ApiKey::DESCRIBE_ACLS];

/// What brokers and controllers send each other, and is about no topic of a client's.
const OF_BROKERS: &[ApiKey] = &[
    ApiKey::ALTER_PARTITION,
    ApiKey::ASSIGN_REPLICAS_TO_DIRS,
    ApiKey::BEGIN_QUORUM_EPOCH,
    ApiKey::DELETE_SHARE_GROUP_STATE,
    ApiKey::DESCRIBE_QUORUM,
    ApiKey::END_QUORUM_EPOCH,
    ApiKey::FETCH_SNAPSHOT,
    ApiKey::INITIALIZE_SHARE_GROUP_STATE,
    ApiKey::READ_SHARE_GROUP_STATE,
    ApiKey::READ_SHARE_GROUP_STATE_SUMMARY,
    ApiKey::VOTE,
    ApiKey::WRITE_SHARE_GROUP_STATE,
    ApiKey::WRITE_TXN_MARKERS,
];

fn filled(api: &'static Api, version: i16, direction: Direction, owners: &'static [Owner]) -> Struct {
    let filler = Filler {
        api,
        version,
        direction,
        prefixed: false,
        owners,
    };
    let filled = filler.message();
    let filled = renamed(filled, (TOPIC, &topic_id(Owner::Client)), (TOPIC, &id()));
    match direction {
        // The filler has the backend's names in what it says for the client.
        Direction::Response => {
            let of_backend = backend_name(Entity::TopicName, Owner::Client);
            let filled = renamed(filled, (&of_backend, &id()), (TOPIC, &id()));
            quoting(filled, TOPIC)
        }
        Direction::Request => filled,
    }
}

/// The client's request with its topic alone, by its own name.
fn direct(api: &'static Api, version: i16) -> Struct {
    filled(api, version, Direction::Request, &[Owner::Client])
}

/// The same by the alias.
fn aliased(api: &'static Api, version: i16, alias_id: &Value) -> Struct {
    renamed(direct(api, version), (TOPIC, &id()), (ALIAS, alias_id))
}

/// With the topic by both names in each array.
fn both(api: &'static Api, version: i16, alias_id: &Value) -> Struct {
    let both = filled(api, version, Direction::Request, &[Owner::Client, Owner::Shared]);
    let shared = backend_name(Entity::TopicName, Owner::Shared);
    renamed(both, (&shared, &topic_id(Owner::Shared)), (ALIAS, alias_id))
}

/// With the topic by its name and by its alias' name in each array.
pub(super) fn both_names(api: &'static Api, version: i16) -> Struct {
    both(api, version, &id())
}

/// What a broker says of its topic and of another one.
pub(super) fn both_answered(api: &'static Api, version: i16) -> Struct {
    filled(api, version, Direction::Response, &[Owner::Client, Owner::Shared])
}

fn answered(api: &'static Api, version: i16) -> Struct {
    filled(api, version, Direction::Response, &[Owner::Client])
}

fn bytes(message: &Struct, api: &'static Api, direction: Direction, version: i16) -> Vec<u8> {
    message.write(api.message(direction), version).unwrap()
}

fn count(message: &Struct, api: &'static Api, direction: Direction, version: i16, name: &str, id: &Value) -> usize {
    let Value::Uuid(id) = id else { panic!("{id:?} is no id") };
    let bytes = bytes(message, api, direction, version);
    positions(&bytes, name.as_bytes()).len() + positions(&bytes, id).len()
}

/// Whether a request names topics where an alias counts.
pub(super) fn names_topics(api: &'static Api, version: i16, alias_id: &Value) -> bool {
    let aliased = aliased(api, version, alias_id);
    // What a topology has made is refused.
    !OF_BROKERS.contains(&api.key)
        && api.key != ApiKey::STREAMS_GROUP_HEARTBEAT
        && !OF_TOPICS.contains(&api.key)
        && count(&aliased, api, Direction::Request, version, ALIAS, alias_id) > 0
}

/// What a part of a request differs in besides its names.
fn settled(api: &'static Api, version: i16, mut request: Struct) -> Struct {
    if api.key == ApiKey::FETCH {
        request.set("MaxWaitMs", int(0));
        if version >= 7 {
            request.set("SessionEpoch", int(-1));
        }
    }
    if api.key == ApiKey::METADATA && version >= 4 {
        request.set("AllowAutoTopicCreation", int(0));
    }
    request
}

/// Versions of Metadata that always create are asked for all topics instead.
fn picks(api: &Api, version: i16) -> bool {
    api.key == ApiKey::METADATA && version < 4
}

fn gateway() -> (Gateway, Value) {
    let gateway = plain(ALIASES);
    let alias_id = teach(&gateway, ALIAS, TOPIC, &id());
    (gateway, alias_id)
}

fn play_with(gateway: &Gateway, api: &'static Api, version: i16, request: &Struct) -> Played {
    play_for(gateway, api, version, request, &answered(api, version))
}

fn play_for(gateway: &Gateway, api: &'static Api, version: i16, request: &Struct, answer: &Struct) -> Played {
    play(gateway, &[(TOPIC, id())], api.key, version, request, |_| answer.clone())
}

#[test]
fn an_alias_goes_on_as_its_topic_and_is_answered_as_what_it_was_named() {
    let (gateway, alias_id) = gateway();
    let (mut gone_on, mut named) = (0, 0);
    for (api, version) in gateway.served() {
        if !names_topics(api, version, &alias_id) || ALTERING.contains(&api.key) || picks(api, version) {
            continue;
        }
        let place = format!("{} v{version}", api.name);
        let request = aliased(api, version, &alias_id);
        let mut answer = answered(api, version);
        // What is named by ids alone isn't quoted by its name.
        let names_in_texts = !matches!(api.key, ApiKey::SHARE_FETCH | ApiKey::SHARE_ACKNOWLEDGE);
        if !names_in_texts {
            answer = quoting(answer, "x");
        }
        let played = play_for(&gateway, api, version, &request, &answer);
        let [sent] = &played.sent[..] else {
            panic!("{place}: {played:?}")
        };
        let wait = sent.get("MaxWaitMs").cloned();
        let mut expected = settled(api, version, as_topic(request, &alias_id));
        if let (ApiKey::FETCH, Some(wait)) = (api.key, wait) {
            assert_eq!(wait, int(1), "{place}: what goes alone waits as it was told");
            expected.set("MaxWaitMs", wait);
        }
        assert_eq!(*sent, expected, "{place}");
        gone_on += 1;

        let seen = played.seen();
        let is_named = count(&answer, api, Direction::Response, version, TOPIC, &id());
        // What a member is told of a group is in the topics' names; and who is leader, of no alias.
        if is_named == 0
            || matches!(
                api.key,
                ApiKey::JOIN_GROUP | ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE
            )
        {
            continue;
        }
        assert_eq!(
            count(seen, api, Direction::Response, version, TOPIC, &id()),
            0,
            "{place}: {seen:?}"
        );
        let expected = renamed(answer, (TOPIC, &id()), (ALIAS, &alias_id));
        if api.key == ApiKey::SYNC_GROUP {
            continue;
        }
        match names_in_texts {
            true => assert_eq!(*seen, quoting(expected, ALIAS), "{place}"),
            false => assert_eq!(*seen, expected, "{place}"),
        }
        named += 1;
    }
    assert!(gone_on > 100 && named > 80, "{gone_on}, {named}");
}

/// Makes texts for people quote this topic.
fn quoting(mut message: Struct, topic: &str) -> Struct {
    fn quote(field: &'static Field, value: &mut Value, topic: &str) {
        match value {
            Value::Struct(fields) => fields.iter_mut().for_each(|(field, value)| quote(field, value, topic)),
            Value::Array(elements) => elements.iter_mut().for_each(|element| quote(field, element, topic)),
            Value::Bytes(text) if field.entity == Entity::FreeText && !text.is_empty() => {
                *text = format!("Topic '{topic}' isn't fit").into();
            }
            _ => {}
        }
    }
    message.iter_mut().for_each(|(field, value)| quote(field, value, topic));
    message
}

#[test]
fn what_names_no_alias_is_not_touched() {
    let gateway = plain(ALIASES);
    let mut seen = 0;
    for (api, version) in gateway.served() {
        let place = format!("{} v{version}", api.name);
        let request = filled(api, version, Direction::Request, &[Owner::Client, Owner::Shared]);
        let body = bytes(&request, api, Direction::Request, version);
        let mut sent = crate::support::request(api.key, version, body.clone());
        let pending = match gateway.chain.request(&gateway.connection, &mut sent) {
            keg_policy::Outcome::Forward(pending) => pending,
            other => panic!("{place}: {other:?}"),
        };
        assert_eq!(sent.body_bytes(), body, "{place}");
        let answer = filled(api, version, Direction::Response, &[Owner::Client, Owner::Shared]);
        let response = bytes(&answer, api, Direction::Response, version);
        if matches!(api.key, ApiKey::API_VERSIONS) {
            continue;
        }
        let got = gateway.answer_bytes(api.key, version, pending, response.clone());
        assert_eq!(bytes(&got, api, Direction::Response, version), response, "{place}");
        seen += 1;
    }
    assert!(seen > 250, "{seen}");
}

/// The elements of all arrays that are about this topic, or about none.
fn only(mut message: Struct, version: i16, name: &str, id: &Value) -> Struct {
    fn is_about(element: &Struct, version: i16, name: &str, id: &Value) -> bool {
        let mut present = element.iter().filter(|(field, _)| field.versions.contains(version));
        present.all(|(field, value)| match field.entity {
            Entity::TopicName | Entity::ConfigResourceName if !field.array => {
                matches!(value, Value::Bytes(it) if it.is_empty() || *it == name.as_bytes())
            }
            Entity::TopicId if !field.array => *value == Value::Uuid([0; 16]) || value == id,
            _ => true,
        })
    }
    fn keep(field: &'static Field, value: &mut Value, version: i16, name: &str, id: &Value) {
        match value {
            Value::Array(elements) => {
                elements.retain(|element| match element {
                    Value::Struct(element) => is_about(element, version, name, id),
                    Value::Bytes(it) if field.entity == Entity::TopicName => *it == name.as_bytes(),
                    _ => true,
                });
                if let Type::Struct(_) = field.ty {
                    elements
                        .iter_mut()
                        .for_each(|element| keep(field, element, version, name, id));
                }
            }
            Value::Struct(fields) => fields
                .iter_mut()
                .filter(|(field, _)| field.versions.contains(version))
                .for_each(|(field, value)| keep(field, value, version, name, id)),
            _ => {}
        }
    }
    message
        .iter_mut()
        .filter(|(field, _)| field.versions.contains(version))
        .for_each(|(field, value)| keep(field, value, version, name, id));
    message
}

/// What goes as one, since it is about a member.
fn is_of_member(key: ApiKey) -> bool {
    matches!(
        key,
        ApiKey::CONSUMER_GROUP_HEARTBEAT
            | ApiKey::JOIN_GROUP
            | ApiKey::SHARE_ACKNOWLEDGE
            | ApiKey::SHARE_FETCH
            | ApiKey::SHARE_GROUP_HEARTBEAT
            | ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE
            | ApiKey::SYNC_GROUP
    )
}

#[test]
fn an_alias_and_its_topic_in_one_request_go_in_turns_and_are_both_answered() {
    let (gateway, alias_id) = gateway();
    let mut turns = 0;
    for (api, version) in gateway.served() {
        if !names_topics(api, version, &alias_id)
            || ALTERING.contains(&api.key)
            || picks(api, version)
            || is_of_member(api.key)
            || api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS
        {
            continue;
        }
        let place = format!("{} v{version}", api.name);
        let request = both(api, version, &alias_id);
        // A text for people stands once.
        let answer = quoting(answered(api, version), "x");
        let played = play_for(&gateway, api, version, &request, &answer);
        let [first, second] = &played.sent[..] else {
            panic!("{place}: {played:?}")
        };
        let by_topic = only(request.clone(), version, TOPIC, &id());
        let by_alias = as_topic(only(request, version, ALIAS, &alias_id), &alias_id);
        if api.key == ApiKey::METADATA {
            assert_eq!(*first, by_topic, "{place}");
        } else {
            assert_eq!(*first, settled(api, version, by_topic), "{place}");
        }
        let mut expected = settled(api, version, by_alias);
        if let Some(wait) = second.get("MaxWaitMs") {
            expected.set("MaxWaitMs", wait.clone());
        }
        assert_eq!(*second, expected, "{place}");
        turns += 1;

        let seen = played.seen();
        let of_one = count(&answer, api, Direction::Response, version, TOPIC, &id());
        let of_topic = count(seen, api, Direction::Response, version, TOPIC, &id());
        let of_alias = count(seen, api, Direction::Response, version, ALIAS, &alias_id);
        assert!(of_one > 0, "{place}: is answered");
        assert_eq!((of_topic, of_alias), (of_one, of_one), "{place}: {seen:?}");
    }
    assert!(turns > 60, "{turns}");
}

#[test]
fn nothing_is_created_altered_or_deleted_through_an_alias() {
    let (gateway, alias_id) = gateway();
    let mut denied = 0;
    for (api, version) in gateway.served().filter(|(api, _)| ALTERING.contains(&api.key)) {
        let place = format!("{} v{version}", api.name);
        let code = if api.key == ApiKey::CREATE_TOPICS { 36 } else { 29 };
        let alone = match gateway.ask(api.key, version, &aliased(api, version, &alias_id)) {
            Fate::Answered(response) => response,
            other => panic!("{place}: {other:?}"),
        };
        assert_eq!(
            codes(&alone, version),
            vec![code; codes(&alone, version).len()],
            "{place}: {alone:?}"
        );
        assert!(
            count(&alone, api, Direction::Response, version, ALIAS, &alias_id) > 0,
            "{place}"
        );

        let played = play_with(&gateway, api, version, &both(api, version, &alias_id));
        let [sent] = &played.sent[..] else {
            panic!("{place}: {played:?}")
        };
        assert_eq!(
            *sent,
            only(both(api, version, &alias_id), version, TOPIC, &id()),
            "{place}"
        );
        let seen = played.seen();
        assert!(codes(seen, version).contains(&code), "{place}: {seen:?}");
        assert!(
            count(seen, api, Direction::Response, version, ALIAS, &alias_id) > 0,
            "{place}"
        );
        assert!(
            count(seen, api, Direction::Response, version, TOPIC, &id()) > 0,
            "{place}"
        );
        denied += 1;
    }
    assert!(denied > 20, "{denied}");
}

/// The error codes of the elements that are in arrays.
fn codes(of: &Struct, version: i16) -> Vec<i64> {
    fn collect(of: &Struct, version: i16, inside: bool, found: &mut Vec<i64>) {
        for (field, value) in of.iter().filter(|(field, _)| field.versions.contains(version)) {
            match value {
                Value::Integer(code) if inside && field.entity == Entity::ErrorCode && !field.is_tagged(version) => {
                    found.push(*code);
                }
                Value::Array(elements) => elements
                    .iter()
                    .filter_map(Value::as_struct)
                    .for_each(|element| collect(element, version, true, found)),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    collect(of, version, false, &mut found);
    found
}
