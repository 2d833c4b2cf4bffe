//! Clients that write to several topics, and the broker behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{
    BrokerAddresses, Connection, Mode, Namespace, Outcome, Pending, Policy, Reply, Rest, Streams, request_head,
};

use super::rules::{Told, acls};
use crate::support::passing::follow;
use crate::support::random::Choices;
use crate::support::{Fate, Gateway, PREFIX, answering, api, asking, int, null, request, text};

pub(super) const KEY: ApiKey = ApiKey::PRODUCE;
pub(super) const VERSION: i16 = 13;
pub(super) const UNKNOWN_TOPIC_ID: i64 = 100;

/// The client's topics, by the names that the client has for them.
pub(super) const OWN: [&str; 3] = ["orders", "audit", "secret"];

/// Where the ids of others' topics begin, which the backend has too.
pub(super) const OTHERS: u8 = 100;

/// The id of the topic at this place among the client's.
pub(super) fn id(place: u8) -> [u8; 16] {
    [place + 1; 16]
}

/// A virtual cluster, and the names that the backend has for the client's topics.
pub(super) struct Case {
    pub(super) gateway: Gateway,
    names: [String; 3],
}

impl Case {
    /// One whose client was told of so many of its topics.
    pub(super) fn knowing(count: usize, mut policies: Vec<Arc<dyn Policy>>, prefix: &str) -> Self {
        policies.push(Arc::new(BrokerAddresses));
        let case = Self {
            gateway: Gateway::of(policies),
            names: OWN.map(|name| format!("{prefix}{name}")),
        };
        case.tell(count);
        case
    }

    /// Tells the client of so many of its topics.
    pub(super) fn tell(&self, count: usize) {
        let topics = self.names.iter().take(count).zip(0..);
        let topics = topics.map(|(name, place)| {
            let mut topic = answering(ApiKey::METADATA, 12, &[]).nested("Topics", 12).unwrap();
            topic.set("Name", text(name));
            topic.set("TopicId", Value::Uuid(id(place)));
            Value::Struct(topic)
        });
        let answer = answering(ApiKey::METADATA, 12, &[("Topics", Value::Array(topics.collect()))]);
        let asked = asking(ApiKey::METADATA, 12, &[("Topics", null())]);
        self.gateway.exchange(ApiKey::METADATA, 12, &asked, &answer);
    }

    /// The same client on another connection, of which the request that comes whole is over.
    pub(super) fn reconnect(&mut self) {
        let book = Arc::clone(&self.gateway.book) as _;
        self.gateway.connection = Arc::new(Connection::new("orders", "User:ANONYMOUS", book));
        assert!(self.begin(&bytes(&of(&[id(0), id(0)]))).is_none());
    }

    pub(super) fn all(told: &Arc<Told>, known: usize) -> [Self; 4] {
        let namespace = |mode| Arc::new(Namespace::new(mode, PREFIX)) as _;
        [
            Self::knowing(known, vec![namespace(Mode::HidePrefix)], PREFIX),
            Self::knowing(known, vec![namespace(Mode::EnforcePrefix)], PREFIX),
            Self::knowing(known, vec![acls(told), namespace(Mode::HidePrefix)], PREFIX),
            Self::knowing(known, vec![acls(told)], ""),
        ]
    }

    /// What the client is answered to a request that is whole before it goes on.
    pub(super) fn whole(&self, body: &Struct) -> Answer {
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
    pub(super) fn begin(&self, body: &[u8]) -> Option<Begun> {
        Begun::of(&self.gateway, VERSION, body)
    }

    /// What the client is answered to a request that comes in pieces of any size, and goes on meanwhile.
    pub(super) fn streamed(&self, body: &Struct, choices: &mut Choices<'_>) -> Option<Answer> {
        let body = bytes(body);
        let begun = self.begin(&body)?;
        let sent = follow(&begun.head, begun.rest, &body[begun.taken..], choices).unwrap();
        let sent = Struct::read(&api(KEY).request, VERSION, &sent).unwrap();
        Some(self.answer(begun.pending, &sent, &broker(&sent)))
    }

    /// What the client is answered to a request that goes on, and of which all behind the head comes at once.
    pub(super) fn at_once(&self, ids: &[[u8; 16]]) -> Option<Answer> {
        let body = bytes(&of(ids));
        let mut begun = self.begin(&body)?;
        let mut rest = body[begun.taken..].to_vec();
        let passed = begun.rest.guard.as_mut().unwrap().pass(&mut rest).unwrap();
        assert_eq!((passed.count, passed.left_out), (rest.len(), 0));
        let sent = Struct::read(&api(KEY).request, VERSION, &[begun.head, rest].concat()).unwrap();
        Some(self.answer(begun.pending, &sent, &broker(&sent)))
    }

    pub(super) fn answer(&self, pending: Pending, sent: &Struct, answer: &Struct) -> Answer {
        Answer::of(&self.gateway.answer(KEY, VERSION, pending, answer), sent)
    }
}

/// A request that goes on, of which so many bytes have.
pub(super) struct Begun {
    pub(super) head: Vec<u8>,
    pub(super) rest: Rest,
    pub(super) pending: Pending,
    pub(super) taken: usize,
}

impl Begun {
    /// Begins with a request of which only the head is there; `None` if it must come whole.
    pub(super) fn of(gateway: &Gateway, version: i16, body: &[u8]) -> Option<Self> {
        let taken = request_head(api(KEY), version, body)?;
        let mut request = request(KEY, version, body[..taken].to_vec());
        request.rest = Some(Box::new(Rest::new(body.len() - taken)));
        match gateway.chain.request(&gateway.connection, &mut request) {
            Outcome::Forward(pending) => {
                assert_eq!(request.streams, Streams::No, "what is refused has to be told");
                Some(Self {
                    head: request.body_bytes().to_vec(),
                    rest: *request.rest.take().unwrap(),
                    pending,
                    taken,
                })
            }
            Outcome::Reply(Reply::Whole) => None,
            outcome => panic!("{outcome:?}"),
        }
    }
}

pub(super) fn bytes(body: &Struct) -> Vec<u8> {
    body.write(&api(KEY).request, VERSION).unwrap()
}

/// What a client is told of the partitions of each topic (their number, code and offset), and what the broker has written to which.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) told: BTreeMap<[u8; 16], Vec<[i64; 3]>>,
    pub(super) written: BTreeSet<([u8; 16], i64, Vec<u8>)>,
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
    pub(super) fn code(&self, topic: [u8; 16]) -> i64 {
        self.told[&topic][0][1]
    }
}

pub(super) fn uuid(topic: &Struct) -> [u8; 16] {
    match topic.get("TopicId") {
        Some(Value::Uuid(id)) => *id,
        other => panic!("{other:?} is no id"),
    }
}

/// Whether the backend has a topic of this id: the client's, and others'.
pub(super) fn is_there(id: &[u8; 16]) -> bool {
    let last = OWN.len() as u8;
    id.iter().all(|byte| *byte == id[0]) && ((1..=last).contains(&id[0]) || (OTHERS..OTHERS + 10).contains(&id[0]))
}

/// What a broker answers, which gathers the partitions of each topic.
pub(super) fn broker(sent: &Struct) -> Struct {
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
pub(super) fn produce(topics: &[([u8; 16], Vec<Vec<u8>>)]) -> Struct {
    let topics = topics.iter().map(|(id, records)| (Value::Uuid(*id), &records[..]));
    produce_to(VERSION, "TopicId", topics)
}

/// A request of topics that are known by this field, each with its partitions' records.
pub(super) fn produce_to<'a>(
    version: i16,
    known_by: &str,
    topics: impl Iterator<Item = (Value, &'a [Vec<u8>])>,
) -> Struct {
    let mut body = asking(KEY, version, &[("Acks", int(-1)), ("TimeoutMs", int(9))]);
    let topics = topics.map(|(known_as, partitions)| {
        let mut topic = body.nested("TopicData", version).unwrap();
        topic.set(known_by, known_as);
        let partitions = partitions.iter().zip(0..).map(|(records, index)| {
            let mut partition = topic.nested("PartitionData", version).unwrap();
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
pub(super) fn of(ids: &[[u8; 16]]) -> Struct {
    let topics: Vec<_> = ids.iter().map(|id| (*id, vec![vec![7; 40]])).collect();
    produce(&topics)
}
