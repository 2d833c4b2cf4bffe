//! DescribeConfigs and IncrementalAlterConfigs.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use super::{Call, text};
use crate::cluster::Settings;
use crate::topics::{MAX_MESSAGE_BYTES, Refused, TOPIC_CONFIGS, TopicConfigs};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const SET: i8 = 0;
const DELETE: i8 = 1;

/// One configuration value, and where it comes from.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) default: String,
    pub(super) origin: Origin,
    pub(super) read_only: bool,
    pub(super) kind: i8,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Topic,
    Default,
}

impl Origin {
    fn code(self) -> i8 {
        match self {
            Self::Topic => 1,
            Self::Default => 5,
        }
    }
}

/// The whole configuration of a topic.
pub(super) fn entries(configs: &TopicConfigs, settings: &Settings) -> Vec<Entry> {
    let entry = |config: &'static crate::topics::TopicConfig| {
        let default = match config.name {
            MAX_MESSAGE_BYTES => settings.max_message_bytes.to_string(),
            _ => config.default.to_owned(),
        };
        let overridden = configs.overridden(config.name);
        Entry {
            name: config.name,
            value: overridden.map_or_else(|| default.clone(), str::to_owned),
            default,
            origin: if overridden.is_some() {
                Origin::Topic
            } else {
                Origin::Default
            },
            read_only: false,
            kind: config.kind.code(),
        }
    };
    TOPIC_CONFIGS.iter().map(entry).collect()
}

pub(super) fn describe_configs(call: &Call<'_>, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.into_iter().map(|resource| {
        let described = describe(call, &resource);
        let result = DescribeConfigsResult::default().with_resource_type(resource.resource_type);
        let result = match described {
            Ok(entries) => {
                let wanted = |entry: &Entry| match &resource.configuration_keys {
                    Some(keys) => keys.iter().any(|key| key.as_str() == entry.name),
                    None => true,
                };
                let entries = entries.into_iter().filter(wanted);
                result.with_configs(
                    entries
                        .map(|entry| show(entry, call.version, request.include_synonyms))
                        .collect(),
                )
            }
            Err(refused) => result
                .with_error_code(refused.error.code())
                .with_error_message(Some(text(refused.message))),
        };
        result.with_resource_name(resource.resource_name)
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn describe(call: &Call<'_>, resource: &DescribeConfigsResource) -> Result<Vec<Entry>, Refused> {
    let name = resource.resource_name.as_str();
    match resource.resource_type {
        TOPIC => {
            let state = call.cluster.state();
            let topic = state.topics.get(name).ok_or_else(|| {
                Refused::new(
                    ResponseError::UnknownTopicOrPartition,
                    format!("The topic '{name}' does not exist."),
                )
            })?;
            Ok(entries(&topic.configs, &call.cluster.settings))
        }
        // The default of all brokers: nothing can be set, and so there is nothing.
        BROKER if name.is_empty() => Ok(Vec::new()),
        BROKER => {
            let id = name.parse().ok().filter(|id| call.cluster.endpoint(*id).is_some());
            let id = id.ok_or_else(|| {
                let message = format!(
                    "Expected the id of a node, one of {:?}, found '{name}'.",
                    call.cluster.node_ids()
                );
                Refused::new(ResponseError::InvalidRequest, message)
            })?;
            Ok(broker_entries(id, &call.cluster.settings))
        }
        other => Err(Refused::new(
            ResponseError::InvalidRequest,
            format!("Expected resource type {TOPIC} (topic) or {BROKER} (broker), found {other}."),
        )),
    }
}

fn broker_entries(id: i32, settings: &Settings) -> Vec<Entry> {
    let entry = |name, value: String, kind| Entry {
        name,
        default: value.clone(),
        value,
        origin: Origin::Default,
        read_only: true,
        kind,
    };
    vec![
        entry("auto.create.topics.enable", settings.auto_create_topics.to_string(), 1),
        entry("default.replication.factor", settings.default_replicas.to_string(), 4),
        entry("log.retention.bytes", settings.retention_bytes.to_string(), 5),
        entry("message.max.bytes", settings.max_message_bytes.to_string(), 3),
        entry("node.id", id.to_string(), 3),
        entry("num.partitions", settings.default_partitions.to_string(), 3),
        entry("socket.request.max.bytes", settings.max_frame_bytes.to_string(), 3),
    ]
}

fn show(entry: Entry, version: i16, with_synonyms: bool) -> DescribeConfigsResourceResult {
    let synonym = |value: &str, origin: Origin| {
        DescribeConfigsSynonym::default()
            .with_name(text(entry.name))
            .with_value(Some(text(value)))
            .with_source(origin.code())
    };
    let mut synonyms = Vec::new();
    if with_synonyms {
        if entry.origin == Origin::Topic {
            synonyms.push(synonym(&entry.value, Origin::Topic));
        }
        synonyms.push(synonym(&entry.default, Origin::Default));
    }
    let result = DescribeConfigsResourceResult::default()
        .with_name(text(entry.name))
        .with_value(Some(text(entry.value)))
        .with_read_only(entry.read_only)
        .with_config_source(entry.origin.code())
        .with_synonyms(synonyms);
    match version {
        3.. => result.with_config_type(entry.kind),
        _ => result,
    }
}

pub(super) fn incremental_alter_configs(
    call: &Call<'_>,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let responses = request.resources.into_iter().map(|resource| {
        let altered = alter(call, &resource, request.validate_only);
        let response = AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name);
        match altered {
            Ok(()) => response,
            Err(refused) => response
                .with_error_code(refused.error.code())
                .with_error_message(Some(text(refused.message))),
        }
    });
    IncrementalAlterConfigsResponse::default().with_responses(responses.collect())
}

fn alter(call: &Call<'_>, resource: &AlterConfigsResource, dry_run: bool) -> Result<(), Refused> {
    if resource.resource_type != TOPIC {
        let message = "Only the configuration of topics can be changed in the dev broker.";
        return Err(Refused::new(ResponseError::InvalidRequest, message));
    }
    let name = resource.resource_name.as_str();
    let mut state = call.cluster.state();
    let topic = state.topics.get_mut(name).ok_or_else(|| {
        Refused::new(
            ResponseError::UnknownTopicOrPartition,
            format!("The topic '{name}' does not exist."),
        )
    })?;
    let mut configs = topic.configs.clone();
    for config in &resource.configs {
        match config.config_operation {
            SET => configs.set(&config.name, Some(config.value.as_deref().unwrap_or_default()))?,
            DELETE => configs.set(&config.name, None)?,
            other => {
                let message = format!("Expected operation {SET} (set) or {DELETE} (delete), found {other}.");
                return Err(Refused::new(ResponseError::InvalidRequest, message));
            }
        }
    }
    if !dry_run {
        let retention_bytes = configs.retention_bytes(call.cluster.settings.retention_bytes);
        for partition in &mut topic.partitions {
            partition.log.retain(retention_bytes);
        }
        topic.configs = configs;
    }
    Ok(())
}
