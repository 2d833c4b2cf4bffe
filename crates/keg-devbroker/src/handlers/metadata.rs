//! Metadata and DescribeCluster.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterRequest, DescribeClusterResponse, MetadataRequest, MetadataResponse,
};

use super::{CLUSTER_OPERATIONS, Call, TOPIC_OPERATIONS, code, text};
use crate::cluster::{Cluster, State};
use crate::log::LEADER_EPOCH;
use crate::topics::{Topic, TopicConfigs};

/// The kind of node that DescribeCluster can ask for; there are no controllers to be had.
const BROKERS: i8 = 1;

pub(super) fn metadata(call: &Call<'_>, request: MetadataRequest) -> MetadataResponse {
    let mut state = call.cluster.state();
    let everything = match &request.topics {
        None => true,
        Some(topics) => call.version == 0 && topics.is_empty(),
    };
    let mut topics: Vec<MetadataResponseTopic> = match everything {
        true => state.topics.iter().map(|(name, topic)| describe(name, topic)).collect(),
        false => {
            let may_create = request.allow_auto_topic_creation && call.cluster.settings.auto_create_topics;
            let asked = request.topics.unwrap_or_default();
            asked
                .into_iter()
                .map(|topic| find(call, &mut state, topic, may_create))
                .collect()
        }
    };
    if request.include_topic_authorized_operations {
        for topic in topics.iter_mut().filter(|topic| topic.error_code == 0) {
            topic.topic_authorized_operations = TOPIC_OPERATIONS;
        }
    }
    let brokers = call.cluster.endpoints.iter().map(|endpoint| {
        MetadataResponseBroker::default()
            .with_node_id(endpoint.id.into())
            .with_host(text(&endpoint.host))
            .with_port(endpoint.port.into())
    });
    let mut response = MetadataResponse::default()
        .with_brokers(brokers.collect())
        .with_cluster_id(Some(text(&call.cluster.id)))
        .with_controller_id(controller(call.cluster))
        .with_topics(topics);
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = CLUSTER_OPERATIONS;
    }
    response
}

pub(super) fn describe_cluster(call: &Call<'_>, request: &DescribeClusterRequest) -> DescribeClusterResponse {
    if request.endpoint_type != BROKERS {
        return DescribeClusterResponse::default()
            .with_endpoint_type(request.endpoint_type)
            .with_error_code(ResponseError::UnsupportedEndpointType.code())
            .with_error_message(Some(text("The dev broker has no controllers of its own.")));
    }
    let brokers = call.cluster.endpoints.iter().map(|endpoint| {
        DescribeClusterBroker::default()
            .with_broker_id(endpoint.id.into())
            .with_host(text(&endpoint.host))
            .with_port(endpoint.port.into())
    });
    let mut response = DescribeClusterResponse::default()
        .with_brokers(brokers.collect())
        .with_cluster_id(text(&call.cluster.id))
        .with_controller_id(controller(call.cluster));
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = CLUSTER_OPERATIONS;
    }
    response
}

fn controller(cluster: &Cluster) -> BrokerId {
    BrokerId(cluster.endpoints.first().map_or(-1, |endpoint| endpoint.id))
}

fn find(call: &Call<'_>, state: &mut State, asked: MetadataRequestTopic, may_create: bool) -> MetadataResponseTopic {
    let unknown = |error: ResponseError| {
        // Before version 12 the name can't be null.
        let name = asked
            .name
            .clone()
            .or_else(|| (call.version < 12).then(Default::default));
        MetadataResponseTopic::default()
            .with_name(name)
            .with_topic_id(asked.topic_id)
            .with_error_code(error.code())
    };
    let name = match &asked.name {
        Some(name) => name.as_str(),
        None => match state.topics.name_of(asked.topic_id) {
            Some(name) => &name.to_owned(),
            None => return unknown(ResponseError::UnknownTopicId),
        },
    };
    if state.topics.get(name).is_none() && may_create {
        let placement = call.cluster.default_placement();
        let created = call
            .cluster
            .create_topic(state, name, placement, TopicConfigs::default(), false);
        if let Err(refused) = created {
            return unknown(refused.error);
        }
    }
    match state.topics.get(name) {
        Some(topic) => describe(name, topic),
        None => unknown(ResponseError::UnknownTopicOrPartition),
    }
}

fn describe(name: &str, topic: &Topic) -> MetadataResponseTopic {
    let partitions = (0..).zip(&topic.partitions).map(|(index, partition)| {
        let replicas: Vec<BrokerId> = partition.replicas.iter().copied().map(BrokerId).collect();
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(partition.leader().into())
            .with_leader_epoch(LEADER_EPOCH)
            .with_replica_nodes(replicas.clone())
            .with_isr_nodes(replicas)
    });
    MetadataResponseTopic::default()
        .with_error_code(code(None))
        .with_name(Some(text(name).into()))
        .with_topic_id(topic.id)
        .with_partitions(partitions.collect())
}
