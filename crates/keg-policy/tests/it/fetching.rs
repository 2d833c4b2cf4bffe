//! Fetch responses that go on while they still arrive.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_policy::{
    AclAction, AclNames, AclPolicy, AclRule, Acls, BrokerAddresses, Mode, NamePattern, Namespace, Operation,
    Operations, Outcome, Pending, Policy, Reply, Request, ResourceType, Response, Rest, Streams, streamed_head,
};

use crate::aliases::play::policy as aliases;
use crate::support::message::values;
use crate::support::random::{Choices, hold};
use crate::support::{Gateway, PREFIX, answering, api, asking, int, request, text};

const KEY: ApiKey = ApiKey::FETCH;
const ID: [u8; 16] = [1; 16];

/// Which versions there are, and the first of them that names topics by ids.
const VERSIONS: std::ops::RangeInclusive<i16> = 4..=18;
const BY_ID: i16 = 13;

fn readers() -> Arc<dyn Policy> {
    let policy = AclPolicy {
        name: "readers".into(),
        condition: None,
        rules: vec![AclRule {
            resource_type: ResourceType::Topic,
            action: AclAction::Allow,
            operations: Operations::of(&[Operation::Read, Operation::Describe]),
            names: AclNames::Patterns(vec![NamePattern::new("orders").unwrap()]),
        }],
    };
    Arc::new(Acls::new(vec![policy]))
}

fn hiding() -> Arc<dyn Policy> {
    Arc::new(Namespace::new(Mode::HidePrefix, PREFIX))
}

/// A virtual cluster whose client knows a topic by its id, too.
fn gateway(mut policies: Vec<Arc<dyn Policy>>, name: &str, backend_name: &str) -> Gateway {
    policies.push(Arc::new(BrokerAddresses));
    let gateway = Gateway::of(policies);
    let answer = answering(
        ApiKey::METADATA,
        12,
        &[
            ("Topics.0.Name", text(backend_name)),
            ("Topics.0.TopicId", Value::Uuid(ID)),
        ],
    );
    let asked = asking(ApiKey::METADATA, 12, &[("Topics.0.Name", text(name))]);
    let seen = gateway.exchange(ApiKey::METADATA, 12, &asked, &answer);
    assert_eq!(values(&seen, "Topics.*.TopicId"), [&Value::Uuid(ID)]);
    gateway
}

fn name(field: &'static str, version: i16, name: &str) -> (String, Value) {
    match version {
        BY_ID.. => (format!("{field}Id"), Value::Uuid(ID)),
        _ => (field.to_owned(), text(name)),
    }
}

/// Asks for a topic; how its response may come, and what is kept of the request.
fn ask(gateway: &Gateway, version: i16, topic: &str) -> (Streams, Pending) {
    let (field, value) = name("Topic", version, topic);
    let place = format!("Topics.0.{field}");
    let mut fields = vec![(&*place, value), ("Topics.0.Partitions.0.Partition", int(0))];
    if version >= 7 {
        fields.push(("SessionEpoch", int(-1)));
    }
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
        let (field, value) = name("Topic", version, topic);
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
    topic: &str,
    body: &[u8],
    choices: &mut Choices<'_>,
) -> Option<Result<Vec<u8>, String>> {
    let (streams, pending) = ask(gateway, version, topic);
    let taken = match streams {
        Streams::No => None,
        Streams::BehindHead => streamed_head(api(KEY), version, body),
        Streams::Unseen => Some(0),
    };
    let (head, mut rest) = body.split_at(taken?);
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
    let mut out = response.body_bytes().to_vec();
    let mut left = response.rest.unwrap();
    assert_eq!(left.length, rest.len());
    let Some(guard) = &mut left.guard else {
        out.extend(rest);
        return Some(Ok(out));
    };
    let mut waiting = Vec::new();
    while !rest.is_empty() {
        let (next, behind) = rest.split_at(rest.len().min(1 + choices.below(60)));
        waiting.extend_from_slice(next);
        rest = behind;
        match guard.pass(&mut waiting) {
            Ok(count) => out.extend(waiting.drain(..count)),
            Err(error) => return Some(Err(error.to_string())),
        }
    }
    assert_eq!((guard.left(), waiting.len()), (0, 0));
    Some(Ok(out))
}

fn written(version: i16, body: &Struct) -> Vec<u8> {
    body.write(&api(KEY).response, version).unwrap()
}

#[test]
fn what_is_passed_on_is_what_a_whole_response_would_have_become_however_it_comes() {
    let alias = || Arc::new(aliases(&[("alias", "orders")])) as Arc<dyn Policy>;
    let enforcing = || Arc::new(Namespace::new(Mode::EnforcePrefix, PREFIX)) as Arc<dyn Policy>;
    let (hidden, prefixed) = ("orders", "team-a.orders");
    let chains: [(Vec<Arc<dyn Policy>>, _, _); 6] = [
        (vec![], hidden, hidden),
        (vec![hiding()], hidden, prefixed),
        (vec![enforcing()], prefixed, prefixed),
        (vec![readers(), hiding()], hidden, prefixed),
        (vec![alias(), hiding()], hidden, prefixed),
        (vec![alias(), readers(), hiding()], "alias", prefixed),
    ];
    let cases = chains.map(|(policies, asked, topic)| {
        let known = if topic == asked { topic } else { hidden };
        (gateway(policies, known, topic), asked, topic)
    });
    hold("responses are the same", |choices| {
        for version in VERSIONS {
            for (at, (gateway, asked, topic)) in cases.iter().enumerate() {
                let body = written(version, &fetched(version, &[topic], choices));
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
    let mut is_held = |gateway: &Gateway, version, asked, topics: &[&str]| {
        let body = written(version, &fetched(version, topics, choices));
        passed(gateway, version, asked, &body, choices).is_none()
    };
    let hiding = gateway(vec![hiding()], "orders", "team-a.orders");
    let opaque = gateway(vec![], "orders", "orders");
    for version in VERSIONS {
        let two = ["team-a.orders", "team-a.bills"];
        let by_name = version < BY_ID;
        assert_eq!(is_held(&hiding, version, "orders", &two), by_name, "{version}");
        assert_eq!(is_held(&hiding, version, "orders", &[]), by_name, "{version}");
        // Only the addresses behind topics are somebody's business.
        assert!(!is_held(&opaque, version, "orders", &two[..1]), "{version}");
    }
    // Ids that stand for aliases are between the records, and so are the answers to what is denied.
    let aliased = gateway(vec![Arc::new(aliases(&[("alias", "orders")]))], "orders", "orders");
    assert!(!is_held(&aliased, 12, "alias", &["orders"]));
    let ruled = gateway(vec![readers()], "orders", "orders");
    let both = asking(
        KEY,
        12,
        &[
            ("SessionEpoch", int(-1)),
            ("Topics.0.Topic", text("orders")),
            ("Topics.0.Partitions.0.Partition", int(0)),
            ("Topics.1.Topic", text("bills")),
            ("Topics.1.Partitions.0.Partition", int(0)),
        ],
    );
    let mut request = request(KEY, 12, both.write(&api(KEY).request, 12).unwrap());
    let outcome = ruled.chain.request(&ruled.connection, &mut request);
    assert!(matches!(outcome, Outcome::Forward(_)), "{outcome:?}");
    assert_eq!(request.streams, Streams::No);
}

#[test]
fn what_does_not_belong_behind_the_beginning_ends_the_connection() {
    let gateway = gateway(vec![hiding()], "orders", "team-a.orders");
    let choices = &mut Choices::none();
    for version in [4, 11, 12] {
        let body = written(version, &fetched(version, &["team-a.orders"], choices));
        let more = [&body[..], &body].concat();
        let outcome = passed(&gateway, version, "orders", &more, choices).unwrap();
        assert_eq!(
            outcome,
            Err(WalkError::TrailingBytes { count: body.len() }.to_string()),
            "{version}"
        );
        let outcome = passed(&gateway, version, "orders", &body[..body.len() - 1], choices).unwrap();
        assert!(outcome.is_err(), "{version}");
        let foreign = written(version, &fetched(version, &["team-b.orders"], choices));
        let reason = passed(&gateway, version, "orders", &foreign, choices)
            .unwrap()
            .unwrap_err();
        assert!(reason.contains("left it out") && !reason.contains("team-b"), "{reason}");
    }
}
