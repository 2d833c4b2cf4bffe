//! What may be done with what is beside the namespace, and by aliases, as the chain does it.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Versions};
use keg_codec::{Api, ApiKey};
use keg_policy::{
    Additional, AdditionalTopics, BrokerAddresses, Chain, Conflicts, Connection, Mode, NameSet, Namespace, OnConflict,
    Outcome, Reply, Request, TopicAlias, TopicAliases,
};

use super::super::pages::check_generated;
use super::fate::{NoAddresses, error_name, first_error, let_in};
use super::sample::{PREFIX, sample};

const ADDITIONAL: &str = "shared";
const ALIAS: &str = "alias";

/// How Kafka numbers the types of resources that have configurations.
const TOPIC: i64 = 2;
const GROUP: i64 = 32;

/// Where a request has no place for such a name.
const NOTHING: &str = "-";

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Topic,
    Group,
}

/// A row of the table: versions of which the same is said.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: &'static str,
    key: i16,
    versions: Versions,
    /// Of an additional topic, of an additional group, and of an alias.
    fates: [String; 3],
}

#[test]
fn what_may_be_done_with_additional_names_and_by_aliases_is_on_the_page() {
    let [hiding, enforcing] = [Mode::HidePrefix, Mode::EnforcePrefix].map(rows);
    assert_eq!(hiding, enforcing, "the table says it of both modes");
    let mut text =
        "| API | versions | an additional topic | an additional group | an alias |\n|---|---|---|---|---|".to_owned();
    for row in hiding {
        let [topic, group, alias] = &row.fates;
        let _ = write!(
            text,
            "\n| {} ({}) | {} | {topic} | {group} | {alias} |",
            row.name, row.key, row.versions
        );
    }
    check_generated("docs/protocol.md", "beside", &text);
}

fn rows(mode: Mode) -> Vec<Row> {
    let chain = chain(mode);
    let mut rows: Vec<Row> = Vec::new();
    for api in Api::all().iter().filter(|api| api.broker) {
        let all = api.versions();
        for version in (all.first..=all.last).filter(|version| chain.served().contains(api.key, *version)) {
            let fates = [
                (Named::Topic, ADDITIONAL),
                (Named::Group, ADDITIONAL),
                (Named::Topic, ALIAS),
            ];
            let fates = fates.map(|(named, name)| fate(&chain, (api, version), named, name));
            if fates.iter().all(|it| it == NOTHING) {
                continue;
            }
            let versions = Versions {
                first: version,
                last: version,
            };
            match rows.last_mut() {
                Some(last) if last.key == api.key.0 && last.fates == fates => last.versions.last = version,
                _ => rows.push(Row {
                    name: api.name,
                    key: api.key.0,
                    versions,
                    fates,
                }),
            }
        }
    }
    rows
}

fn chain(mode: Mode) -> Chain {
    let shared = || NameSet::Exact([ADDITIONAL.to_owned()].into());
    let additional = Additional {
        topics: vec![AdditionalTopics {
            names: shared(),
            conflict: OnConflict::Ignore,
        }],
        groups: vec![shared()],
    };
    let aliases = TopicAliases::new([TopicAlias {
        alias: ALIAS.to_owned(),
        topic: format!("{PREFIX}name"),
        conflict: OnConflict::Ignore,
        condition: None,
    }]);
    let namespace = Namespace::new(mode, PREFIX).with_additional(additional, Conflicts::default());
    Chain::new(vec![Arc::new(aliases), Arc::new(namespace), Arc::new(BrokerAddresses)])
}

/// What becomes of a request that has this name in every place for one.
fn fate(chain: &Chain, (api, version): (&'static Api, i16), named: Named, name: &str) -> String {
    let Some(mut request) = request(api, version, named, name) else {
        let by_id = named == Named::Topic && api.request.entities(version).contains(Entity::TopicId);
        return if by_id { "by its id" } else { NOTHING }.to_owned();
    };
    let connection = Arc::new(Connection::new("documented", "User:ANONYMOUS", Arc::new(NoAddresses)));
    let join = Api::of(ApiKey::JOIN_GROUP).unwrap();
    if let Some(mut join) = self::request(join, join.versions().last, named, name) {
        let_in(chain, &connection, &mut join);
    }
    match chain.request(&connection, &mut request) {
        Outcome::Forward(_) | Outcome::Ask(_) => "goes on".to_owned(),
        Outcome::Reply(Reply::Response(mut response)) => {
            let response = Struct::read(&api.response, version, &response.body_bytes()).unwrap();
            first_error(&response).map_or_else(|| "left out".to_owned(), error_name)
        }
        other => panic!("{} v{version}: {other:?}", api.name),
    }
}

/// A request that has the name in every place for one, if it has such a place.
fn request(api: &'static Api, version: i16, named: Named, name: &str) -> Option<Request> {
    let mut request = sample(api, version);
    let mut body = Struct::read(&api.request, version, &request.body.clone().into_bytes()).unwrap();
    if !rename(api.key, version, &mut body, named, name) {
        return None;
    }
    request.body = Bytes::from(body.write(&api.request, version).unwrap()).into();
    Some(request)
}

/// Puts the name everywhere; false where it can't be put anywhere.
fn rename(api: ApiKey, version: i16, body: &mut Struct, named: Named, name: &str) -> bool {
    let mut is_named = false;
    let present = body.iter_mut().filter(|(field, _)| field.versions.contains(version));
    for (field, value) in present {
        let is_wanted = match (field.entity, named) {
            // What the broker makes for a topology is not named, but made.
            (Entity::TopicName, Named::Topic) => api != ApiKey::STREAMS_GROUP_HEARTBEAT || field.name != "Name",
            (Entity::ConfigResourceName, _) => true,
            (Entity::GroupId | Entity::CoordinatorKey, Named::Group) => true,
            (Entity::ConfigResourceType, _) => {
                let kind = if named == Named::Topic { TOPIC } else { GROUP };
                *value = Value::Integer(kind);
                false
            }
            _ => false,
        };
        match value {
            Value::Struct(nested) => is_named |= rename(api, version, nested, named, name),
            Value::Array(elements) => {
                for element in elements {
                    match element {
                        Value::Struct(nested) => is_named |= rename(api, version, nested, named, name),
                        element if is_wanted => {
                            *element = Value::text(name);
                            is_named = true;
                        }
                        _ => {}
                    }
                }
            }
            Value::Bytes(_) if is_wanted => {
                *value = Value::text(name);
                is_named = true;
            }
            _ => {}
        }
    }
    is_named
}
