//! Requests for all topics, among which the aliases are: one more request names their topics.

use std::collections::BTreeMap;

use bytes::Bytes;
use keg_codec::Rope;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;

use super::TopicAliases;
use super::look_up::set_topics;
use super::outbound::Naming;
use super::parts::Step;
use super::set::Topic;
use crate::connection::Connection;
use crate::message::Request;
use crate::namespace::metadata::without_creation;

/// The aliases of a client, each topic at most once in each.
pub(super) fn turns<'a>(policy: &'a TopicAliases, connection: &Connection) -> Vec<Vec<(&'a Topic, usize)>> {
    let topics = policy.set.active(connection);
    let most = topics.iter().map(|(_, aliases)| aliases.len()).max().unwrap_or(0);
    let turn = |turn: usize| {
        topics
            .iter()
            .filter_map(move |(topic, it)| Some((*topic, *it.get(turn)?)))
    };
    (0..most).map(|number| turn(number).collect()).collect()
}

/// How the client names the topics of a turn.
pub(super) fn naming(policy: &TopicAliases, turn: &[(&Topic, usize)]) -> Naming {
    let aliases = turn
        .iter()
        .filter_map(|(_, alias)| Some((policy.set.alias(*alias)?.topic, *alias)));
    Naming {
        aliases: aliases.collect::<BTreeMap<_, _>>(),
        lists: true,
        ..Naming::default()
    }
}

/// Metadata: the aliases, and all that is listed without them.
pub(super) fn metadata(
    policy: &TopicAliases,
    connection: &Connection,
    request: &Request,
    body: &Bytes,
) -> Result<Vec<Step>, WalkError> {
    let (api, version) = (request.api, request.version);
    let all = Struct::read(&api.request, version, body)?;
    let mut steps = Vec::new();
    for turn in turns(policy, connection) {
        let mut part = all.clone();
        set_topics(&mut part, version, turn.iter().map(|(topic, _)| topic.name.to_vec()));
        let (body, picked) = without_creation(api, version, &part.write(&api.request, version)?)?;
        let naming = Naming {
            picked,
            ..naming(policy, &turn)
        };
        steps.push(Step {
            body: body.into(),
            naming,
        });
    }
    steps.push(Step {
        body: Rope::from(body.clone()),
        naming: Naming::default(),
    });
    Ok(steps)
}

/// Whether a Metadata request is for all topics.
pub(super) fn asks_for_all(request: &Request, body: &Bytes) -> Result<bool, WalkError> {
    let body = Struct::read(&request.api.request, request.version, body)?;
    Ok(match body.get("Topics") {
        Some(Value::Null) => true,
        // The oldest version has no null.
        Some(Value::Array(topics)) => request.version == 0 && topics.is_empty(),
        _ => false,
    })
}
