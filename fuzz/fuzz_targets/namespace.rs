//! A namespace between a client and a broker that the target plays.

#![allow(dead_code, unreachable_pub)]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};
use keg_policy::{
    AddressBook, Chain, Connection, Mode, Namespace, Outcome, Pending, Reply, Request, Response, Rest, Streams,
    request_head,
};

use crate::pieces::through;

#[derive(Debug)]
struct NoAddresses;

impl AddressBook for NoAddresses {
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String> {
        Err(format!("node {node_id} is not asked for"))
    }

    fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
}

fn connection() -> Arc<Connection> {
    Arc::new(Connection::new("tenant", "User:ANONYMOUS", Arc::new(NoAddresses)))
}

/// A virtual cluster with one client.
pub(crate) struct Tenant {
    chain: Chain,
    connection: Mutex<Arc<Connection>>,
}

impl Tenant {
    /// Every combination, made once: what a chain serves takes a while to find out.
    pub(crate) fn all(prefixes: &[&str]) -> Vec<(Mode, String, Self)> {
        let of = |mode| {
            prefixes
                .iter()
                .map(move |prefix| (mode, (*prefix).to_owned(), Self::new(mode, prefix)))
        };
        of(Mode::HidePrefix).chain(of(Mode::EnforcePrefix)).collect()
    }

    /// The same, whose client was told of topics of these ids.
    pub(crate) fn knowing(self, prefix: &str, ids: &[[u8; 16]]) -> Self {
        const VERSION: i16 = 12;
        let asked = Struct::new(api(ApiKey::METADATA).request.fields, VERSION);
        let mut answer = Struct::new(api(ApiKey::METADATA).response.fields, VERSION);
        let topics = ids.iter().zip(0..).map(|(id, number)| {
            let mut topic = answer.nested("Topics", VERSION).expect("it has topics");
            topic.set("Name", Value::text(&format!("{prefix}{number}")));
            topic.set("TopicId", Value::Uuid(*id));
            Value::Struct(topic)
        });
        let topics = topics.collect();
        answer.set("Topics", Value::Array(topics));
        let (_, pending) = self.ask(ApiKey::METADATA, VERSION, &asked).expect("it is asked for");
        let told = self
            .answer(ApiKey::METADATA, VERSION, pending, &answer)
            .expect("it is told");
        assert_eq!(told.elements("Topics").count(), ids.len());
        self
    }

    fn new(mode: Mode, prefix: &str) -> Self {
        Self {
            chain: Chain::new(vec![Arc::new(Namespace::new(mode, prefix))]),
            connection: Mutex::new(connection()),
        }
    }

    /// The client comes by another connection.
    pub(crate) fn reconnect(&self) {
        *self.connection.lock().expect("nobody has panicked") = connection();
    }

    fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection.lock().expect("nobody has panicked"))
    }

    /// What the broker gets, or what the client is answered.
    pub(crate) fn ask(&self, key: ApiKey, version: i16, asked: &Struct) -> Result<(Struct, Pending), Struct> {
        let api = api(key);
        let body = asked.write(&api.request, version).expect("it was made for the version");
        let mut request = of(api, version, body);
        match self.chain.request(&self.connection(), &mut request) {
            Outcome::Forward(pending) => {
                let sent = Struct::read(&api.request, version, &request.body_bytes()).expect("a request is sent");
                Ok((sent, pending))
            }
            Outcome::Reply(Reply::Response(mut response)) => {
                Err(Struct::read(&api.response, version, &response.body_bytes()).expect("a response is answered"))
            }
            other => panic!("{other:?}"),
        }
    }

    /// What the broker gets of a request that is whole; none if it is answered.
    pub(crate) fn send(&self, key: ApiKey, version: i16, body: &[u8]) -> Option<Vec<u8>> {
        let mut request = of(api(key), version, body.to_vec());
        match self.chain.request(&self.connection(), &mut request) {
            Outcome::Forward(_) => Some(request.body_bytes().to_vec()),
            _ => None,
        }
    }

    /// What the broker gets of a request that goes on in pieces of these sizes: an inner `None` if it ends before it is
    /// whole, an outer one if it must come whole.
    pub(crate) fn pass(&self, key: ApiKey, version: i16, body: &[u8], pieces: &[usize]) -> Option<Option<Vec<u8>>> {
        let (head, rest) = body.split_at(request_head(api(key), version, body)?);
        let mut request = of(api(key), version, head.to_vec());
        request.rest = Some(Box::new(Rest::new(rest.len())));
        match self.chain.request(&self.connection(), &mut request) {
            Outcome::Forward(_) => {}
            Outcome::Reply(Reply::Whole) => return None,
            other => panic!("{other:?}"),
        }
        let mut out = request.body_bytes().to_vec();
        let left = request.rest.take().expect("the rest is not taken");
        Some(match left.guard {
            Some(guard) => through(guard, rest, pieces).map(|passed| {
                assert_eq!(left.length, passed.len());
                out.extend(passed);
                out
            }),
            None => Some([out, rest.to_vec()].concat()),
        })
    }

    /// What the client gets of a broker's response; none if it is withheld.
    pub(crate) fn answer(&self, key: ApiKey, version: i16, pending: Pending, answer: &Struct) -> Option<Struct> {
        let api = api(key);
        let body = answer
            .write(&api.response, version)
            .expect("it was made for the version");
        let response = Response::local(api, version, body);
        match self
            .chain
            .response(&self.connection(), pending, Reply::Response(response))
        {
            Outcome::Reply(Reply::Response(mut response)) => {
                Some(Struct::read(&api.response, version, &response.body_bytes()).expect("a response is seen"))
            }
            _ => None,
        }
    }
}

fn of(api: &'static Api, version: i16, body: Vec<u8>) -> Request {
    Request {
        api,
        version,
        correlation_id: 1,
        head: Bytes::from_static(&[0; 10]),
        body: Bytes::from(body).into(),
        rest: None,
        streams: Streams::No,
    }
}

pub(crate) fn api(key: ApiKey) -> &'static Api {
    Api::of(key).expect("the API is known")
}

/// The bytes at a path of field names, of the first element of each array.
pub(crate) fn bytes(of: &Struct, path: &[&str]) -> Vec<u8> {
    let mut at = of;
    for name in path {
        match at.get(name) {
            Some(Value::Bytes(bytes)) => return bytes.clone(),
            Some(Value::Null) => return Vec::new(),
            Some(Value::Array(elements)) => match elements.first() {
                Some(Value::Struct(first)) => at = first,
                _ => return Vec::new(),
            },
            other => panic!("{path:?}: {other:?}"),
        }
    }
    panic!("{path:?} leads to no bytes")
}

/// A message with one element in each array on the path, at the end of which the bytes are.
pub(crate) fn with(mut message: Struct, version: i16, path: &[&str], value: Value) -> Struct {
    let Some((name, rest)) = path.split_first() else {
        return message;
    };
    let value = match rest {
        [] => value,
        rest => {
            let (field, _) = message
                .iter()
                .find(|(field, _)| field.name == *name)
                .expect("a field of the message");
            let keg_codec::schema::Type::Struct(nested) = field.ty else {
                panic!("{name} has no fields")
            };
            Value::Array(vec![Value::Struct(with(
                Struct::new(nested, version),
                version,
                rest,
                value,
            ))])
        }
    };
    message.set(name, value);
    message
}
