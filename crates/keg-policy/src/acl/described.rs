//! What responses say beyond the names in them: what the client may do, how topics are configured, and what is in groups.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Entity;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

use super::client::Client;
use super::operation::{CLUSTER_NAME, Operation, Operations, ResourceType};

/// What is said of operations that weren't asked for.
const NOT_ASKED_FOR: i64 = i32::MIN as i64;

const UNSEEN_TOPICS: &str = "The group has described topic(s) that the client is not authorized to describe.";
const UNSEEN_TOPICS_OF_STREAMS: &str = "The described group uses topics that the client is not authorized to describe.";

/// Whether something in responses of this API may have to change.
pub(super) fn concerns(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::CONSUMER_GROUP_DESCRIBE
            | ApiKey::CREATE_TOPICS
            | ApiKey::DESCRIBE_CLUSTER
            | ApiKey::DESCRIBE_GROUPS
            | ApiKey::DESCRIBE_TOPIC_PARTITIONS
            | ApiKey::METADATA
            | ApiKey::SHARE_GROUP_DESCRIBE
            | ApiKey::STREAMS_GROUP_DESCRIBE
    )
}

/// Whether a request asks what the client may do. Of others than Metadata that is taken for granted.
///
/// The flags are the last fields of a Metadata request, and there is none of its own behind them.
pub(super) fn is_asked_for(api: ApiKey, version: i16, request: &[u8]) -> bool {
    if api != ApiKey::METADATA {
        return true;
    }
    match (version, request) {
        (..=7, _) => false,
        (8, [.., of_cluster, of_topics]) | (9..=10, [.., of_cluster, of_topics, 0]) => (*of_cluster | *of_topics) != 0,
        (_, [.., of_topics, 0]) => *of_topics != 0,
        _ => true,
    }
}

/// Changes a response; `None` when it stays as it is.
pub(super) fn change(
    client: &Client<'_>,
    api: &'static Api,
    version: i16,
    body: &Bytes,
) -> Result<Option<Bytes>, WalkError> {
    let mut response = Struct::read(&api.response, version, body)?;
    let changed = match api.key {
        ApiKey::METADATA => {
            let of_cluster = set_operations(client, &mut response, "ClusterAuthorizedOperations", None);
            let topic = Some(("Name", ResourceType::Topic));
            of_cluster
                | each(&mut response, "Topics", |it| {
                    set_operations(client, it, "TopicAuthorizedOperations", topic)
                })
        }
        ApiKey::DESCRIBE_TOPIC_PARTITIONS => each(&mut response, "Topics", |it| {
            set_operations(
                client,
                it,
                "TopicAuthorizedOperations",
                Some(("Name", ResourceType::Topic)),
            )
        }),
        ApiKey::DESCRIBE_CLUSTER => set_operations(client, &mut response, "ClusterAuthorizedOperations", None),
        ApiKey::CREATE_TOPICS => each(&mut response, "Topics", |topic| hide_configs(client, topic, version)),
        _ => each(&mut response, "Groups", |group| {
            let hidden = api.key != ApiKey::DESCRIBE_GROUPS && hide_topics(client, api, version, group);
            hidden
                | set_operations(
                    client,
                    group,
                    "AuthorizedOperations",
                    Some(("GroupId", ResourceType::Group)),
                )
        }),
    };
    match changed {
        true => response.write(&api.response, version).map(|body| Some(body.into())),
        false => Ok(None),
    }
}

/// Changes the elements of an array, and says whether one did.
fn each(response: &mut Struct, array: &str, mut change: impl FnMut(&mut Struct) -> bool) -> bool {
    response
        .elements_mut(array)
        .fold(false, |changed, element| change(element) | changed)
}

/// Says what the client may do, where it has asked: the broker has said what the gateway may.
fn set_operations(client: &Client<'_>, of: &mut Struct, field: &str, named: Option<(&str, ResourceType)>) -> bool {
    match of.integer(field) {
        None | Some(NOT_ASKED_FOR) => return false,
        Some(_) => {}
    }
    let operations = match named {
        Some((name, resource_type)) => client.authorized(resource_type, of.bytes(name)),
        None => of_cluster(client),
    };
    of.set(field, Value::Integer(operations.bits().into()))
}

/// Who may not describe the cluster isn't told anything of it.
fn of_cluster(client: &Client<'_>) -> Operations {
    match client.could_with_cluster(Operation::Describe) {
        true => client.authorized(ResourceType::Cluster, CLUSTER_NAME.as_bytes()),
        false => Operations::NONE,
    }
}

/// CreateTopics: how a topic was made, for those who may know (KIP-525).
fn hide_configs(client: &Client<'_>, topic: &mut Struct, version: i16) -> bool {
    const FIRST_WITH_CONFIGS: i16 = 5;
    let was_made = topic.get("ErrorCode") == Some(&Value::Integer(0));
    let name = topic.bytes("Name");
    if version < FIRST_WITH_CONFIGS || !was_made || client.could(Operation::DescribeConfigs, ResourceType::Topic, name)
    {
        return false;
    }
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED.0.into();
    topic.set("TopicConfigErrorCode", Value::Integer(code));
    topic.set("NumPartitions", Value::Integer(-1));
    topic.set("ReplicationFactor", Value::Integer(-1));
    topic.set("Configs", Value::Array(Vec::new()));
    true
}

/// A group whose members have topics that the client may not describe isn't described: of it nothing is told but that. What
/// members of consumer and share groups subscribe to doesn't count, only what they are assigned.
fn hide_topics(client: &Client<'_>, api: &Api, version: i16, group: &mut Struct) -> bool {
    let mut topics = Vec::new();
    collect(group, &mut topics);
    if topics
        .iter()
        .all(|topic| client.could(Operation::Describe, ResourceType::Topic, topic))
    {
        return false;
    }
    let words = match api.key {
        ApiKey::STREAMS_GROUP_DESCRIBE => UNSEEN_TOPICS_OF_STREAMS,
        _ => UNSEEN_TOPICS,
    };
    let mut hidden = Struct::new(group.table(), version);
    hidden.set("GroupId", Value::Bytes(group.bytes("GroupId").to_vec()));
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED.0.into();
    hidden.set("ErrorCode", Value::Integer(code));
    hidden.set("ErrorMessage", Value::text(words));
    hidden.set("Topology", Value::Null);
    *group = hidden;
    true
}

/// All topics that are named anywhere inside, but for subscriptions.
fn collect(from: &Struct, into: &mut Vec<Vec<u8>>) {
    for (field, value) in from.iter().filter(|(field, _)| field.name != "SubscribedTopicNames") {
        match value {
            Value::Bytes(name) if field.entity == Entity::TopicName => into.push(name.clone()),
            Value::Struct(nested) => collect(nested, into),
            Value::Array(elements) => {
                for element in elements {
                    match element {
                        Value::Bytes(name) if field.entity == Entity::TopicName => into.push(name.clone()),
                        Value::Struct(nested) => collect(nested, into),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}
