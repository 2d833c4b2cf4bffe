//! Produce requests of several topics that go on while they still arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_policy::{
    AclAction, AclDecision, AclNames, AclObserver, AclPolicy, AclRule, Acls, BrokerAddresses, Connection, Mode,
    NamePattern, Namespace, Operation, Operations, Outcome, Pending, Policy, Reply, ResourceType, Rest, Streams,
    TopicAliases, request_head,
};

use crate::support::passing::follow;
use crate::support::random::{Choices, hold};
use crate::support::{Fate, Gateway, PREFIX, answering, api, asking, int, null, request, text};

const KEY: ApiKey = ApiKey::PRODUCE;
const VERSION: i16 = 13;
const UNKNOWN_TOPIC_ID: i64 = 100;
const TOPIC_AUTHORIZATION_FAILED: i64 = 29;

/// The client's topics, by the names that the client has for them.
const OWN: [&str; 3] = ["orders", "audit", "secret"];
/// Where the topics of others begin, which the backend has too.
const OTHERS: u8 = 100;

/// The id of the topic at this place among the client's.
fn id(place: u8) -> [u8; 16] {
    [place + 1; 16]
}

/// Of which topics it was told that they may be written to or not.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<(String, bool)>>);

impl AclObserver for Told {
    fn decided(&self, _: &Connection, decision: &AclDecision<'_>) {
        let told = (decision.resource_name.to_owned(), decision.allowed);
        self.0.lock().unwrap().push(told);
    }
}

impl Told {
    fn take(&self) -> BTreeSet<(String, bool)> {
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().collect()
    }
}

/// All may be read of, and all but the last of the client's topics written to.
fn acls(told: &Arc<Told>) -> Arc<dyn Policy> {
    let allow = |operations: &[Operation], names: &[&str]| AclRule {
        resource_type: ResourceType::Topic,
        action: AclAction::Allow,
        operations: Operations::of(operations),
        names: AclNames::Patterns(names.iter().map(|names| NamePattern::new(names).unwrap()).collect()),
    };
    let mut transactions = allow(&[Operation::Write], &["*tx"]);
    transactions.resource_type = ResourceType::TransactionalId;
    let policy = AclPolicy {
        name: "writers".into(),
        condition: None,
        rules: vec![
            transactions,
            allow(&[Operation::Write], &["*orders", "*audit"]),
            allow(&[Operation::Describe], &["*"]),
        ],
    };
    Arc::new(Acls::new(vec![policy]).with_observer(Arc::clone(told) as _))
}

/// A virtual cluster, and the names that the backend has for the client's topics.
struct Case {
    gateway: Gateway,
    names: [String; 3],
}

impl Case {
    /// One whose client was told of so many of its topics.
    fn knowing(count: usize, mut policies: Vec<Arc<dyn Policy>>, prefix: &str) -> Self {
        policies.push(Arc::new(BrokerAddresses));
        let case = Self {
            gateway: Gateway::of(policies),
            names: OWN.map(|name| format!("{prefix}{name}")),
        };
        let topics = case.names.iter().take(count).zip(0..);
        let topics = topics.map(|(name, place)| {
            let mut topic = answering(ApiKey::METADATA, 12, &[]).nested("Topics", 12).unwrap();
            topic.set("Name", text(name));
            topic.set("TopicId", Value::Uuid(id(place)));
            Value::Struct(topic)
        });
        let answer = answering(ApiKey::METADATA, 12, &[("Topics", Value::Array(topics.collect()))]);
        let asked = asking(ApiKey::METADATA, 12, &[("Topics", null())]);
        case.gateway.exchange(ApiKey::METADATA, 12, &asked, &answer);
        case
    }

    fn all(told: &Arc<Told>, known: usize) -> [Self; 4] {
        let namespace = |mode| Arc::new(Namespace::new(mode, PREFIX)) as _;
        [
            Self::knowing(known, vec![namespace(Mode::HidePrefix)], PREFIX),
            Self::knowing(known, vec![namespace(Mode::EnforcePrefix)], PREFIX),
            Self::knowing(known, vec![acls(told), namespace(Mode::HidePrefix)], PREFIX),
            Self::knowing(known, vec![acls(told)], ""),
        ]
    }

    /// What the client is answered to a request that is whole before it goes on.
    fn whole(&self, body: &Struct) -> Answer {
        let known: Vec<_> = self
            .names
            .iter()
            .zip(0..)
            .map(|(name, place)| (Value::Uuid(id(place)), &**name))
            .collect();
        let mut fate = self.gateway.ask(KEY, VERSION, body);
        loop {
            fate = match fate {
                Fate::Waits(request, asking) => self.gateway.look_up(request, asking, &known),
                Fate::Forwarded(sent, pending) => {
                    let seen = self.gateway.answer(KEY, VERSION, pending, &broker(&sent));
                    return Answer::of(&seen, &sent);
                }
                Fate::Answered(seen) => return Answer::of(&seen, &asking(KEY, VERSION, &[])),
                Fate::Closed(reason) => panic!("{reason}"),
            };
        }
    }

    /// Begins with a request of which only the head is there; `None` if it must come whole.
    fn begin(&self, body: &[u8]) -> Option<(Vec<u8>, Rest, Pending, usize)> {
        let taken = request_head(api(KEY), VERSION, body)?;
        let mut request = request(KEY, VERSION, body[..taken].to_vec());
        request.rest = Some(Box::new(Rest::new(body.len() - taken)));
        match self.gateway.chain.request(&self.gateway.connection, &mut request) {
            Outcome::Forward(pending) => {
                assert_eq!(request.streams, Streams::No, "what is refused has to be told");
                let rest = *request.rest.take().unwrap();
                Some((request.body_bytes().to_vec(), rest, pending, taken))
            }
            Outcome::Reply(Reply::Whole) => None,
            outcome => panic!("{outcome:?}"),
        }
    }

    /// What the client is answered to a request that comes in pieces of any size, and goes on meanwhile.
    fn streamed(&self, body: &Struct, choices: &mut Choices<'_>) -> Option<Result<Answer, WalkError>> {
        let body = body.write(&api(KEY).request, VERSION).unwrap();
        let (head, rest, pending, taken) = self.begin(&body)?;
        let sent = match follow(&head, rest, &body[taken..], choices) {
            Ok(sent) => Struct::read(&api(KEY).request, VERSION, &sent).unwrap(),
            Err(error) => return Some(Err(error)),
        };
        let seen = self.gateway.answer(KEY, VERSION, pending, &broker(&sent));
        Some(Ok(Answer::of(&seen, &sent)))
    }
}

/// What a client is told of the partitions of each topic (their number, code and offset), and what the broker has written to which.
#[derive(Debug, PartialEq)]
struct Answer {
    told: BTreeMap<[u8; 16], Vec<[i64; 3]>>,
    written: BTreeSet<([u8; 16], i64, Vec<u8>)>,
}

impl Answer {
    fn of(seen: &Struct, sent: &Struct) -> Self {
        let integer = |from: &Struct, name| from.get(name).and_then(Value::as_integer).unwrap();
        let mut told = BTreeMap::<_, Vec<_>>::new();
        for topic in seen.elements("Responses") {
            let partitions = told.entry(uuid(topic)).or_default();
            for partition in topic.elements("PartitionResponses") {
                partitions.push(["Index", "ErrorCode", "BaseOffset"].map(|name| integer(partition, name)));
                partitions.sort_unstable();
            }
        }
        let topics = sent.elements("TopicData");
        let written = topics.filter(|topic| is_there(&uuid(topic))).flat_map(|topic| {
            let written = |partition: &Struct| {
                let Some(Value::Bytes(records)) = partition.get("Records") else {
                    panic!("no records")
                };
                (uuid(topic), integer(partition, "Index"), records.clone())
            };
            topic.elements("PartitionData").map(written).collect::<Vec<_>>()
        });
        Self {
            told,
            written: written.collect(),
        }
    }

    /// What the first partition of a topic is answered.
    fn code(&self, topic: [u8; 16]) -> i64 {
        self.told[&topic][0][1]
    }
}

fn uuid(topic: &Struct) -> [u8; 16] {
    match topic.get("TopicId") {
        Some(Value::Uuid(id)) => *id,
        other => panic!("{other:?} is no id"),
    }
}

/// Whether the backend has a topic of this id: the client's, and others'.
fn is_there(id: &[u8; 16]) -> bool {
    let last = OWN.len() as u8;
    id.iter().all(|byte| *byte == id[0]) && ((1..=last).contains(&id[0]) || (OTHERS..OTHERS + 10).contains(&id[0]))
}

/// What a broker answers, which gathers the partitions of each topic.
fn broker(sent: &Struct) -> Struct {
    let mut answer = answering(KEY, VERSION, &[]);
    let mut topics: Vec<Struct> = Vec::new();
    for asked in sent.elements("TopicData") {
        let id = uuid(asked);
        let place = topics.iter().position(|topic| uuid(topic) == id).unwrap_or_else(|| {
            let mut topic = answer.nested("Responses", VERSION).unwrap();
            topic.set("TopicId", Value::Uuid(id));
            topics.push(topic);
            topics.len() - 1
        });
        let topic = &mut topics[place];
        let mut partitions = match topic.get("PartitionResponses") {
            Some(Value::Array(partitions)) => partitions.clone(),
            _ => Vec::new(),
        };
        for partition in asked.elements("PartitionData") {
            let mut told = topic.nested("PartitionResponses", VERSION).unwrap();
            told.set("Index", partition.get("Index").unwrap().clone());
            let (code, offset) = if is_there(&id) { (0, 7) } else { (UNKNOWN_TOPIC_ID, -1) };
            told.set("ErrorCode", int(code));
            told.set("BaseOffset", int(offset));
            told.set("LogStartOffset", int(offset.min(0)));
            partitions.push(Value::Struct(told));
        }
        topic.set("PartitionResponses", Value::Array(partitions));
    }
    answer.set(
        "Responses",
        Value::Array(topics.into_iter().map(Value::Struct).collect()),
    );
    answer
}

/// A request of these topics, each with its partitions' records.
fn produce(topics: &[([u8; 16], Vec<Vec<u8>>)]) -> Struct {
    let mut body = asking(KEY, VERSION, &[("Acks", int(-1)), ("TimeoutMs", int(9))]);
    let topics = topics.iter().map(|(id, partitions)| {
        let mut topic = body.nested("TopicData", VERSION).unwrap();
        topic.set("TopicId", Value::Uuid(*id));
        let partitions = partitions.iter().zip(0..).map(|(records, index)| {
            let mut partition = topic.nested("PartitionData", VERSION).unwrap();
            partition.set("Index", int(index));
            partition.set("Records", Value::Bytes(records.clone()));
            Value::Struct(partition)
        });
        let partitions = partitions.collect();
        topic.set("PartitionData", Value::Array(partitions));
        Value::Struct(topic)
    });
    let topics = topics.collect();
    body.set("TopicData", Value::Array(topics));
    body
}

/// A request of these topics, each with records of one partition.
fn of(ids: &[[u8; 16]]) -> Struct {
    let topics: Vec<_> = ids.iter().map(|id| (*id, vec![vec![7; 40]])).collect();
    produce(&topics)
}

#[test]
fn clients_are_answered_and_brokers_write_what_they_would_if_the_request_had_come_whole() {
    let told = Arc::new(Told::default());
    let cases = Case::all(&told, OWN.len());
    hold("answers are the same", |choices| {
        let mut topics = Vec::new();
        for place in 0..1 + choices.below(5) {
            let id = match choices.below(8) {
                // What is refused at the beginning is held, which others show.
                _ if place == 0 => id(0),
                0 => [OTHERS + choices.below(3) as u8; 16],
                1 => [0; 16],
                // An id as those that stand for refused ones.
                2 => *b"\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
                own => id(own as u8 % 3),
            };
            let partitions = (0..1 + choices.below(3)).map(|_| vec![choices.below(256) as u8; choices.below(200)]);
            topics.push((id, partitions.collect()));
        }
        topics.push((id(1), vec![vec![7]]));
        let mut body = produce(&topics);
        if choices.below(2) == 1 {
            // Which is the client's even where it has to be prefixed.
            body.set("TransactionalId", text("team-a.tx"));
        }
        for (at, case) in cases.iter().enumerate() {
            // The request before may have had an unknown topic.
            let streamed = case.streamed(&body, choices).or_else(|| case.streamed(&body, choices));
            let streamed = streamed.unwrap_or_else(|| panic!("chain {at}: it is held")).unwrap();
            let decisions = told.take();
            assert_eq!(streamed, case.whole(&body), "chain {at}");
            assert_eq!(decisions, told.take(), "chain {at}");
        }
    });
}

#[test]
fn what_is_refused_behind_the_first_topic_is_told_as_its_own_and_nothing_of_it_is_written() {
    let told = Arc::new(Told::default());
    let [hiding, enforcing, ruled, rules] = Case::all(&told, OWN.len());
    let check = |case: Case, expected: [i64; 4]| {
        let (others, none) = ([OTHERS; 16], [99; 16]);
        let ids = [id(0), id(2), others, none];
        let answer = case.streamed(&of(&ids), &mut Choices::none()).unwrap().unwrap();
        assert_eq!(ids.map(|id| answer.code(id)), expected);
        let written: Vec<_> = answer.written.iter().map(|(id, ..)| *id).collect();
        let admitted = ids
            .into_iter()
            .zip(expected)
            .filter(|(_, code)| *code == 0)
            .map(|(id, _)| id);
        assert_eq!(written, admitted.collect::<Vec<_>>());
    };
    check(hiding, [0, 0, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_ID]);
    check(enforcing, [0, 0, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_ID]);
    let denied = [0, TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_ID];
    check(ruled, denied);
    // By rules alone, what the client hasn't been told of isn't known.
    check(rules, denied);
}

#[test]
fn behind_a_topic_that_is_not_known_the_next_request_comes_whole_and_it_is_asked_for() {
    let told = Arc::new(Told::default());
    for (at, case) in Case::all(&told, 1).into_iter().enumerate() {
        let body = of(&[id(0), id(1)]);
        let streamed = |body| case.streamed(body, &mut Choices::none()).map(Result::unwrap);
        assert_eq!(streamed(&body).unwrap().code(id(1)), UNKNOWN_TOPIC_ID, "chain {at}");
        // Those of one topic ask nobody.
        let one = of(&[id(0)]).write(&api(KEY).request, VERSION).unwrap();
        assert!(request_head(api(KEY), VERSION, &one).is_some());
        assert_eq!(streamed(&body), None, "chain {at}");
        assert_eq!(case.whole(&body).code(id(1)), 0, "chain {at}");
        assert_eq!(streamed(&body).unwrap().code(id(1)), 0, "chain {at}");
    }
}

#[test]
fn a_request_of_several_topics_is_held_if_its_first_is_refused_or_it_has_names_or_aliases() {
    let told = Arc::new(Told::default());
    let namespace = || Arc::new(Namespace::new(Mode::HidePrefix, PREFIX)) as Arc<dyn Policy>;
    let holds = |case: &Case, ids: &[[u8; 16]]| case.streamed(&of(ids), &mut Choices::none()).is_none();
    for case in Case::all(&told, OWN.len()) {
        assert!(holds(&case, &[[OTHERS; 16], id(0)]));
        assert!(!holds(&case, &[id(0), id(1)]));
    }
    let aliases = Case::knowing(OWN.len(), vec![Arc::new(TopicAliases::new([])), namespace()], PREFIX);
    assert!(holds(&aliases, &[id(0), id(1)]));
}

#[test]
fn a_client_that_writes_to_thousands_of_topics_that_are_not_its_own_loses_its_connection() {
    let case = Case::knowing(1, vec![Arc::new(Namespace::new(Mode::HidePrefix, PREFIX))], PREFIX);
    let foreign = |count: u128| (0..count).map(|number| (number + (1 << 100)).to_be_bytes());
    let ids = |count| [id(0)].into_iter().chain(foreign(count)).collect::<Vec<_>>();
    let outcome = |count| {
        let streamed = |case: &Case| case.streamed(&of(&ids(count)), &mut Choices::none());
        streamed(&case).or_else(|| streamed(&case)).unwrap()
    };
    let answer = outcome(1_000).unwrap();
    assert!(foreign(1_000).all(|id| answer.code(id) == UNKNOWN_TOPIC_ID));
    assert_eq!(outcome(1_001), Err(WalkError::Refused { field: "TopicId" }));
}

#[test]
fn what_the_broker_says_of_the_whole_request_is_not_covered_by_what_was_refused() {
    let told = Arc::new(Told::default());
    let case = Case::knowing(OWN.len(), vec![acls(&told)], "");
    let body = of(&[id(0), id(2)]).write(&api(KEY).request, VERSION).unwrap();
    let (head, rest, pending, taken) = case.begin(&body).unwrap();
    let sent = follow(&head, rest, &body[taken..], &mut Choices::none()).unwrap();
    let sent = Struct::read(&api(KEY).request, VERSION, &sent).unwrap();
    let mut answer = broker(&sent);
    for topic in answer.elements_mut("Responses") {
        for partition in topic.elements_mut("PartitionResponses") {
            // INVALID_REQUIRED_ACKS
            partition.set("ErrorCode", int(21));
        }
    }
    let answer = Answer::of(&case.gateway.answer(KEY, VERSION, pending, &answer), &sent);
    assert_eq!([id(0), id(2)].map(|id| answer.code(id)), [21, 21]);
}
