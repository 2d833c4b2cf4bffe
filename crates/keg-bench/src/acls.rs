//! What policies cost: a namespace, alone and behind rules.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use keg_codec::ProduceHead;
use keg_codec::header::request_head;
use keg_policy::{
    AclAction, AclNames, AclPolicy, AclRule, Acls, AddressBook, BrokerAddresses, Chain, Connection, Mode, NamePattern,
    Namespace, Operation, Operations, Outcome as Seen, Policy, Reply, Request, ResourceType, Response, Rest, Streams,
};

use crate::messages::{self, Message};
use crate::{Outcome, Work, rewriting};

#[derive(Debug)]
struct Proxy;

impl AddressBook for Proxy {
    fn advertise(&self, _node_id: i32) -> Result<(Arc<str>, u16), String> {
        Ok(("proxy.example".into(), 19_092))
    }

    fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
}

fn connection() -> Arc<Connection> {
    Arc::new(Connection::new("team-a", "User:ann", Arc::new(Proxy)))
}

/// Rules of which one is about the topics here, among many others.
fn rules(count: usize) -> Outcome<Acls> {
    let rule = |number: usize| -> Outcome<AclRule> {
        let name = match number % 3 {
            _ if number == 0 => "topic-*".to_owned(),
            0 => format!("topic-{number}"),
            1 => format!("topic-{number}-*"),
            _ => format!("*-{number}-log"),
        };
        Ok(AclRule {
            resource_type: ResourceType::Topic,
            action: AclAction::Allow,
            operations: Operations::of(&[Operation::Read, Operation::Write]),
            names: AclNames::Patterns(vec![NamePattern::new(&name)?]),
        })
    };
    Ok(Acls::new(vec![AclPolicy {
        name: "rules".into(),
        condition: None,
        rules: (0..count).map(rule).collect::<Result<_, _>>()?,
    }]))
}

/// Two decisions.
pub(crate) fn decision(count: usize) -> Outcome<Work> {
    let (acls, connection) = (rules(count)?, connection());
    let may = move |topic| {
        let decision = acls.decide(&connection, Operation::Read, ResourceType::Topic, topic);
        decision.allowed
    };
    if !may("topic-17-log") || may("orders") {
        return Err("the rules say something else".into());
    }
    Ok(Box::new(move || {
        black_box(may(black_box("topic-17-log")));
        black_box(may(black_box("orders")));
    }))
}

/// A namespace, behind so many rules if there are any.
fn chain(count: Option<usize>) -> Outcome<Chain> {
    let mut policies: Vec<Arc<dyn Policy>> = Vec::new();
    if let Some(count) = count {
        policies.push(Arc::new(rules(count)?));
    }
    policies.push(Arc::new(Namespace::new(Mode::HidePrefix, "team-a-")));
    policies.push(Arc::new(BrokerAddresses));
    Ok(Chain::new(policies))
}

/// A request and its response through a namespace, behind so many rules if there are any.
pub(crate) fn exchange(count: Option<usize>, request: Message, response: Message) -> Outcome<Work> {
    let exchange = Exchange {
        chain: chain(count)?,
        connection: connection(),
        head: request_head(request.api, request.version, b"example"),
        request,
        response,
    };
    // The first tells what there is to learn.
    exchange.run()?;
    Ok(Box::new(move || {
        black_box(exchange.run().is_ok());
    }))
}

/// A Produce request of several topics that goes on while it comes, through a namespace behind so many rules, of a client that
/// was told of the topics.
pub(crate) fn sending(count: usize, told: Message, request: Message) -> Outcome<Work> {
    let asking = Exchange {
        chain: chain(Some(count))?,
        connection: connection(),
        head: Bytes::new(),
        request: messages::metadata_request(0)?,
        response: told,
    };
    asking.run()?;
    let Exchange { chain, connection, .. } = asking;
    let (mut bytes, version) = (request.body.to_vec(), request.version);
    let head = request_head(request.api, request.version, b"example");
    let mut pass = move || -> Outcome<()> {
        let Message { api, version, .. } = request;
        let taken = keg_policy::request_head(api, version, &request.body).ok_or("it has no head")?;
        let mut begun = Request {
            api,
            version,
            correlation_id: 1,
            head: head.clone(),
            body: request.body.slice(..taken).into(),
            streams: Streams::Unseen,
            rest: Some(Box::new(Rest::new(request.body.len() - taken))),
        };
        let Seen::Forward(_) = chain.request(&connection, &mut begun) else {
            return Err("the request comes whole".into());
        };
        let guard = begun.rest.as_mut().and_then(|rest| rest.guard.as_mut());
        let guard = guard.ok_or("nobody looks at it")?;
        rewriting::follow(guard, bytes.get_mut(taken..).unwrap_or_default())
    };
    // With ids, the first comes whole, and all others go on.
    if pass().is_ok() != ProduceHead::has_names(version) {
        return Err("the first request does not go on as it should".into());
    }
    for _ in 0..3 {
        pass()?;
    }
    Ok(Box::new(move || {
        black_box(pass().is_ok());
    }))
}

struct Exchange {
    chain: Chain,
    connection: Arc<Connection>,
    head: Bytes,
    request: Message,
    response: Message,
}

impl Exchange {
    fn run(&self) -> Outcome<()> {
        let Message { api, version, .. } = self.request;
        let mut request = Request {
            api,
            version,
            correlation_id: 1,
            head: self.head.clone(),
            body: self.request.body.clone().into(),
            streams: Streams::No,
            rest: None,
        };
        let Seen::Forward(pending) = self.chain.request(&self.connection, &mut request) else {
            return Err("the request does not go on".into());
        };
        let response = Response::local(api, version, self.response.body.clone());
        match self
            .chain
            .response(&self.connection, pending, Reply::Response(response))
        {
            Seen::Reply(reply) => {
                black_box(reply);
                Ok(())
            }
            _ => Err("the response does not come back".into()),
        }
    }
}
