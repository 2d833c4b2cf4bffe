//! Messages by path, a backend that is played by hand, and what the gateway makes of both.

pub(crate) mod asker;
pub(crate) mod book;
pub(crate) mod bytes;
pub(crate) mod fill;
pub(crate) mod log;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod passing;
pub(crate) mod random;
pub(crate) mod tracer;

use std::sync::Arc;

use ::bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};
use keg_policy::{
    Additional, AdditionalTopics, Asking, BrokerAddresses, Chain, Conflicts, Connection, Glob, Mode, NameSet,
    Namespace, OnConflict, Outcome, Pending, Policy, Reply, Request, Response, Streams,
};

pub(crate) use book::Book;
pub(crate) use message::{Fields, int, message, null, text};

pub(crate) const PREFIX: &str = "team-a.";

/// A virtual cluster with one client.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) chain: Chain,
    pub(crate) connection: Arc<Connection>,
    pub(crate) book: Arc<Book>,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Fate {
    /// The broker gets this.
    Forwarded(Struct, Pending),
    /// The broker is asked something else first.
    Waits(Request, Box<Asking>),
    /// The client gets this.
    Answered(Struct),
    /// The client gets nothing more.
    Closed(String),
}

impl Gateway {
    pub(crate) fn of(policies: Vec<Arc<dyn Policy>>) -> Self {
        let book = Arc::new(Book::default());
        Self {
            chain: Chain::new(policies),
            connection: Arc::new(Connection::new("orders", "User:ANONYMOUS", Arc::clone(&book) as _)),
            book,
        }
    }

    /// The policies of a virtual cluster with a namespace.
    pub(crate) fn isolated(mode: Mode) -> Self {
        Self::of(vec![Arc::new(Namespace::new(mode, PREFIX)), Arc::new(BrokerAddresses)])
    }

    /// The same with [`SHARED`](names::SHARED) names beside the client's own; the pattern for Kafka's names shows nothing.
    pub(crate) fn sharing(mode: Mode) -> Self {
        let sets = || {
            ["shared-*", "__*"]
                .into_iter()
                .map(|glob| NameSet::Glob(Glob::new(glob).unwrap()))
        };
        let additional = Additional {
            topics: sets()
                .map(|names| AdditionalTopics {
                    names,
                    conflict: OnConflict::Warn,
                })
                .collect(),
            groups: sets().take(1).collect(),
        };
        let namespace = Namespace::new(mode, PREFIX).with_additional(additional, Conflicts::default());
        Self::of(vec![Arc::new(namespace), Arc::new(BrokerAddresses)])
    }

    pub(crate) fn hiding() -> Self {
        Self::isolated(Mode::HidePrefix)
    }

    pub(crate) fn enforcing() -> Self {
        Self::isolated(Mode::EnforcePrefix)
    }

    /// Has a member of this protocol type join a group, which the coordinator answers with this error.
    pub(crate) fn join(&self, group: &Value, protocol: &str, error: i64) {
        const VERSION: i16 = 5;
        let fields = [("GroupId", group.clone()), ("ProtocolType", text(protocol))];
        let asked = asking(ApiKey::JOIN_GROUP, VERSION, &fields);
        let answer = answering(ApiKey::JOIN_GROUP, VERSION, &[("ErrorCode", int(error))]);
        self.exchange(ApiKey::JOIN_GROUP, VERSION, &asked, &answer);
    }

    /// SyncGroup doesn't say in its older versions what the group is made of: has a consumer join it before that.
    pub(crate) fn join_before(&self, request: &Struct, key: ApiKey) {
        if key == ApiKey::SYNC_GROUP {
            self.join(request.get("GroupId").unwrap(), "consumer", 0);
        }
    }

    /// Sends a request.
    pub(crate) fn ask(&self, key: ApiKey, version: i16, body: &Struct) -> Fate {
        self.ask_bytes(key, version, body.write(&api(key).request, version).unwrap())
    }

    /// Sends a request whose body is these bytes.
    pub(crate) fn ask_bytes(&self, key: ApiKey, version: i16, body: Vec<u8>) -> Fate {
        let mut request = request(key, version, body);
        let outcome = self.chain.request(&self.connection, &mut request);
        Self::fate(request, outcome)
    }

    /// Gives the broker's response to what was asked first.
    pub(crate) fn resume(&self, mut request: Request, asking: Box<Asking>, response: &Struct) -> Fate {
        let Request { api, version, .. } = asking.question();
        let response = Response::local(api, version, response.write(&api.response, version).unwrap());
        let reply = Reply::Response(response);
        let outcome = self.chain.resume(&self.connection, &mut request, asking, reply);
        Self::fate(request, outcome)
    }

    /// Sends a request to a broker that has these topics, in case that their ids are to be looked up.
    pub(crate) fn ask_one_with(&self, topics: &[(Value, &str)], key: ApiKey, version: i16, body: &Struct) -> Fate {
        match self.ask(key, version, body) {
            Fate::Waits(request, asking) => self.look_up(request, asking, topics),
            fate => fate,
        }
    }

    /// Answers a look-up of topic ids, for a broker that has these topics and knows no other ids.
    pub(crate) fn look_up(&self, request: Request, asking: Box<Asking>, topics: &[(Value, &str)]) -> Fate {
        let mut question = asking.question();
        assert_eq!((question.api.key, question.version), (ApiKey::METADATA, 12));
        let question = Struct::read(&question.api.request, 12, &question.body_bytes()).unwrap();
        assert_eq!(message::values(&question, "AllowAutoTopicCreation"), [&int(0)]);
        let answer = message::values(&question, "Topics.*.TopicId").into_iter().map(|id| {
            let mut answer = answering(ApiKey::METADATA, 12, &[("Topics.0.TopicId", id.clone())]);
            let known = topics.iter().find(|(known, _)| known == id);
            let (name, error) = known.map_or((null(), 100), |(_, name)| (text(name), 0));
            let Some(Value::Array(topics)) = answer.get_mut("Topics") else {
                unreachable!()
            };
            let Value::Struct(topic) = &mut topics[0] else {
                unreachable!()
            };
            topic.set("Name", name);
            topic.set("ErrorCode", int(error));
            topics.remove(0)
        });
        let answer = Value::Array(answer.collect());
        self.resume(request, asking, &answering(ApiKey::METADATA, 12, &[("Topics", answer)]))
    }

    fn fate(mut request: Request, outcome: Outcome<Pending>) -> Fate {
        let Request { api, version, .. } = request;
        match outcome {
            Outcome::Forward(pending) => {
                let body = request.body_bytes();
                Fate::Forwarded(Struct::read(&api.request, version, &body).unwrap(), pending)
            }
            Outcome::Reply(Reply::Response(mut response)) => {
                Fate::Answered(Struct::read(&api.response, version, &response.body_bytes()).unwrap())
            }
            Outcome::Ask(asking) => Fate::Waits(request, asking),
            Outcome::Reply(Reply::Silent | Reply::Whole) => panic!("nothing was sent"),
            Outcome::Close(reason) => Fate::Closed(reason),
        }
    }

    /// Gives the broker's response to a request, and what the client gets of it.
    pub(crate) fn answer(&self, key: ApiKey, version: i16, pending: Pending, response: &Struct) -> Struct {
        let body = response.write(&api(key).response, version).unwrap();
        self.answer_bytes(key, version, pending, body)
    }

    pub(crate) fn answer_bytes(&self, key: ApiKey, version: i16, pending: Pending, body: Vec<u8>) -> Struct {
        let seen = self.answer_raw(key, version, pending, body);
        Struct::read(&api(key).response, version, &seen).unwrap()
    }

    /// The bytes that the client gets of a response that is these bytes.
    pub(crate) fn answer_raw(&self, key: ApiKey, version: i16, pending: Pending, body: Vec<u8>) -> Bytes {
        let response = Response::local(api(key), version, body);
        match self
            .chain
            .response(&self.connection, pending, Reply::Response(response))
        {
            Outcome::Reply(Reply::Response(mut response)) => response.body_bytes(),
            other => panic!("{other:?} is not a response"),
        }
    }

    /// What the broker gets of a request that it gets.
    pub(crate) fn forward(&self, key: ApiKey, version: i16, body: &Struct) -> (Struct, Pending) {
        match self.ask(key, version, body) {
            Fate::Forwarded(body, pending) => (body, pending),
            other => panic!("{key:?} v{version} was not forwarded: {other:?}"),
        }
    }

    /// What the client gets for a request that is answered at once.
    pub(crate) fn local(&self, key: ApiKey, version: i16, body: &Struct) -> Struct {
        match self.ask(key, version, body) {
            Fate::Answered(response) => response,
            other => panic!("{key:?} v{version} was not answered here: {other:?}"),
        }
    }

    /// What the client gets of a response to a request.
    pub(crate) fn exchange(&self, key: ApiKey, version: i16, request: &Struct, response: &Struct) -> Struct {
        let (_, pending) = self.forward(key, version, request);
        self.answer(key, version, pending, response)
    }

    /// Every version of every API that is served.
    pub(crate) fn served(&self) -> impl Iterator<Item = (&'static Api, i16)> {
        Api::all().iter().flat_map(|api| {
            let versions = self.chain.served().versions(api.key);
            (versions.first..=versions.last).map(move |version| (api, version))
        })
    }

    /// The same without ACLs: what they name is a pattern, and is denied in words of their own.
    pub(crate) fn served_but_acls(&self) -> impl Iterator<Item = (&'static Api, i16)> {
        let acls = [ApiKey::DESCRIBE_ACLS, ApiKey::CREATE_ACLS, ApiKey::DELETE_ACLS];
        self.served().filter(move |(api, _)| !acls.contains(&api.key))
    }
}

pub(crate) fn api(key: ApiKey) -> &'static Api {
    Api::of(key).unwrap()
}

pub(crate) fn request(key: ApiKey, version: i16, body: impl Into<Bytes>) -> Request {
    Request {
        api: api(key),
        version,
        correlation_id: 7,
        head: Bytes::from_static(&[0; 10]),
        body: body.into().into(),
        rest: None,
        streams: Streams::Unseen,
    }
}

/// A request's body.
pub(crate) fn asking(key: ApiKey, version: i16, fields: Fields<'_>) -> Struct {
    message(&api(key).request, version, fields)
}

/// A response's body.
pub(crate) fn answering(key: ApiKey, version: i16, fields: Fields<'_>) -> Struct {
    message(&api(key).response, version, fields)
}
