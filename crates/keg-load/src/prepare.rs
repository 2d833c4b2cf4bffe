//! Topics, and what is in them.

use std::thread;
use std::time::{Duration, Instant};

use keg_codec::ApiKey;
use keg_codec::message::Value;

use crate::connection::Connector;
use crate::requests::{Call, errors, nested, produce};
use crate::target::Target;
use crate::{Outcome, batch};

/// How long a topic may take until its partitions have leaders.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(target: &Target, partitions: i32, bytes: usize, configs: &[String]) -> Outcome<String> {
    let mut connection = Connector::new(target)?.connect()?;
    let call = Call::new(ApiKey::CREATE_TOPICS, 7)?;
    let mut request = call.request();
    let mut topic = nested(&request, "Topics", call)?;
    topic.set("Name", Value::text(&target.topic));
    topic.set("NumPartitions", Value::Integer(partitions.into()));
    topic.set("ReplicationFactor", Value::Integer(1));
    let mut elements = Vec::new();
    for config in configs {
        let (name, value) = config.split_once('=').ok_or("expected --config NAME=VALUE")?;
        let mut element = nested(&topic, "Configs", call)?;
        element.set("Name", Value::text(name));
        element.set("Value", Value::text(value));
        elements.push(Value::Struct(element));
    }
    topic.set("Configs", Value::Array(elements));
    request.set("Topics", Value::Array(vec![Value::Struct(topic)]));
    connection.ask(call, &request)?;

    let start = Instant::now();
    let topic = loop {
        match connection.topic(&target.topic) {
            Ok(topic) if topic.partitions == partitions => break topic,
            Err(problem) if start.elapsed() > PATIENCE => return Err(problem),
            _ => thread::yield_now(),
        }
    };
    let call = Call::new(ApiKey::PRODUCE, 13)?;
    let batch = batch::batch(512, 1024);
    let all: Vec<i32> = (0..partitions).collect();
    let mut frame = produce(call, &[(&topic, all)], -1, &batch)?;
    let (wanted, mut filled) = (bytes.div_ceil(batch.len()), 0);
    // At first the partitions have no leader yet (error 6, or 3). A batch more in some of them does no harm.
    let mut may_wait = true;
    while filled < wanted {
        connection.send(&mut frame)?;
        match errors(&call.response(connection.receive()?)?).as_slice() {
            [] => (filled, may_wait) = (filled + 1, false),
            [3 | 6 | 100, ..] if may_wait && start.elapsed() < PATIENCE => thread::yield_now(),
            errors => return Err(format!("filling the topic was answered with the errors {errors:?}").into()),
        }
    }
    Ok(format!("partitions {partitions}\n"))
}
