//! Produce requests that go on while they still arrive.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_policy::{
    AclAction, AclDecision, AclNames, AclObserver, AclPolicy, AclRule, Acls, BlockApis, BrokerAddresses, Chain,
    Connection, Mode, NamePattern, Namespace, Operation, Operations, Outcome, Policy, Reply, Request, ResourceType,
    Rest, TopicAliases, request_head,
};

use crate::support::passing::{self, ID, follow};
use crate::support::random::{Choices, hold};
use crate::support::{Gateway, PREFIX, api, asking, int, null, request, text};

const KEY: ApiKey = ApiKey::PRODUCE;

/// How many decisions were told.
#[derive(Debug, Default)]
struct Told(Mutex<usize>);

impl AclObserver for Told {
    fn decided(&self, _: &Connection, _: &AclDecision<'_>) {
        *self.0.lock().unwrap() += 1;
    }
}

fn acls(told: &Arc<Told>) -> Arc<dyn Policy> {
    let allow = |resource_type, names: &str| AclRule {
        resource_type,
        action: AclAction::Allow,
        operations: Operations::of(&[Operation::Write, Operation::Describe]),
        names: AclNames::Patterns(vec![NamePattern::new(names).unwrap()]),
    };
    let rules = vec![
        allow(ResourceType::Topic, "orders"),
        allow(ResourceType::TransactionalId, "tx*"),
    ];
    let policy = AclPolicy {
        name: "writers".into(),
        condition: None,
        rules,
    };
    Arc::new(Acls::new(vec![policy]).with_observer(Arc::clone(told) as _))
}

fn namespace(mode: Mode) -> Arc<dyn Policy> {
    Arc::new(Namespace::new(mode, PREFIX))
}

/// A virtual cluster whose client knows the topic `orders` by its id, too.
fn gateway(policies: Vec<Arc<dyn Policy>>, backend_name: &str) -> Gateway {
    let asked = asking(ApiKey::METADATA, 12, &[("Topics", null())]);
    passing::gateway(policies, &asked, backend_name)
}

/// A request of these topics, each with its partitions' records.
fn produce(version: i16, transactional_id: Value, topics: &[(&str, Vec<Bytes>)]) -> Struct {
    let mut fields = vec![
        ("TransactionalId".to_owned(), transactional_id),
        ("Acks".to_owned(), int(-1)),
        ("TimeoutMs".to_owned(), int(9)),
    ];
    for (at, (name, partitions)) in topics.iter().enumerate() {
        let name = match version {
            13.. => ("TopicId", Value::Uuid(if *name == "orders" { ID } else { [2; 16] })),
            _ => ("Name", text(name)),
        };
        fields.push((format!("TopicData.{at}.{}", name.0), name.1));
        for (index, records) in partitions.iter().enumerate() {
            let place = format!("TopicData.{at}.PartitionData.{index}");
            fields.push((format!("{place}.Index"), int(i64::try_from(index).unwrap())));
            fields.push((format!("{place}.Records"), Value::Bytes(records.to_vec())));
        }
    }
    let fields: Vec<_> = fields.iter().map(|(path, value)| (&**path, value.clone())).collect();
    asking(KEY, version, &fields)
}

/// A request of which only the head is there, and the rest.
fn begun(version: i16, body: &[u8]) -> Option<(Request, Vec<u8>)> {
    let taken = request_head(api(KEY), version, body)?;
    let (head, rest) = body.split_at(taken);
    let mut request = request(KEY, version, head.to_vec());
    request.rest = Some(Box::new(Rest::new(rest.len())));
    Some((request, rest.to_vec()))
}

/// What the broker gets of a request that is passed on, in pieces of any size; `None` if it must come whole.
fn passed(
    gateway: &Gateway,
    version: i16,
    body: &[u8],
    choices: &mut Choices<'_>,
) -> Option<Result<Vec<u8>, WalkError>> {
    let (mut request, rest) = begun(version, body)?;
    match gateway.chain.request(&gateway.connection, &mut request) {
        Outcome::Forward(_) => {}
        Outcome::Reply(Reply::Whole) => return None,
        outcome => panic!("{outcome:?}"),
    }
    let left = *request.rest.take().unwrap();
    Some(follow(&request.body_bytes(), left, &rest, choices))
}

/// What the broker gets of a request that is whole.
fn whole(gateway: &Gateway, version: i16, body: &[u8]) -> Vec<u8> {
    let mut request = request(KEY, version, body.to_vec());
    let outcome = gateway.chain.request(&gateway.connection, &mut request);
    assert!(matches!(outcome, Outcome::Forward(_)), "{outcome:?}");
    request.body_bytes().to_vec()
}

#[test]
fn what_is_passed_on_is_what_a_whole_request_would_have_become_however_it_comes() {
    let told = Arc::new(Told::default());
    let gateways = [
        gateway(vec![], "orders"),
        gateway(vec![namespace(Mode::HidePrefix)], "team-a.orders"),
        gateway(vec![acls(&told), namespace(Mode::HidePrefix)], "team-a.orders"),
        gateway(vec![acls(&told)], "orders"),
    ];
    hold("requests are the same", |choices| {
        for version in 3..=13 {
            let partitions = (0..1 + choices.below(4))
                .map(|_| Bytes::from(vec![choices.below(256) as u8; choices.below(200)]))
                .collect();
            let transactional_id = match choices.below(2) {
                0 => null(),
                _ => text("tx-1"),
            };
            let body = produce(version, transactional_id, &[("orders", partitions)]);
            let body = body.write(&api(KEY).request, version).unwrap();
            for (at, gateway) in gateways.iter().enumerate() {
                let passed = passed(gateway, version, &body, choices);
                let passed = passed.unwrap_or_else(|| panic!("chain {at}, version {version}: it is held"));
                assert_eq!(
                    passed.unwrap(),
                    whole(gateway, version, &body),
                    "chain {at}, version {version}"
                );
            }
        }
    });
}

#[test]
fn a_request_must_be_whole_if_not_all_of_it_is_admitted_by_what_stands_at_its_beginning() {
    let told = Arc::new(Told::default());
    let hiding = || gateway(vec![namespace(Mode::HidePrefix)], "team-a.orders");
    let enforcing = || gateway(vec![namespace(Mode::EnforcePrefix)], "team-a.orders");
    let ruled = || gateway(vec![acls(&told), namespace(Mode::HidePrefix)], "team-a.orders");
    let records = || vec![Bytes::from_static(&[7; 50])];
    let check = |gateway: Gateway, versions: &[i16], id: Value, topics: &[&str], passes: bool| {
        *told.0.lock().unwrap() = 0;
        for version in versions {
            let topics: Vec<_> = topics.iter().map(|topic| (*topic, records())).collect();
            let body = produce(*version, id.clone(), &topics).write(&api(KEY).request, *version);
            let passed = passed(&gateway, *version, &body.unwrap(), &mut Choices::none());
            assert_eq!(passed.is_some(), passes, "{topics:?} {id:?} in version {version}");
        }
        *told.0.lock().unwrap()
    };
    let all = [3, 8, 9, 12, 13];
    let named = [3, 8, 9, 12];
    check(hiding(), &all, null(), &["orders"], true);
    check(hiding(), &named, null(), &["orders", "orders"], true);
    check(hiding(), &[13], null(), &["unknown"], false);
    check(enforcing(), &named, null(), &["orders"], false);
    check(enforcing(), &named, null(), &["team-a.orders"], true);
    check(enforcing(), &[13], null(), &["orders"], true);
    check(enforcing(), &named, text("tx-1"), &["team-a.orders"], false);
    // What is decided is told once, and what isn't not at all.
    assert_eq!(check(ruled(), &all, null(), &["orders"], true), all.len());
    assert_eq!(check(ruled(), &all, null(), &["bills"], false), 0);
    assert_eq!(check(ruled(), &all, text("other"), &["orders"], false), 0);
    assert_eq!(check(ruled(), &all, text("tx-1"), &["orders"], true), all.len());
    // Nobody looks at it.
    let opaque = || gateway(vec![Arc::new(BlockApis::new("block", vec![ApiKey::FETCH]))], "orders");
    check(opaque(), &all, null(), &["orders", "bills"], true);
    // It isn't served, which is said of each partition.
    let blocked = || gateway(vec![Arc::new(BlockApis::new("block", vec![KEY]))], "orders");
    check(blocked(), &all, null(), &["orders"], false);
    // Aliases look at the records.
    let aliases = || gateway(vec![Arc::new(TopicAliases::new([]))], "orders");
    check(aliases(), &all, null(), &["orders"], false);
}

#[test]
fn what_does_not_belong_behind_the_beginning_does_not_pass() {
    let gateway = gateway(vec![namespace(Mode::HidePrefix)], "team-a.orders");
    for version in [8, 9, 13] {
        let produce = |id, records: &[u8]| {
            let partitions = vec![Bytes::copy_from_slice(records)];
            let body = produce(version, id, &[("orders", partitions)]);
            body.write(&api(KEY).request, version).unwrap()
        };
        let mut batch = [0; 40];
        (batch[16], batch[22]) = (2, 0x10);
        let outcome = |body: &[u8]| passed(&gateway, version, body, &mut Choices::none()).unwrap();
        // As brokers do, which say it of the whole request.
        assert_eq!(
            outcome(&produce(null(), &batch)),
            Err(WalkError::Refused { field: "Records" })
        );
        assert!(outcome(&produce(text("tx-1"), &batch)).is_ok());
        let mut more = produce(null(), &[7; 40]);
        more.extend(more.clone());
        assert!(matches!(outcome(&more), Err(WalkError::TrailingBytes { .. })));
        let mut less = produce(null(), &[7; 40]);
        less.pop();
        assert!(outcome(&less).is_err());
        if version >= 9 {
            let mut tagged = produce(null(), &[7; 40]);
            tagged.pop();
            tagged.extend([1, 5, 1, 0]);
            assert_eq!(outcome(&tagged), Err(WalkError::UnknownTag { tag: 5 }));
        }
    }
}

#[test]
fn other_requests_pass_if_nobody_wants_to_see_them() {
    let gateway = gateway(vec![], "orders");
    let begin = |key, version| {
        let taken = request_head(api(key), version, &[0; 100])?;
        let mut request = request(key, version, vec![0; taken]);
        request.rest = Some(Box::new(Rest::new(100)));
        match gateway.chain.request(&gateway.connection, &mut request) {
            Outcome::Forward(_) => request.rest.map(|rest| (taken, rest.guard.is_some())),
            Outcome::Reply(Reply::Whole) => None,
            outcome => panic!("{outcome:?}"),
        }
    };
    assert_eq!(begin(ApiKey::OFFSET_COMMIT, 8), Some((0, false)));
    // Addresses are put into the response, for which an error might have to stand.
    assert_eq!(begin(ApiKey::METADATA, 12), None);
    assert_eq!(begin(ApiKey::API_VERSIONS, 3), None);
    assert_eq!(begin(ApiKey::SASL_AUTHENTICATE, 2), None);
}

#[test]
fn a_request_that_is_passed_on_says_what_its_client_calls_itself_too() {
    let connection = Gateway::of(Vec::new()).connection;
    let chain = Chain::new(vec![Arc::new(BrokerAddresses)]).with_client_ids();
    let topics = [("orders", vec![Bytes::from(vec![7; 100])])];
    let body = produce(9, null(), &topics).write(&api(KEY).request, 9).unwrap();
    for id in ["app", "other"] {
        let (mut request, _) = begun(9, &body).unwrap();
        request.head = keg_codec::header::request_head(api(KEY), 9, id.as_bytes());
        let outcome = chain.request(&connection, &mut request);
        assert!(matches!(outcome, Outcome::Forward(_)), "{outcome:?}");
        assert_eq!(&*connection.client_id(), id);
    }
}
