//! What ACLs cost: a Metadata request for 50 topics and its response, with no rules, and with 10, 100 and 10,000.
//!
//! `cargo run --release -p keg-policy --example acl_cost`

#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use keg_codec::header::request_head;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};
use keg_policy::{
    AclAction, AclNames, AclPolicy, AclRule, Acls, AddressBook, BrokerAddresses, Chain, Connection, Mode, NamePattern,
    Namespace, Operation, Operations, Outcome, Policy, Reply, Request, ResourceType, Response,
};

const VERSION: i16 = 12;
const TOPICS: usize = 50;
const ROUNDS: usize = 2_000;

#[derive(Debug)]
struct Proxy;

impl AddressBook for Proxy {
    fn advertise(&self, _node_id: i32) -> Result<(Arc<str>, u16), String> {
        Ok(("proxy.example".into(), 19092))
    }

    fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (request, response) = messages()?;
    let counts = [None, Some(10), Some(100), Some(10_000)];
    let chains: Vec<Chain> = counts.iter().map(|rules| chain(*rules)).collect::<Result<_, _>>()?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); chains.len()];
    let connections: Vec<_> = chains
        .iter()
        .map(|_| Connection::new("team-a", "User:ann", Arc::new(Proxy)))
        .collect();
    // In turns, so that what else the machine does concerns all of them.
    for _ in 0..ROUNDS {
        for ((chain, connection), times) in chains.iter().zip(&connections).zip(&mut times) {
            let began = Instant::now();
            exchange(chain, connection, &request, &response)?;
            times.push(began.elapsed());
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    for (rules, time) in counts.iter().zip(&medians) {
        let none = medians.first().copied().unwrap_or(1.0);
        let rules = rules.map_or("none".to_owned(), |rules| rules.to_string());
        println!("{rules:>6} rules: {time:6.1} us, {:.2} times", time / none);
    }
    Ok(())
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

/// A namespace, with ACLs before it. All topics are allowed by one rule each, or by patterns, among many others.
fn chain(rules: Option<usize>) -> Result<Chain, Box<dyn std::error::Error>> {
    let mut policies: Vec<Arc<dyn Policy>> = Vec::new();
    if let Some(count) = rules {
        let rule = |number: usize| -> Result<AclRule, Box<dyn std::error::Error>> {
            let name = match number % 3 {
                0 => format!("topic-{number}"),
                1 => format!("topic-{number}-*"),
                _ => format!("*-{number}-log"),
            };
            let name = if number == 0 { "topic-*".to_owned() } else { name };
            Ok(AclRule {
                resource_type: ResourceType::Topic,
                action: AclAction::Allow,
                operations: Operations::of(&[Operation::Read]),
                names: AclNames::Patterns(vec![NamePattern::new(&name)?]),
            })
        };
        policies.push(Arc::new(Acls::new(vec![AclPolicy {
            name: "rules".into(),
            condition: None,
            rules: (0..count).map(rule).collect::<Result<_, _>>()?,
        }])));
    }
    policies.push(Arc::new(Namespace::new(Mode::HidePrefix, "team-a-")));
    policies.push(Arc::new(BrokerAddresses));
    Ok(Chain::new(policies))
}

fn messages() -> Result<(Bytes, Bytes), WalkError> {
    let Some(api) = Api::of(ApiKey::METADATA) else {
        return Ok((Bytes::new(), Bytes::new()));
    };
    let mut request = Struct::new(api.request.fields, VERSION);
    let named = |holder: &Struct, prefix: &str, number: usize| {
        let mut topic = holder.nested("Topics", VERSION)?;
        topic.set("Name", Value::text(&format!("{prefix}topic-{number}")));
        Some(topic)
    };
    let topics = (0..TOPICS).filter_map(|number| named(&request, "", number).map(Value::Struct));
    let topics = topics.collect();
    request.set("Topics", Value::Array(topics));
    let mut response = Struct::new(api.response.fields, VERSION);
    let topics = (0..TOPICS).filter_map(|number| {
        let mut topic = named(&response, "team-a-", number)?;
        topic.set("TopicId", Value::Uuid((number as u128 + 1).to_be_bytes()));
        let partitions = (0..3).filter_map(|index| {
            let mut partition = topic.nested("Partitions", VERSION)?;
            partition.set("PartitionIndex", Value::Integer(index));
            partition.set("ReplicaNodes", Value::Array(vec![Value::Integer(1), Value::Integer(2)]));
            Some(Value::Struct(partition))
        });
        let partitions = partitions.collect();
        topic.set("Partitions", Value::Array(partitions));
        Some(Value::Struct(topic))
    });
    let topics = topics.collect();
    response.set("Topics", Value::Array(topics));
    Ok((
        request.write(&api.request, VERSION)?.into(),
        response.write(&api.response, VERSION)?.into(),
    ))
}

fn exchange(
    chain: &Chain,
    connection: &Connection,
    request: &Bytes,
    response: &Bytes,
) -> Result<(), Box<dyn std::error::Error>> {
    let api = Api::of(ApiKey::METADATA).ok_or("there is Metadata")?;
    let mut request = Request {
        api,
        version: VERSION,
        correlation_id: 1,
        head: request_head(api, VERSION, b"example"),
        body: request.clone().into(),
        rest: None,
        streams: false,
    };
    let Outcome::Forward(pending) = chain.request(connection, &mut request) else {
        return Err("the request does not go on".into());
    };
    let reply = Reply::Response(Response::local(api, VERSION, response.clone()));
    match chain.response(connection, pending, reply) {
        Outcome::Reply(reply) => {
            black_box(reply);
            Ok(())
        }
        _ => Err("the response does not come back".into()),
    }
}
