//! Subscriptions by expressions, which a node evaluates when it has time: what a member gets of them comes with some
//! later heartbeat.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::decode::decode_reply;
use super::definitions::Definitions;
use super::means::{EXPRESSIONS, Manner};
use super::probes::{Phase, Probe};
use super::run::{Asker, Reply};
use super::state::Damage;
use super::tenant::{Coordinators, Tenant};
use super::wire::Kafka;

/// What a node gets to evaluate the expressions in; those that match nothing take all of it.
const TIME: Duration = Duration::from_secs(4);

/// COORDINATOR_LOAD_IN_PROGRESS: a client repeats what it has said.
const AGAIN: i64 = 14;

/// What is damaged where a member gets another's topics.
pub(crate) const FACET: &str = "subscriptions";

/// What subscribing by expressions has come to.
#[derive(Debug, Default)]
pub(crate) struct Subscribed {
    /// What was answered with something, and what the groups were described as.
    pub(crate) asked: Vec<(Probe, Reply)>,
    pub(crate) damage: Vec<Damage>,
    /// How many members have got topics.
    pub(crate) assigned: usize,
}

/// The only member of a group.
struct Member<'a> {
    group: String,
    own: &'a Tenant,
    expression: String,
    epoch: i64,
    /// Whether it is to say all that it has to say.
    says_all: bool,
    /// Whether it has got topics, or an error.
    is_done: bool,
}

/// Subscribes by one expression after the other, through `address`; then looks at the groups there, and on the backend
/// at `node`. Members may get additional topics beside the own.
pub(crate) fn subscribe(
    definitions: &Definitions,
    [address, node_address]: [&str; 2],
    node: i64,
    [own, them]: [&Tenant; 2],
    additional: &[&str],
) -> Subscribed {
    let coordinators = Coordinators::find(definitions, node_address);
    let names = [Manner::Client, Manner::Whole].map(|manner| manner.write(them, &them.orders.name));
    let expressions = EXPRESSIONS.map(str::to_owned).into_iter().chain(names);
    let member = |(number, expression)| Member {
        group: own.group(&format!("expression{number}x"), &coordinators, node),
        own,
        expression,
        epoch: 0,
        says_all: true,
        is_done: false,
    };
    let mut members: Vec<Member<'_>> = (0..).zip(expressions).map(member).collect();

    let mut subscribed = Subscribed::default();
    let mut asker = Asker::new(address);
    let start = Instant::now();
    while members.iter().any(|member| !member.is_done) && start.elapsed() < TIME {
        for member in members.iter_mut().filter(|member| !member.is_done) {
            let probe = member.heartbeat(definitions);
            let reply = asker.answer(&probe);
            subscribed.assigned += usize::from(member.hear(definitions, &probe, &reply));
            if member.is_done {
                subscribed.asked.push((probe, reply));
            }
        }
    }
    let mut backend = Kafka::connect(definitions, node_address, "looking");
    for member in &members {
        let request = json!({"GroupIds": [own.as_client(&member.group)]});
        let probe = Probe::new(definitions, "ConsumerGroupDescribe", 1, &member.expression, request);
        // It has topics in it that the prober has made.
        let probe = Probe {
            phase: Phase::Make,
            ..probe
        };
        let reply = asker.answer(&probe);
        subscribed.asked.push((probe, reply));

        let described = backend.call("ConsumerGroupDescribe", 1, &json!({"GroupIds": [member.group]}));
        let foreign = topics(&described)
            .into_iter()
            .filter(|name| !name.starts_with(&own.prefix) && !additional.contains(&name.as_str()));
        subscribed.damage.extend(foreign.map(|name| Damage {
            facet: FACET,
            what: format!("a member by {} has {name}", member.expression),
        }));
    }
    subscribed
}

impl Member<'_> {
    fn heartbeat(&self, definitions: &Definitions) -> Probe {
        let mut request = json!({
            "GroupId": self.own.as_client(&self.group), "MemberId": "subscriber", "MemberEpoch": self.epoch,
        });
        if self.says_all {
            request["SubscribedTopicRegex"] = json!(self.expression);
            request["TopicPartitions"] = json!([]);
            request["RebalanceTimeoutMs"] = json!(600_000);
        }
        Probe::new(definitions, "ConsumerGroupHeartbeat", 1, &self.expression, request)
    }

    /// Whether the member has got topics.
    fn hear(&mut self, definitions: &Definitions, probe: &Probe, reply: &Reply) -> bool {
        let frame = reply.frame().expect("an answer to a heartbeat");
        let heard = decode_reply(definitions, probe, frame).unwrap().unwrap();
        let assigned = &heard["Assignment"]["TopicPartitions"];
        let has_topics = assigned.as_array().is_some_and(|topics| !topics.is_empty());
        // Of a member that has subscribed by an expression, a gateway with aliases asks once what it has subscribed to.
        self.says_all = heard["ErrorCode"] == AGAIN;
        if !self.says_all {
            self.epoch = heard["MemberEpoch"].as_i64().unwrap();
            self.is_done = has_topics || heard["ErrorCode"] != 0;
        }
        has_topics
    }
}

/// The names of all topics in a response.
fn topics(response: &Value) -> Vec<String> {
    match response {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value.as_str() {
                Some(topic) if name == "TopicName" => vec![topic.to_owned()],
                _ => topics(value),
            })
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(topics).collect(),
        _ => Vec::new(),
    }
}
