//! Error replies against those of Kafka's own code.
//!
//! `golden/error_replies.csv` is what `java/ErrorReplies.java` prints, which says how to run it.

use std::collections::BTreeSet;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::KAFKA_VERSION;
use keg_codec::walk::check;
use keg_codec::{Api, ApiKey, Direction, ErrorCode, error_reply};

use crate::support::{every_message, for_messages, generate};

const GOLDEN: &str = include_str!("../golden/error_replies.csv");

struct Row {
    api: &'static Api,
    version: i16,
    sample: &'static str,
    error: ErrorCode,
    request: Vec<u8>,
    response: Result<Vec<u8>, &'static str>,
}

fn rows() -> impl Iterator<Item = Row> {
    GOLDEN.lines().skip(1).map(|line| {
        let [key, version, sample, error, request, response] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("`{line}` does not have six columns");
        };
        Row {
            api: Api::of(ApiKey(key.parse().unwrap())).unwrap(),
            version: version.parse().unwrap(),
            sample,
            error: ErrorCode(error.parse().unwrap()),
            request: bytes(request).unwrap(),
            response: bytes(response).ok_or(response),
        }
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok())
        .collect()
}

/// Fields in which keg's replies differ from Kafka's, and why. An API of `*` is every API.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "*",
        "ErrorMessage",
        "Kafka has the code's general text or none in most places; keg always says what refused the request",
    ),
    ("CreateDelegationToken", "PrincipalType", OWN_PRINCIPAL),
    ("CreateDelegationToken", "PrincipalName", OWN_PRINCIPAL),
    ("CreateDelegationToken", "TokenRequesterPrincipalType", OWN_PRINCIPAL),
    ("CreateDelegationToken", "TokenRequesterPrincipalName", OWN_PRINCIPAL),
    (
        "DescribeUserScramCredentials",
        "Results",
        "Kafka adds a nameless result for each user to the error at the top, and fails when all users are asked for",
    ),
];

const OWN_PRINCIPAL: &str = "Kafka names an anonymous principal; the codec knows none";

/// Arrays that Kafka's code keeps in hash maps, so that their order says nothing.
const UNORDERED: &[(&str, &str)] = &[
    ("Produce", "Responses"),
    ("Produce", "PartitionResponses"),
    ("WriteTxnMarkers", "Markers"),
    ("WriteTxnMarkers", "Topics"),
    ("WriteTxnMarkers", "Partitions"),
    ("AlterUserScramCredentials", "Results"),
];

/// Takes out of a reply what is not compared, and notes in `used` what that was.
fn comparable(reply: &mut Struct, api: &Api, version: i16, used: &mut BTreeSet<usize>) {
    let defaults = Struct::new(reply.table(), version);
    for ((field, value), (_, default)) in reply.iter_mut().zip(defaults.iter()) {
        let different = DIFFERENCES
            .iter()
            .position(|(key, name, _)| (*key == "*" || *key == api.name) && *name == field.name);
        if let Some(at) = different {
            if *value != *default {
                used.insert(at);
            }
            *value = default.clone();
        }
        match value {
            Value::Struct(nested) => comparable(nested, api, version, used),
            Value::Array(elements) => {
                for element in elements.iter_mut() {
                    if let Value::Struct(nested) = element {
                        comparable(nested, api, version, used);
                    }
                }
                if UNORDERED.contains(&(api.name, field.name)) {
                    elements.sort_by_cached_key(|element| format!("{element:?}"));
                }
            }
            _ => {}
        }
    }
}

/// The values of all fields called `ErrorMessage`.
fn messages(reply: &Struct, version: i16) -> Box<dyn Iterator<Item = &Value> + '_> {
    Box::new(reply.iter().flat_map(move |(field, value)| {
        let own = (field.name == "ErrorMessage" && field.versions.contains(version)).then_some(value);
        let nested = value.as_array().into_iter().flatten().filter_map(Value::as_struct);
        own.into_iter().chain(nested.flat_map(move |it| messages(it, version)))
    }))
}

#[test]
fn every_reply_is_that_of_kafka_but_for_the_listed_differences() {
    let mut used = BTreeSet::new();
    for row in rows() {
        let (response, version) = (&row.api.response, row.version);
        let context = format!("{} v{version} {} {:?}", row.api.name, row.sample, row.error);
        let reply = error_reply(row.api, version, &row.request, row.error, Some("refused")).expect(&context);
        let mut ours = Struct::read(response, version, &reply).expect(&context);
        let golden = match row.response {
            Ok(golden) => golden,
            Err("throws NullPointerException") if row.api.key == ApiKey::DESCRIBE_USER_SCRAM_CREDENTIALS => continue,
            Err(other) => panic!("{context}: {other}"),
        };
        let mut theirs = Struct::read(response, version, &golden).expect(&context);
        assert_eq!(
            theirs.write(response, version).as_ref(),
            Ok(&golden),
            "{context}: what is equal as a value is equal in bytes"
        );
        assert!(
            messages(&ours, version).all(|message| *message == Value::text("refused")),
            "{context}: the message stands wherever there is a place for it"
        );
        comparable(&mut ours, row.api, version, &mut used);
        comparable(&mut theirs, row.api, version, &mut used);
        assert_eq!(ours, theirs, "{context}");
    }
    assert_eq!(used.len(), DIFFERENCES.len(), "every listed field is there: {used:?}");
}

#[test]
fn the_golden_replies_cover_every_version_of_every_api_that_brokers_serve() {
    let covered: BTreeSet<_> = rows().map(|row| (row.api.key, row.version)).collect();
    let served = Api::all()
        .iter()
        .filter(|api| api.broker)
        .flat_map(|api| (api.versions().first..=api.versions().last).map(|version| (api.key, version)));
    let missing: Vec<_> = served.filter(|it| !covered.contains(it)).collect();
    assert_eq!(missing, [], "in the golden file for Kafka {KAFKA_VERSION}");
}

#[test]
fn kafkas_sample_requests_are_read_and_written_as_kafka_does() {
    for row in rows() {
        let read = Struct::read(&row.api.request, row.version, &row.request).unwrap();
        if row.sample == "full" {
            assert_eq!(read.write(&row.api.request, row.version), Ok(row.request));
        }
    }
}

#[test]
fn any_request_has_an_error_reply() {
    let requests = every_message().filter(|case| matches!(case.used, Some((_, Direction::Request))));
    for_messages(requests, |case, choices| {
        let (key, _) = case.used.unwrap();
        let api = Api::of(key).unwrap();
        let request = generate::message(case, choices)
            .write(case.message, case.version)
            .unwrap();
        for message in [None, Some("refused")] {
            let reply = error_reply(api, case.version, &request, ErrorCode::POLICY_VIOLATION, message).unwrap();
            check(&api.response, case.version, &reply).unwrap();
        }
    });
}

#[test]
fn an_error_reply_without_a_message_has_none() {
    let api = Api::of(ApiKey::CREATE_TOPICS).unwrap();
    let request = rows()
        .find(|row| row.api.key == api.key && row.version == 7 && row.sample == "full")
        .unwrap()
        .request;
    let reply = error_reply(api, 7, &request, ErrorCode::POLICY_VIOLATION, None).unwrap();
    let reply = Struct::read(&api.response, 7, &reply).unwrap();
    let topic = reply.get("Topics").unwrap().as_array().unwrap()[0].as_struct().unwrap();
    assert_eq!(topic.get("ErrorMessage"), Some(&Value::Null));
    assert_eq!(topic.get("ErrorCode"), Some(&Value::Integer(44)));
}
