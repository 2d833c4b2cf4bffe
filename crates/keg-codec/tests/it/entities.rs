//! The tables know every field that names something, by a list that was made apart from them.
//!
//! `golden/entity_fields.csv` lists fields of Kafka 4.0 to 4.2 and of the trunk behind them, from Kafka's annotations
//! and from reading what they don't say.

use keg_codec::Entity;
use keg_codec::schema::{Field, Type};

use crate::support::every_message;

const LIST: &str = include_str!("../golden/entity_fields.csv");

/// Listed as regular expressions, but they are numbers: places in another field that holds the expressions.
const REGEX_INDICES: &str = "Topology.Subtopologies[].CopartitionGroups[].SourceTopicRegex[]";

/// The columns of a line; a column in quotes may hold commas.
fn columns(line: &str) -> Vec<&str> {
    let mut columns = Vec::new();
    let mut rest = line;
    loop {
        let (column, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (column, after) = quoted.split_once('"').expect("quotes end");
                (column, after.strip_prefix(','))
            }
            None => rest
                .split_once(',')
                .map_or((rest, None), |(column, after)| (column, Some(after))),
        };
        columns.push(column);
        match after {
            Some(after) => rest = after,
            None => return columns,
        }
    }
}

fn entity(listed: &str) -> Entity {
    // What follows in brackets is a note.
    match listed.split('(').next().unwrap() {
        "aclResourceName" => Entity::AclResourceName,
        "brokerHost" => Entity::BrokerHost,
        "brokerId" => Entity::BrokerId,
        "brokerPort" => Entity::BrokerPort,
        "brokerRack" => Entity::BrokerRack,
        "clientEndpointHost" => Entity::ClientEndpointHost,
        "clientEndpointPort" => Entity::ClientEndpointPort,
        "clientHost" => Entity::ClientHost,
        "clusterId" => Entity::ClusterId,
        "configResourceName" => Entity::ConfigResourceName,
        "coordinatorKey" => Entity::CoordinatorKey,
        "embedded:ConsumerProtocolAssignment" => Entity::ConsumerAssignment,
        "embedded:ConsumerProtocolSubscription" => Entity::ConsumerSubscription,
        "embedded:envelope" => Entity::Envelope,
        "freeText" => Entity::FreeText,
        "groupId" => Entity::GroupId,
        "principalOrQuotaEntity" => Entity::Principal,
        "producerId" => Entity::ProducerId,
        "records" => Entity::Records,
        "topicId" => Entity::TopicId,
        "topicName" => Entity::TopicName,
        "topicNameRegex" => Entity::TopicNameRegex,
        "transactionalId" => Entity::TransactionalId,
        "transactionalIdRegex" => Entity::TransactionalIdRegex,
        other => panic!("`{other}` is not a kind of entity"),
    }
}

/// The fields at a path such as `Topics[].Partitions[].Records` that the version has: more than one where a name was
/// used again.
fn at_path(fields: &'static [Field], path: &str, version: i16) -> Vec<&'static Field> {
    let (name, rest) = path
        .split_once('.')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let here = fields.iter().filter(|field| {
        field.name == name.trim_end_matches("[]")
            && field.array == name.ends_with("[]")
            && field.versions.contains(version)
    });
    here.flat_map(|field| match (rest, field.ty) {
        (None, _) => vec![field],
        (Some(rest), Type::Struct(nested)) => at_path(nested, rest, version),
        (Some(_), _) => Vec::new(),
    })
    .collect()
}

#[test]
fn every_listed_field_has_its_entity_in_all_its_versions() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in LIST.lines().skip(1) {
        let [_, name, direction, path, _, kind, versions, ..] = columns(line)[..] else {
            panic!("`{line}` does not have seven columns");
        };
        rows += 1;
        if path == REGEX_INDICES {
            continue;
        }
        let name = match direction {
            "request" => format!("{name}Request"),
            "response" => format!("{name}Response"),
            _ => name.to_owned(),
        };
        let message = every_message()
            .find(|case| case.message.name == name)
            .expect(line)
            .message;
        let (first, last) = versions.split_once('-').unwrap_or((versions, versions));
        for version in first.parse::<i16>().unwrap()..=last.parse().unwrap() {
            let found = at_path(message.fields, path, version);
            if !message.versions.contains(version)
                || found.is_empty()
                || found.iter().any(|field| field.entity != entity(kind))
            {
                wrong.push(format!("{} v{version} {path}: {kind}, but {found:?}", message.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rows, 467);
}
