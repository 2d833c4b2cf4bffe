//! Fetch responses that go on while they still arrive.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_policy::{
    AclAction, AclNames, AclPolicy, AclRule, Acls, Mode, NamePattern, Namespace, Operation, Operations, Outcome,
    Pending, Policy, Reply, Request, ResourceType, Response, Rest, Streams, streamed_head,
};

use crate::aliases::play::policy;
use crate::support::passing::{self, ID, follow};
use crate::support::random::{Choices, hold};
use crate::support::{Gateway, PREFIX, answering, api, asking, int, request, text};

const KEY: ApiKey = ApiKey::FETCH;

/// Which versions there are, and the first of them that names topics by ids.
const VERSIONS: std::ops::RangeInclusive<i16> = 4..=18;
const BY_ID: i16 = 13;

fn readers() -> Arc<dyn Policy> {
    let readers = AclPolicy {
        name: "readers".into(),
        condition: None,
        rules: vec![AclRule {
            resource_type: ResourceType::Topic,
            action: AclAction::Allow,
            operations: Operations::of(&[Operation::Read, Operation::Describe]),
            names: AclNames::Patterns(["orders", "bills"].map(|name| NamePattern::new(name).unwrap()).to_vec()),
        }],
    };
    Arc::new(Acls::new(vec![readers]))
}

fn hiding() -> Arc<dyn Policy> {
    Arc::new(Namespace::new(Mode::HidePrefix, PREFIX))
}

fn enforcing() -> Arc<dyn Policy> {
    Arc::new(Namespace::new(Mode::EnforcePrefix, PREFIX))
}

fn aliases() -> Arc<dyn Policy> {
    Arc::new(policy(&[("alias", "orders")]))
}

/// A virtual cluster whose client knows a topic by its id, too.
fn gateway(policies: Vec<Arc<dyn Policy>>, name: &str, backend_name: &str) -> Gateway {
    let asked = asking(ApiKey::METADATA, 12, &[("Topics.0.Name", text(name))]);
    passing::gateway(policies, &asked, backend_name)
}

fn name(version: i16, name: &str) -> (&'static str, Value) {
    match version {
        BY_ID.. => ("TopicId", Value::Uuid(ID)),
        _ => ("Topic", text(name)),
    }
}

/// Asks for topics; how the response may come, and what is kept of the request.
fn ask(gateway: &Gateway, version: i16, topics: &[&str]) -> (Streams, Pending) {
    let mut fields = Vec::new();
    for (at, topic) in topics.iter().enumerate() {
        let (field, value) = name(version, topic);
        fields.push((format!("Topics.{at}.{field}"), value));
        fields.push((format!("Topics.{at}.Partitions.0.Partition"), int(0)));
    }
    if version >= 7 {
        fields.push(("SessionEpoch".to_owned(), int(-1)));
    }
    let fields: Vec<_> = fields.iter().map(|(path, value)| (&**path, value.clone())).collect();
    let body = asking(KEY, version, &fields).write(&api(KEY).request, version).unwrap();
    let mut request: Request = request(KEY, version, body);
    match gateway.chain.request(&gateway.connection, &mut request) {
        Outcome::Forward(pending) => (request.streams, pending),
        outcome => panic!("{outcome:?}"),
    }
}

/// A response of these topics, each with some partitions.
fn fetched(version: i16, topics: &[&str], choices: &mut Choices<'_>) -> Struct {
    let mut fields = vec![("ThrottleTimeMs".to_owned(), int(7))];
    for (at, topic) in topics.iter().enumerate() {
        let (field, value) = name(version, topic);
        fields.push((format!("Responses.{at}.{field}"), value));
        for index in 0..1 + choices.below(3) {
            let records = vec![choices.below(256) as u8; choices.below(200)];
            let place = format!("Responses.{at}.Partitions.{index}");
            fields.push((format!("{place}.PartitionIndex"), int(i64::try_from(index).unwrap())));
            fields.push((format!("{place}.Records"), Value::Bytes(records)));
            fields.push((format!("{place}.AbortedTransactions.0.ProducerId"), int(5)));
        }
    }
    let fields: Vec<_> = fields.iter().map(|(path, value)| (&**path, value.clone())).collect();
    answering(KEY, version, &fields)
}

/// What the client gets of a response that is passed on, in pieces of any size; `None` if it must come whole.
fn passed(
    gateway: &Gateway,
    version: i16,
    topics: &[&str],
    body: &[u8],
    choices: &mut Choices<'_>,
) -> Option<Result<Vec<u8>, String>> {
    let asked = ask(gateway, version, topics);
    pass(gateway, version, asked, body, choices)
}

/// The same of a request that was sent before.
fn pass(
    gateway: &Gateway,
    version: i16,
    (streams, pending): (Streams, Pending),
    body: &[u8],
    choices: &mut Choices<'_>,
) -> Option<Result<Vec<u8>, String>> {
    let (head, rest) = body.split_at(streamed_head(streams, api(KEY), version, body)?);
    let mut response = Response::local(api(KEY), version, head.to_vec());
    response.rest = Some(Box::new(Rest::new(rest.len())));
    let outcome = gateway
        .chain
        .response(&gateway.connection, pending, Reply::Response(response));
    let mut response = match outcome {
        Outcome::Reply(Reply::Response(response)) => response,
        Outcome::Close(reason) => return Some(Err(reason)),
        outcome => panic!("{outcome:?}"),
    };
    let told = *response.rest.take().unwrap();
    let outcome = follow(&response.body_bytes(), told, rest, choices);
    Some(outcome.map_err(|error| error.to_string()))
}

fn written(version: i16, body: &Struct) -> Vec<u8> {
    body.write(&api(KEY).response, version).unwrap()
}

#[test]
fn what_is_passed_on_is_what_a_whole_response_would_have_become_however_it_comes() {
    let (hidden, prefixed) = (["orders", "bills"], ["team-a.orders", "team-a.bills"]);
    let alias = ["alias", "bills"];
    // Whether more than one topic can pass by its name.
    let chains: [(Vec<Arc<dyn Policy>>, _, _, _); 7] = [
        (vec![], hidden, hidden, true),
        (vec![hiding()], hidden, prefixed, true),
        (vec![enforcing()], prefixed, prefixed, true),
        (vec![readers(), hiding()], hidden, prefixed, true),
        (vec![aliases(), hiding()], hidden, prefixed, true),
        (vec![aliases(), readers(), hiding()], alias, prefixed, false),
        (vec![aliases()], alias, hidden, false),
    ];
    let cases = chains.map(|(policies, asked, topics, several)| {
        let known = if topics == asked { topics } else { hidden };
        (gateway(policies, known[0], topics[0]), asked, topics, several)
    });
    hold("responses are the same", |choices| {
        for version in VERSIONS {
            for (at, (gateway, asked, topics, several)) in cases.iter().enumerate() {
                let count = match *several && version < BY_ID {
                    true => choices.below(3),
                    false => 1,
                };
                let (asked, topics) = (&asked[..count.max(1)], &topics[..count]);
                let body = written(version, &fetched(version, topics, choices));
                let (_, pending) = ask(gateway, version, asked);
                let whole = gateway.answer_raw(KEY, version, pending, body.clone());
                let passed = passed(gateway, version, asked, &body, choices);
                let passed = passed.unwrap_or_else(|| panic!("chain {at}, version {version}: it is held"));
                assert_eq!(passed.unwrap(), whole, "chain {at}, version {version}");
            }
        }
    });
}

#[test]
fn a_response_must_be_whole_if_what_names_its_topics_is_not_all_at_its_beginning() {
    let choices = &mut Choices::none();
    let mut is_held = |gateway: &Gateway, version, asked: &[&str], topics: &[&str]| {
        let body = written(version, &fetched(version, topics, choices));
        passed(gateway, version, asked, &body, choices).is_none()
    };
    // An alias stands for one of them.
    let aliased = gateway(vec![aliases()], "orders", "orders");
    assert!(!is_held(&aliased, 12, &["alias"], &["orders"]));
    assert!(is_held(&aliased, 12, &["alias", "bills"], &["orders", "bills"]));
    assert!(!is_held(&aliased, 12, &["orders", "bills"], &["orders", "bills"]));
    // Some have the prefix, and others haven't.
    let additional = Gateway::sharing(Mode::HidePrefix);
    assert!(!is_held(&additional, 12, &["orders"], &["team-a.orders"]));
    assert!(!is_held(&additional, 12, &["shared-events"], &["shared-events"]));
    let both = ["team-a.orders", "shared-events"];
    assert!(is_held(&additional, 12, &["orders", "shared-events"], &both));
    // For as long as a session may hold them.
    let hidden = gateway(vec![hiding()], "orders", "team-a.orders");
    assert!(is_held(&hidden, 12, &["orders", ".."], &["team-a.orders", ".."]));
    assert!(is_held(&hidden, 12, &["orders"], &["team-a.orders", ".."]));
    // The answers to what is denied are put beside the others.
    let ruled = gateway(vec![readers()], "orders", "orders");
    assert_eq!(ask(&ruled, 12, &["orders", "secrets"]).0, Streams::No);
}

#[test]
fn what_is_asked_for_meanwhile_changes_nothing_of_a_response() {
    let gateway = gateway(vec![hiding()], "orders", "team-a.orders");
    let choices = &mut Choices::none();
    let first = ask(&gateway, 11, &["orders", "bills"]);
    let _ = ask(&gateway, 11, &["orders", ".."]);
    let body = written(11, &fetched(11, &["team-a.orders", "team-a.bills"], choices));
    let expected = written(11, &fetched(11, &["orders", "bills"], choices));
    assert_eq!(pass(&gateway, 11, first, &body, choices), Some(Ok(expected)));
}

#[test]
fn responses_that_two_chains_look_at_are_held() {
    let chain = |policies| gateway(policies, "orders", "orders").chain;
    let check = |outer, inner, expected| {
        let gateway = gateway(outer, "orders", "orders");
        let body = asking(KEY, 11, &[("Topics.0.Topic", text("orders"))]).write(&api(KEY).request, 11);
        let mut request = request(KEY, 11, body.unwrap());
        for chain in [&gateway.chain, &chain(inner)] {
            let outcome = chain.request(&gateway.connection, &mut request);
            assert!(matches!(outcome, Outcome::Forward(_)), "{outcome:?}");
        }
        assert_eq!(request.streams, expected);
    };
    check(vec![], vec![], Streams::Unseen);
    check(vec![readers()], vec![], Streams::BehindHead);
    check(vec![], vec![readers()], Streams::BehindHead);
    check(vec![readers()], vec![readers()], Streams::No);
}

#[test]
fn what_does_not_belong_behind_the_beginning_ends_the_connection() {
    let hidden = gateway(vec![hiding()], "orders", "team-a.orders");
    let additional = Gateway::sharing(Mode::HidePrefix);
    let _ = ask(&additional, 12, &["shared-events"]);
    let choices = &mut Choices::none();
    for version in [4, 11, 12] {
        for gateway in [&hidden, &additional] {
            let mut outcome = |body: &[u8]| passed(gateway, version, &["orders"], body, choices).unwrap();
            let mut none = Choices::none();
            let body = written(version, &fetched(version, &["team-a.orders"], &mut none));
            let more = [&body[..], &body].concat();
            let trailing = WalkError::TrailingBytes { count: body.len() };
            assert_eq!(outcome(&more), Err(trailing.to_string()), "{version}");
            assert!(outcome(&body[..body.len() - 1]).is_err(), "{version}");
            let foreign = written(version, &fetched(version, &["team-b.orders"], &mut none));
            let reason = outcome(&foreign).unwrap_err();
            assert!(!reason.contains("team-b"), "{reason}");
        }
        // More topics than there is room for.
        let count = match version {
            12 => &[0xff, 0xff, 0xff, 0xff, 7][..],
            _ => &[0x7f, 0xff, 0xff, 0xff],
        };
        let fields = if version < 7 { 4 } else { 10 };
        let body = [&vec![0; fields][..], count, &[0; 40]].concat();
        let reason = passed(&hidden, version, &["orders"], &body, choices)
            .unwrap()
            .unwrap_err();
        assert!(reason.contains("malformed"), "{reason}");
    }
}
