//! A client, the policy, and a broker that is played by hand.

use std::sync::{Arc, Mutex};

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{AliasMemory, Conflicts, Mode, Namespace, OnConflict, Policy, Reply, TopicAlias, TopicAliases};

use crate::support::message::values;
use crate::support::names::TOPIC;
use crate::support::{Fate, Gateway, PREFIX, answering, api, int, null};

/// The alias of [`TOPIC`].
pub(crate) const ALIAS: &str = "alias";

pub(crate) fn alias(name: &str, topic: &str) -> TopicAlias {
    TopicAlias {
        alias: name.to_owned(),
        topic: topic.to_owned(),
        conflict: OnConflict::Warn,
        condition: None,
    }
}

/// A virtual cluster with aliases and no namespace.
pub(crate) fn plain(aliases: &[(&str, &str)]) -> Gateway {
    Gateway::of(vec![Arc::new(policy(aliases))])
}

pub(crate) fn policy(aliases: &[(&str, &str)]) -> TopicAliases {
    TopicAliases::new(aliases.iter().map(|(name, topic)| alias(name, topic)))
}

/// The same before a namespace.
pub(crate) fn isolated(mode: Mode, aliases: &[(&str, &str)]) -> Gateway {
    Gateway::of(vec![
        Arc::new(policy(aliases)) as Arc<dyn Policy>,
        Arc::new(Namespace::new(mode, PREFIX)),
    ])
}

/// What has been told of hidden topics.
pub(crate) fn telling(aliases: Vec<TopicAlias>) -> (Gateway, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&told);
    let conflicts = Conflicts::new(move |name| into.lock().unwrap().push(name.to_owned()));
    let policy = TopicAliases::new(aliases).with_conflicts(conflicts);
    (Gateway::of(vec![Arc::new(policy)]), told)
}

/// With what another one knows.
pub(crate) fn remembering(aliases: &[(&str, &str)], memory: &AliasMemory) -> Gateway {
    Gateway::of(vec![Arc::new(policy(aliases).with_memory(memory.clone()))])
}

/// The id of [`TOPIC`].
pub(crate) fn id() -> Value {
    Value::Uuid(0x0123_4567_89ab_4def_8123_4567_89ab_cdef_u128.to_be_bytes())
}

/// The topics that the broker tells the ids of when it is asked for the names.
pub(crate) type Topics<'a> = &'a [(&'a str, Value)];

/// What the broker got of a request, and the client of the broker's answers.
#[derive(Debug)]
pub(crate) struct Played {
    /// The parts of the request, as the broker got them.
    pub(crate) sent: Vec<Struct>,
    /// How often ids were looked up.
    pub(crate) look_ups: usize,
    pub(crate) seen: Result<Struct, String>,
}

impl Played {
    pub(crate) fn seen(&self) -> &Struct {
        self.seen.as_ref().unwrap()
    }
}

/// Sends a request, answers what comes of it, and says what the client sees.
pub(crate) fn play(
    gateway: &Gateway,
    topics: Topics<'_>,
    key: ApiKey,
    version: i16,
    request: &Struct,
    mut answer: impl FnMut(&Struct) -> Struct,
) -> Played {
    let mut sent = Vec::new();
    let mut look_ups = 0;
    let mut fate = gateway.ask(key, version, request);
    let seen = loop {
        fate = match fate {
            Fate::Forwarded(body, pending) => {
                let response = answer(&body);
                sent.push(body);
                break Ok(gateway.answer(key, version, pending, &response));
            }
            Fate::Answered(response) => break Ok(response),
            Fate::Closed(reason) => break Err(reason),
            Fate::Waits(request, asking) => {
                let mut question = asking.question();
                let (asked, at) = (question.api.key, question.version);
                let body = Struct::read(&question.api.request, at, &question.body_bytes()).unwrap();
                let is_look_up = asked != key && asked == ApiKey::METADATA;
                let response = if is_look_up {
                    look_ups += 1;
                    assert_eq!(at, 12);
                    assert_eq!(body.get("AllowAutoTopicCreation"), Some(&int(0)));
                    told(&body, topics)
                } else {
                    assert_eq!((asked, at), (key, version));
                    let response = answer(&body);
                    sent.push(body);
                    response
                };
                gateway.resume(request, asking, &response)
            }
        };
    };
    Played { sent, look_ups, seen }
}

/// Sends a request for which there is no response, and says what the broker got.
pub(crate) fn play_silent(
    gateway: &Gateway,
    key: ApiKey,
    version: i16,
    request: &Struct,
) -> Result<Vec<Struct>, String> {
    let mut sent = Vec::new();
    let body = request.write(&api(key).request, version).unwrap();
    let mut request = crate::support::request(key, version, body);
    let mut outcome = gateway.chain.request(&gateway.connection, &mut request);
    loop {
        outcome = match outcome {
            keg_policy::Outcome::Forward(_) => {
                sent.push(Struct::read(&api(key).request, version, &request.body_bytes()).unwrap());
                return Ok(sent);
            }
            keg_policy::Outcome::Ask(asking) => {
                let mut question = asking.question();
                sent.push(Struct::read(&api(key).request, version, &question.body_bytes()).unwrap());
                gateway
                    .chain
                    .resume(&gateway.connection, &mut request, asking, Reply::Silent)
            }
            keg_policy::Outcome::Close(reason) => return Err(reason),
            keg_policy::Outcome::Reply(reply) => panic!("{reply:?}"),
        }
    }
}

/// What a broker tells of topics that are asked for by their names or ids.
pub(crate) fn told(question: &Struct, topics: Topics<'_>) -> Struct {
    let answers = values(question, "Topics.*").into_iter().map(|asked| {
        let asked = asked.as_struct().unwrap();
        let by_id = asked.get("TopicId").filter(|id| **id != Value::Uuid([0; 16]));
        let known = topics.iter().find(|(name, id)| match by_id {
            Some(wanted) => id == wanted,
            None => asked.get("Name") == Some(&Value::text(name)),
        });
        let mut answer = answering(ApiKey::METADATA, 12, &[("Topics.0.ErrorCode", int(3))]);
        let Some(Value::Array(elements)) = answer.get_mut("Topics") else {
            unreachable!()
        };
        let Value::Struct(topic) = &mut elements[0] else {
            unreachable!()
        };
        topic.set("Name", asked.get("Name").cloned().unwrap_or_else(null));
        topic.set("TopicId", asked.get("TopicId").cloned().unwrap());
        if let Some((name, id)) = known {
            topic.set("ErrorCode", int(0));
            topic.set("Name", Value::text(name));
            topic.set("TopicId", id.clone());
        }
        elements.remove(0)
    });
    let answers = Value::Array(answers.collect());
    answering(ApiKey::METADATA, 12, &[("Topics", answers)])
}

/// Shows the policy a topic, and gives the id that the client gets for its alias.
pub(crate) fn teach(gateway: &Gateway, alias: &str, topic: &str, topic_id: &Value) -> Value {
    let request = crate::support::asking(ApiKey::METADATA, 12, &[("Topics.0.Name", Value::text(alias))]);
    let played = play(gateway, &[], ApiKey::METADATA, 12, &request, |asked| {
        told(asked, &[(topic, topic_id.clone())])
    });
    let seen = played.seen();
    assert_eq!(values(seen, "Topics.*.Name"), [&Value::text(alias)]);
    values(seen, "Topics.*.TopicId")[0].clone()
}

/// Renames a topic wherever it stands.
pub(crate) fn renamed(mut message: Struct, from: (&str, &Value), to: (&str, &Value)) -> Struct {
    fn value(it: &mut Value, from: (&str, &Value), to: (&str, &Value)) {
        match it {
            Value::Struct(fields) => fields.iter_mut().for_each(|(_, field)| value(field, from, to)),
            Value::Array(elements) => elements.iter_mut().for_each(|element| value(element, from, to)),
            Value::Bytes(bytes) if *bytes == from.0.as_bytes() => *bytes = to.0.into(),
            id if id == from.1 => *id = to.1.clone(),
            _ => {}
        }
    }
    message.iter_mut().for_each(|(_, field)| value(field, from, to));
    message
}

/// The alias as its topic.
pub(crate) fn as_topic(message: Struct, alias_id: &Value) -> Struct {
    renamed(message, (ALIAS, alias_id), (TOPIC, &id()))
}
