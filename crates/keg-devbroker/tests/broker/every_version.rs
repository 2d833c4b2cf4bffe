//! Every version of every API that is advertised answers, when things are as they should be and when they are not.

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{
    ApiVersionsRequest, BrokerId, CreatePartitionsRequest, CreateTopicsRequest, DeleteGroupsRequest,
    DeleteRecordsRequest, DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeGroupsRequest,
    FindCoordinatorRequest, HeartbeatRequest, IncrementalAlterConfigsRequest, InitProducerIdRequest, LeaveGroupRequest,
    ListGroupsRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetDeleteRequest,
    OffsetFetchRequest, OffsetForLeaderEpochRequest, RequestKind, ResponseHeader, ResponseKind, SyncGroupRequest,
};
use kafka_protocol::protocol::Decodable;
use keg_devbroker::{ApiKey, DevBroker, supported_versions};
use uuid::Uuid;

use crate::client::Client;
use crate::samples::{batch, fetch, group, join, produce, text, topic, topic_id};

/// Who is asked about what.
struct Asked<'a> {
    node: i32,
    topic: &'a str,
    topic_id: Uuid,
    group: &'a str,
}

#[tokio::test]
async fn every_version_answers_whether_things_are_right_or_wrong() {
    let broker = DevBroker::builder().nodes(2).topic("orders", 2).start().await.unwrap();
    let leader = broker.leader("orders", 0).unwrap();
    let coordinator = broker.coordinator("g").unwrap();
    let mut client = Client::connect(&broker, coordinator).await;
    let member = join("g", "").with_group_instance_id(Some(text("instance")));
    assert_eq!(client.call(5, member).await.error_code, 0);
    Client::connect(&broker, leader)
        .await
        .call(9, produce("orders", 0, batch(&["a"])))
        .await;

    let id = topic_id(&broker, "orders").await;
    let at = |node| Asked {
        node,
        topic: "orders",
        topic_id: id,
        group: "g",
    };
    let missing = |node| Asked {
        node,
        topic: "missing",
        topic_id: Uuid::from_u128(1),
        group: "other",
    };
    let situations = [at(leader), at(1 - leader), at(coordinator), missing(0), missing(1)];
    for api in supported_versions() {
        for version in api.min..=api.max {
            for asked in &situations {
                if let Some(request) = request(api.api_key, version, asked) {
                    exchange(&broker, asked.node, api.api_key, version, &request).await;
                }
            }
        }
    }
}

/// Sends a request, and checks that its response is one, to its last byte.
async fn exchange(broker: &DevBroker, node: i32, api_key: ApiKey, version: i16, request: &RequestKind) -> ResponseKind {
    let what = format!("{api_key:?} v{version} at node {node}");
    let mut body = BytesMut::new();
    request
        .encode(&mut body, version)
        .unwrap_or_else(|error| panic!("{what}: {error:#}"));
    let mut client = Client::connect(broker, node).await;
    client.send_raw(api_key as i16, version, &body).await;
    let mut frame = client
        .frame()
        .await
        .unwrap_or_else(|| panic!("{what}: no answer to {request:?}"));
    ResponseHeader::decode(&mut frame, api_key.response_header_version(version)).unwrap();
    let response =
        ResponseKind::decode(api_key, &mut frame, version).unwrap_or_else(|error| panic!("{what}: {error:#}"));
    assert!(frame.is_empty(), "{what}: {} byte(s) too many", frame.len());
    response
}

/// A request that asks for something; `None` for those that only make sense in their order.
fn request(api_key: ApiKey, version: i16, asked: &Asked<'_>) -> Option<RequestKind> {
    let name = || topic(asked.topic);
    Some(match api_key {
        ApiKey::JoinGroup | ApiKey::SyncGroup => return None,
        ApiKey::Produce => {
            let mut request = produce(asked.topic, 0, batch(&["a"]));
            if version >= 13 {
                request.topic_data[0].name = Default::default();
                request.topic_data[0].topic_id = asked.topic_id;
            }
            request.into()
        }
        ApiKey::Fetch => {
            let mut request = fetch(asked.topic, 0, 0).with_isolation_level(1);
            if version >= 13 {
                request.topics[0].topic = Default::default();
                request.topics[0].topic_id = asked.topic_id;
            }
            request.into()
        }
        ApiKey::ListOffsets => {
            let topic = ListOffsetsTopic::default()
                .with_name(name())
                .with_partitions(vec![ListOffsetsPartition::default().with_timestamp(1)]);
            ListOffsetsRequest::default()
                .with_replica_id(BrokerId(-1))
                .with_topics(vec![topic])
                .into()
        }
        ApiKey::Metadata => {
            let mut request = MetadataRequest::default()
                .with_topics(Some(vec![MetadataRequestTopic::default().with_name(Some(name()))]));
            if version >= 4 {
                request.allow_auto_topic_creation = false;
            }
            if version >= 8 {
                request.include_topic_authorized_operations = true;
                request.include_cluster_authorized_operations = version <= 10;
            }
            request.into()
        }
        ApiKey::OffsetCommit => {
            let partition = OffsetCommitRequestPartition::default().with_committed_metadata(Some(text("")));
            let topic = OffsetCommitRequestTopic::default()
                .with_name(name())
                .with_partitions(vec![partition]);
            OffsetCommitRequest::default()
                .with_group_id(group(asked.group))
                .with_topics(vec![topic])
                .into()
        }
        ApiKey::OffsetFetch if version >= 8 => {
            let topics = OffsetFetchRequestTopics::default()
                .with_name(name())
                .with_partition_indexes(vec![0, 1]);
            let group = OffsetFetchRequestGroup::default()
                .with_group_id(group(asked.group))
                .with_topics(Some(vec![topics]));
            OffsetFetchRequest::default().with_groups(vec![group]).into()
        }
        ApiKey::OffsetFetch => {
            let topics = OffsetFetchRequestTopic::default()
                .with_name(name())
                .with_partition_indexes(vec![0, 1]);
            OffsetFetchRequest::default()
                .with_group_id(group(asked.group))
                .with_topics(Some(vec![topics]))
                .into()
        }
        ApiKey::FindCoordinator if version >= 4 => FindCoordinatorRequest::default()
            .with_coordinator_keys(vec![text(asked.group)])
            .into(),
        ApiKey::FindCoordinator => FindCoordinatorRequest::default().with_key(text(asked.group)).into(),
        ApiKey::Heartbeat => HeartbeatRequest::default().with_group_id(group(asked.group)).into(),
        ApiKey::LeaveGroup if version >= 3 => {
            let member = MemberIdentity::default().with_member_id(text("stranger"));
            LeaveGroupRequest::default()
                .with_group_id(group(asked.group))
                .with_members(vec![member])
                .into()
        }
        ApiKey::LeaveGroup => LeaveGroupRequest::default().with_group_id(group(asked.group)).into(),
        ApiKey::DescribeGroups => DescribeGroupsRequest::default()
            .with_groups(vec![group(asked.group)])
            .with_include_authorized_operations(version >= 3)
            .into(),
        ApiKey::ListGroups => ListGroupsRequest::default().into(),
        ApiKey::ApiVersions => ApiVersionsRequest::default().into(),
        ApiKey::CreateTopics => {
            let created = |name: &str| {
                CreatableTopic::default()
                    .with_name(topic(name))
                    .with_num_partitions(1)
                    .with_replication_factor(1)
            };
            let topics = vec![created(&format!("new-{version}-{}", asked.node)), created("orders")];
            CreateTopicsRequest::default().with_topics(topics).into()
        }
        ApiKey::DeleteTopics if version >= 6 => {
            let named = DeleteTopicState::default().with_name(Some(topic("missing")));
            let by_id = DeleteTopicState::default()
                .with_name(None)
                .with_topic_id(Uuid::from_u128(1));
            DeleteTopicsRequest::default().with_topics(vec![named, by_id]).into()
        }
        ApiKey::DeleteTopics => {
            let created = topic(&format!("new-{}-{}", version.max(2), asked.node));
            DeleteTopicsRequest::default()
                .with_topic_names(vec![created, topic("missing")])
                .into()
        }
        ApiKey::DeleteRecords => {
            let topic = DeleteRecordsTopic::default()
                .with_name(name())
                .with_partitions(vec![DeleteRecordsPartition::default()]);
            DeleteRecordsRequest::default().with_topics(vec![topic]).into()
        }
        ApiKey::InitProducerId => InitProducerIdRequest::default().with_transactional_id(None).into(),
        ApiKey::OffsetForLeaderEpoch => {
            let topic = OffsetForLeaderTopic::default()
                .with_topic(name())
                .with_partitions(vec![OffsetForLeaderPartition::default()]);
            OffsetForLeaderEpochRequest::default()
                .with_replica_id(BrokerId(-2))
                .with_topics(vec![topic])
                .into()
        }
        ApiKey::DescribeConfigs => {
            let resource = |kind, name: &str| {
                DescribeConfigsResource::default()
                    .with_resource_type(kind)
                    .with_resource_name(text(name))
                    .with_configuration_keys(None)
            };
            let resources = vec![resource(2, asked.topic), resource(4, "1"), resource(16, "")];
            DescribeConfigsRequest::default()
                .with_resources(resources)
                .with_include_synonyms(true)
                .into()
        }
        ApiKey::CreatePartitions => {
            let topic = CreatePartitionsTopic::default()
                .with_name(name())
                .with_count(2)
                .with_assignments(None);
            CreatePartitionsRequest::default().with_topics(vec![topic]).into()
        }
        ApiKey::DeleteGroups => DeleteGroupsRequest::default()
            .with_groups_names(vec![group(asked.group)])
            .into(),
        ApiKey::IncrementalAlterConfigs => {
            let config = AlterableConfig::default()
                .with_name(text("retention.ms"))
                .with_value(Some(text("1000")));
            let resource = AlterConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text(asked.topic))
                .with_configs(vec![config]);
            IncrementalAlterConfigsRequest::default()
                .with_resources(vec![resource])
                .into()
        }
        ApiKey::OffsetDelete => {
            let topic = OffsetDeleteRequestTopic::default()
                .with_name(name())
                .with_partitions(vec![OffsetDeleteRequestPartition::default()]);
            OffsetDeleteRequest::default()
                .with_group_id(group(asked.group))
                .with_topics(vec![topic])
                .into()
        }
        ApiKey::DescribeCluster => DescribeClusterRequest::default()
            .with_include_cluster_authorized_operations(true)
            .into(),
        other => panic!("{other:?} is supported, but has no request here"),
    })
}

#[tokio::test]
async fn the_group_protocol_works_in_every_version() {
    let broker = DevBroker::builder().nodes(1).start().await.unwrap();
    let mut client = Client::connect(&broker, 0).await;
    for version in 0..=9 {
        let name = format!("group-{version}");
        let at_most = |newest: i16| version.min(newest);
        let ask = |member_id: &str| {
            let mut request = join(&name, member_id);
            if version == 0 {
                request.rebalance_timeout_ms = -1;
            }
            request
        };
        let mut joined = client.call(version, ask("")).await;
        let required = joined.error_code == ResponseError::MemberIdRequired.code();
        assert_eq!(required, version >= 4);
        if required {
            joined = client.call(version, ask(&joined.member_id)).await;
        }
        assert_eq!((joined.error_code, joined.generation_id), (0, 1), "v{version}");
        assert_eq!(joined.protocol_name.as_deref(), Some("range"));
        assert_eq!(joined.protocol_type.as_deref(), (version >= 7).then_some("consumer"));

        let sync = SyncGroupRequest::default()
            .with_group_id(group(&name))
            .with_generation_id(1)
            .with_member_id(joined.member_id.clone());
        let synced = client.call(at_most(5), sync).await;
        assert_eq!((synced.error_code, synced.assignment), (0, Bytes::new()), "v{version}");
        let heartbeat = HeartbeatRequest::default()
            .with_group_id(group(&name))
            .with_generation_id(1)
            .with_member_id(joined.member_id.clone());
        assert_eq!(client.call(at_most(4), heartbeat).await.error_code, 0, "v{version}");
        let leave = LeaveGroupRequest::default().with_group_id(group(&name));
        let leave = match version {
            3.. => leave.with_members(vec![MemberIdentity::default().with_member_id(joined.member_id.clone())]),
            _ => leave.with_member_id(joined.member_id.clone()),
        };
        let left = client.call(at_most(5), leave).await;
        assert_eq!(left.error_code, 0, "v{version}");
        assert!(left.members.iter().all(|member| member.error_code == 0), "v{version}");
    }
}
