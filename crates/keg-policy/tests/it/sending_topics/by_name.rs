//! Topics that have names, which the guard makes the backend's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_policy::{BrokerAddresses, Mode, Namespace, Policy, TopicAliases};

use super::play::{Begun, KEY, OWN, produce_to};
use super::rules::{Told, acls};
use super::{TOPIC_AUTHORIZATION_FAILED, hiding};
use crate::support::passing::follow;
use crate::support::random::{Choices, hold};
use crate::support::{Fate, Gateway, PREFIX, answering, api, int, text};

const UNKNOWN_TOPIC_OR_PARTITION: i64 = 3;

/// Others' topics, which the backend has as well.
const OTHERS: [&str; 3] = ["team-b.orders", "orders", "shared-orders"];

/// What names begin with that stand for others, of more than one byte.
const STANDS_FOR: &str = "33, 33";

/// Topics of a request, each with the records of its partitions.
type Topics = Vec<(Vec<u8>, Vec<Vec<u8>>)>;

/// What a client is told of the partitions of each topic (their number, code and offset), and what the broker has written to which.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    told: BTreeMap<Vec<u8>, Vec<[i64; 3]>>,
    written: BTreeSet<(Vec<u8>, i64, Vec<u8>)>,
}

/// A virtual cluster, and what the names of the client's topics begin with on both sides.
struct Case {
    gateway: Gateway,
    seen: &'static str,
    prefix: &'static str,
}

impl Case {
    fn of(mut policies: Vec<Arc<dyn Policy>>, seen: &'static str, prefix: &'static str) -> Self {
        policies.push(Arc::new(BrokerAddresses));
        let gateway = Gateway::of(policies);
        Self { gateway, seen, prefix }
    }

    fn all(told: &Arc<Told>) -> [Self; 5] {
        let enforcing = Arc::new(Namespace::new(Mode::EnforcePrefix, PREFIX)) as _;
        [
            Self::of(vec![hiding()], "", PREFIX),
            Self::of(vec![enforcing], PREFIX, PREFIX),
            Self::of(vec![acls(told), hiding()], "", PREFIX),
            Self::of(vec![acls(told)], "", ""),
            Self {
                gateway: Gateway::sharing(Mode::EnforcePrefix),
                seen: PREFIX,
                prefix: PREFIX,
            },
        ]
    }

    /// The client's name for one of its topics.
    fn own(&self, place: usize) -> Vec<u8> {
        format!("{}{}", self.seen, OWN[place]).into()
    }

    /// What a broker answers, which gathers the partitions of each topic, and writes what it can.
    fn broker(&self, version: i16, sent: &Struct, written: &mut Answer) -> Struct {
        let mut answer = answering(KEY, version, &[]);
        let mut topics = BTreeMap::<Vec<u8>, Vec<Value>>::new();
        for asked in sent.elements("TopicData") {
            let name = name(asked);
            let is_own = OWN.iter().any(|own| format!("{}{own}", self.prefix).as_bytes() == name);
            let is_there = is_own || OTHERS.iter().any(|topic| topic.as_bytes() == name);
            let partitions = topics.entry(name.clone()).or_default();
            for partition in asked.elements("PartitionData") {
                let mut told = nested(&answer, "Responses", "PartitionResponses", version);
                told.set("Index", partition.get("Index").unwrap().clone());
                let (code, offset) = if is_there {
                    (0, 7)
                } else {
                    (UNKNOWN_TOPIC_OR_PARTITION, -1)
                };
                told.set("ErrorCode", int(code));
                told.set("BaseOffset", int(offset));
                if !is_there {
                    // Which nobody is to see.
                    let mut record = told.nested("RecordErrors", version).unwrap();
                    record.set("BatchIndexErrorMessage", text("team-a.orders"));
                    told.set("RecordErrors", Value::Array(vec![Value::Struct(record)]));
                    told.set("ErrorMessage", text(&format!("{}", name.escape_ascii())));
                }
                partitions.push(Value::Struct(told));
                if let (true, Some(Value::Bytes(records))) = (is_there, partition.get("Records")) {
                    let index = partition.get("Index").and_then(Value::as_integer).unwrap();
                    written.written.insert((name.clone(), index, records.clone()));
                }
            }
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            let mut topic = answer.nested("Responses", version).unwrap();
            topic.set("Name", Value::Bytes(name));
            topic.set("PartitionResponses", Value::Array(partitions));
            Value::Struct(topic)
        });
        let topics = topics.collect();
        answer.set("Responses", Value::Array(topics));
        answer
    }

    /// What the client is answered to a request that is whole before it goes on.
    fn whole(&self, version: i16, body: &Struct) -> Answer {
        let mut answer = Answer::default();
        let seen = match self.gateway.ask(KEY, version, body) {
            Fate::Forwarded(sent, pending) => {
                let response = self.broker(version, &sent, &mut answer);
                self.gateway.answer(KEY, version, pending, &response)
            }
            Fate::Answered(seen) => seen,
            other => panic!("{other:?}"),
        };
        answer.told = told(&seen);
        answer
    }

    /// What the client is answered to a request that comes in pieces of any size, and goes on meanwhile.
    fn streamed(&self, version: i16, body: &Struct, choices: &mut Choices<'_>) -> Option<Result<Answer, WalkError>> {
        let body = body.write(&api(KEY).request, version).unwrap();
        let Begun {
            head,
            rest,
            pending,
            taken,
        } = Begun::of(&self.gateway, version, &body)?;
        let sent = match follow(&head, rest, &body[taken..], choices) {
            Ok(sent) => Struct::read(&api(KEY).request, version, &sent).unwrap(),
            Err(error) => return Some(Err(error)),
        };
        let mut answer = Answer::default();
        let response = self.broker(version, &sent, &mut answer);
        let seen = self.gateway.answer(KEY, version, pending, &response);
        for topic in seen.elements("Responses") {
            for partition in topic.elements("PartitionResponses") {
                let words = format!("{partition:?}");
                assert!(!words.contains(STANDS_FOR), "{words}");
            }
        }
        answer.told = told(&seen);
        Some(Ok(answer))
    }
}

fn name(topic: &Struct) -> Vec<u8> {
    match topic.get("Name") {
        Some(Value::Bytes(name)) => name.clone(),
        other => panic!("{other:?} is no name"),
    }
}

fn nested(of: &Struct, array: &str, within: &str, version: i16) -> Struct {
    of.nested(array, version).unwrap().nested(within, version).unwrap()
}

fn told(seen: &Struct) -> BTreeMap<Vec<u8>, Vec<[i64; 3]>> {
    let mut told = BTreeMap::<_, Vec<_>>::new();
    for topic in seen.elements("Responses") {
        let partitions = told.entry(name(topic)).or_default();
        for partition in topic.elements("PartitionResponses") {
            let integer = |name| partition.get(name).and_then(Value::as_integer).unwrap();
            partitions.push(["Index", "ErrorCode", "BaseOffset"].map(integer));
            partitions.sort_unstable();
        }
    }
    told
}

fn produce(version: i16, topics: &Topics) -> Struct {
    let topics = topics
        .iter()
        .map(|(name, records)| (Value::Bytes(name.clone()), &records[..]));
    produce_to(version, "Name", topics)
}

/// A request of topics with these names, each with records of one partition.
fn of(version: i16, names: &[&[u8]]) -> Struct {
    let topics = names.iter().map(|name| (name.to_vec(), vec![vec![7; 40]]));
    produce(version, &topics.collect())
}

/// A name behind the first: one of the client's topics mostly.
fn any_name(case: &Case, choices: &mut Choices<'_>) -> Vec<u8> {
    match choices.below(10) {
        0 => OTHERS[choices.below(3)].into(),
        1 => vec![b'n'; 2 + choices.below(253)],
        // What no topic is called, and what may stand for another.
        2 => [b"..", b"!!", b"!\"", b"a/", b"\xff\xff"][choices.below(5)].into(),
        3 => [&case.own(0)[..], b"/"].concat(),
        own => case.own(own % OWN.len()),
    }
}

#[test]
fn clients_are_answered_and_brokers_write_what_they_would_if_the_request_had_come_whole() {
    let told = Arc::new(Told::default());
    let cases = Case::all(&told);
    hold("answers are the same", |choices| {
        for (at, case) in cases.iter().enumerate() {
            let version = 3 + choices.below(10) as i16;
            // What is refused at the beginning is held, which others show.
            let mut names = vec![case.own(0)];
            names.extend((0..choices.below(5)).map(|_| any_name(case, choices)));
            names.push(case.own(1));
            let topics = names.into_iter().map(|name| {
                let partitions = (0..1 + choices.below(3)).map(|_| vec![choices.below(256) as u8; choices.below(200)]);
                (name, partitions.collect())
            });
            let body = produce(version, &topics.collect());
            told.take();
            let streamed = case.streamed(version, &body, choices);
            let streamed = streamed.unwrap_or_else(|| panic!("chain {at}, version {version}: it is held"));
            let decisions = told.take();
            assert_eq!(
                streamed,
                Ok(case.whole(version, &body)),
                "chain {at}, version {version}"
            );
            assert_eq!(decisions, told.take(), "chain {at}, version {version}");
        }
    });
}

#[test]
fn what_is_refused_behind_the_first_topic_is_told_as_its_own_and_nothing_of_it_is_written() {
    let rules = Arc::new(Told::default());
    let [hiding, enforcing, ruled, only_rules, sharing] = Case::all(&rules);
    let check = |case: &Case, names: &[&[u8]], codes: &[i64]| {
        for version in [3, 8, 9, 12] {
            let first = case.own(0);
            let body = of(version, &[&[&first[..]], names].concat());
            let answer = case.streamed(version, &body, &mut Choices::none()).unwrap().unwrap();
            assert_eq!(answer.told.len(), 1 + names.len(), "version {version}");
            let told: Vec<_> = names.iter().map(|name| answer.told[*name][0][1]).collect();
            assert_eq!(told, codes, "version {version}");
            let admitted = codes.iter().filter(|code| **code == 0).count();
            assert_eq!(answer.written.len(), 1 + admitted, "version {version}");
        }
    };
    let (denied, none) = (TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION);
    check(
        &hiding,
        &[b"audit", b"team-b.orders", b"", b"a/b"],
        &[0, none, none, none],
    );
    check(
        &enforcing,
        &[b"team-a.audit", b"team-b.orders", b"x", b"team-a.none"],
        &[0, denied, denied, none],
    );
    check(&ruled, &[b"secret", b"audit", b"x"], &[denied, 0, denied]);
    check(&only_rules, &[b"secret", b"audit", b"team-b.orders"], &[denied, 0, 0]);
    check(
        &sharing,
        &[b"shared-orders", b"team-a.audit", b"shared-none", b"none"],
        &[0, 0, none, denied],
    );
}

#[test]
fn a_name_that_nothing_can_stand_for_ends_the_request() {
    let told = Arc::new(Told::default());
    let [hiding, enforcing, ..] = Case::all(&told);
    let outcome = |case: &Case, name: &[u8]| {
        let body = of(12, &[&case.own(0), name]);
        case.streamed(12, &body, &mut Choices::none()).unwrap().map(|_| ())
    };
    let refused = Err(WalkError::Refused { field: "Name" });
    assert_eq!(outcome(&enforcing, b""), refused);
    for case in [&hiding, &enforcing] {
        assert_eq!(outcome(case, &[b'n'; 255]), Ok(()));
        assert_eq!(outcome(case, &[b'n'; 256]), refused);
    }
}

#[test]
fn a_request_is_held_if_its_first_name_does_not_tell_of_the_others_or_it_has_aliases_or_no_answer_or_too_many() {
    let told = Arc::new(Told::default());
    let is_held = |case: &Case, body: &Struct| case.streamed(12, body, &mut Choices::none()).is_none();
    for case in Case::all(&told) {
        let (first, second) = (case.own(0), case.own(1));
        let names = [&first[..], &second];
        assert!(!is_held(&case, &of(12, &names)));
        // Some of them pass as they are, and the others don't.
        for name in [&b"."[..], b"", b"a/b"] {
            assert!(is_held(&case, &of(12, &[name, &first])));
        }
        let mut silent = of(12, &names);
        silent.set("Acks", int(0));
        assert!(is_held(&case, &silent));
        assert!(!is_held(&case, &of(12, &names.repeat(500))));
        assert!(is_held(&case, &of(12, &[&names.repeat(500)[..], &[&first]].concat())));
    }
    let aliases = Case::of(vec![Arc::new(TopicAliases::new([])), hiding()], "", PREFIX);
    assert!(is_held(&aliases, &of(12, &[b"orders", b"audit"])));
    // A shared topic is called the same on both sides.
    let sharing = Case {
        gateway: Gateway::sharing(Mode::HidePrefix),
        ..aliases
    };
    assert!(is_held(&sharing, &of(12, &[b"orders", b"audit"])));
}
