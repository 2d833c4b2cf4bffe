//! Metadata, and the administration of topics.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest,
    IncrementalAlterConfigsRequest, MetadataRequest,
};
use uuid::Uuid;

use crate::client::Client;
use crate::samples::{batch, broker, builder, fetch, produce, text, topic, topic_id};

fn metadata(names: &[&str]) -> MetadataRequest {
    let named = |name: &&str| MetadataRequestTopic::default().with_name(Some(topic(name)));
    MetadataRequest::default().with_topics(Some(names.iter().map(named).collect()))
}

fn creatable(name: &str, partitions: i32, replicas: i16) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic(name))
        .with_num_partitions(partitions)
        .with_replication_factor(replicas)
}

#[tokio::test]
async fn metadata_shows_nodes_and_leaders_that_can_be_reached() {
    let broker = broker().await;
    let mut client = Client::connect(&broker, 1).await;
    let all = client.call(12, MetadataRequest::default().with_topics(None)).await;
    let nodes: Vec<_> = all.brokers.iter().map(|node| (node.node_id.0, node.port)).collect();
    let addresses = broker.addresses().iter().map(|address| i32::from(address.port()));
    let expected: Vec<_> = (0..).zip(addresses).collect();
    assert_eq!(nodes, expected);
    assert_eq!(all.cluster_id.as_deref(), Some(broker.cluster_id()));
    let leaders: Vec<_> = all.topics[0]
        .partitions
        .iter()
        .map(|partition| partition.leader_id.0)
        .collect();
    assert_eq!(leaders, [0, 1, 2], "spread over the nodes");

    let described = client
        .call(1, DescribeClusterRequest::default().with_endpoint_type(1))
        .await;
    assert_eq!((described.error_code, described.brokers.len()), (0, 3));
    assert_eq!(described.cluster_id.as_str(), broker.cluster_id());
    let controllers = client
        .call(1, DescribeClusterRequest::default().with_endpoint_type(2))
        .await;
    assert_eq!(controllers.error_code, ResponseError::UnsupportedEndpointType.code());
}

#[tokio::test]
async fn missing_topics_are_created_when_client_and_broker_agree() {
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    for (broker_may, client_may, expected) in [(true, true, 0), (true, false, unknown), (false, true, unknown)] {
        let broker = builder()
            .auto_create_topics(broker_may)
            .default_partitions(2)
            .start()
            .await
            .unwrap();
        let mut client = Client::connect(&broker, 0).await;
        let asked = metadata(&["new"]).with_allow_auto_topic_creation(client_may);
        let found = client.call(9, asked).await;
        assert_eq!(found.topics[0].error_code, expected);
        assert_eq!(found.topics[0].partitions.len(), if expected == 0 { 2 } else { 0 });
        assert_eq!(broker.topics().contains(&"new".to_owned()), expected == 0);
    }
    let broker = broker().await;
    let mut client = Client::connect(&broker, 0).await;
    let refused = client.call(9, metadata(&["not a name"])).await;
    assert_eq!(
        refused.topics[0].error_code,
        ResponseError::InvalidTopicException.code()
    );
}

#[tokio::test]
async fn metadata_is_found_by_topic_id() {
    let broker = broker().await;
    let id = topic_id(&broker, "orders").await;
    let mut client = Client::connect(&broker, 0).await;
    let by_id = |id| {
        let asked = MetadataRequestTopic::default().with_name(None).with_topic_id(id);
        MetadataRequest::default().with_topics(Some(vec![asked]))
    };
    let found = client.call(12, by_id(id)).await;
    assert_eq!(found.topics[0].name.as_ref().unwrap().as_str(), "orders");
    for version in 10..=13 {
        let unknown = client.call(version, by_id(Uuid::from_u128(1))).await;
        assert_eq!(unknown.topics[0].error_code, ResponseError::UnknownTopicId.code());
    }
}

#[tokio::test]
async fn topics_are_created_grown_and_deleted() {
    let broker = broker().await;
    let mut client = Client::connect(&broker, 2).await;
    let request = CreateTopicsRequest::default().with_topics(vec![
        creatable("new", 2, 3),
        creatable("default", -1, -1),
        creatable("orders", 1, 1),
        creatable("wide", 1, 4),
        creatable("odd", 1, 1).with_configs(vec![
            CreatableTopicConfig::default()
                .with_name(text("no.such"))
                .with_value(Some(text("1"))),
        ]),
    ]);
    let created = client.call(7, request.clone().with_validate_only(true)).await;
    assert_eq!(created.topics[0].error_code, 0);
    assert_eq!(broker.topics(), ["orders"], "nothing but checked");
    let created = client.call(7, request).await;
    let outcomes: Vec<_> = created
        .topics
        .iter()
        .map(|topic| (topic.error_code, topic.num_partitions))
        .collect();
    let refused = |error: ResponseError| (error.code(), -1);
    assert_eq!(
        outcomes,
        [
            (0, 2),
            (0, 1),
            refused(ResponseError::TopicAlreadyExists),
            refused(ResponseError::InvalidReplicationFactor),
            refused(ResponseError::InvalidConfig),
        ]
    );
    assert_eq!(created.topics[0].topic_id, topic_id(&broker, "new").await);

    let grow = |count| {
        let grown = CreatePartitionsTopic::default()
            .with_name(topic("new"))
            .with_count(count)
            .with_assignments(None);
        CreatePartitionsRequest::default().with_topics(vec![grown])
    };
    assert_eq!(client.call(3, grow(5)).await.results[0].error_code, 0);
    let shrunk = client.call(3, grow(4)).await;
    assert_eq!(shrunk.results[0].error_code, ResponseError::InvalidPartitions.code());
    assert_eq!(client.call(9, metadata(&["new"])).await.topics[0].partitions.len(), 5);

    let by_name = DeleteTopicsRequest::default().with_topic_names(vec![topic("new"), topic("missing")]);
    let deleted = client.call(5, by_name).await;
    let codes: Vec<_> = deleted.responses.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, [0, ResponseError::UnknownTopicOrPartition.code()]);
    let id = topic_id(&broker, "default").await;
    let by_id = |id| DeleteTopicState::default().with_name(None).with_topic_id(id);
    let both = DeleteTopicsRequest::default().with_topics(vec![by_id(id), by_id(Uuid::from_u128(1))]);
    let deleted = client.call(6, both).await;
    assert_eq!(deleted.responses[0].name.as_ref().unwrap().as_str(), "default");
    assert_eq!(deleted.responses[1].error_code, ResponseError::UnknownTopicId.code());
    assert_eq!(broker.topics(), ["orders"]);
}

#[tokio::test]
async fn configuration_is_described_altered_and_obeyed() {
    const TOPIC: i8 = 2;
    const BROKER: i8 = 4;
    let broker = broker().await;
    let mut client = Client::leader(&broker, "orders", 0).await;
    let alter = |name: &str, operation, value: Option<&str>| {
        let config = AlterableConfig::default()
            .with_name(text(name))
            .with_config_operation(operation)
            .with_value(value.map(text));
        let resource = AlterConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(text("orders"))
            .with_configs(vec![config]);
        IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
    };
    let describe = |kind, name: &str, key: &str| {
        let resource = DescribeConfigsResource::default()
            .with_resource_type(kind)
            .with_resource_name(text(name))
            .with_configuration_keys(Some(vec![text(key)]));
        DescribeConfigsRequest::default().with_resources(vec![resource])
    };
    assert_eq!(
        client
            .call(1, alter("max.message.bytes", 0, Some("100")))
            .await
            .responses[0]
            .error_code,
        0
    );
    let described = client.call(4, describe(TOPIC, "orders", "max.message.bytes")).await;
    let config = &described.results[0].configs[0];
    assert_eq!((config.value.as_deref(), config.config_source), (Some("100"), 1));
    let produced = client
        .call(9, produce("orders", 0, batch(&["x".repeat(100).as_str()])))
        .await;
    let code = produced.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ResponseError::MessageTooLarge.code());

    assert_eq!(
        client.call(1, alter("max.message.bytes", 1, None)).await.responses[0].error_code,
        0
    );
    let described = client.call(4, describe(TOPIC, "orders", "max.message.bytes")).await;
    let config = &described.results[0].configs[0];
    assert_eq!((config.value.as_deref(), config.config_source), (Some("1048588"), 5));
    for (name, operation) in [("no.such", 0), ("retention.ms", 0)] {
        let refused = client.call(1, alter(name, operation, Some("never"))).await;
        assert_eq!(refused.responses[0].error_code, ResponseError::InvalidConfig.code());
    }
    let described = client.call(4, describe(BROKER, "1", "node.id")).await;
    assert_eq!(described.results[0].configs[0].value.as_deref(), Some("1"));
    for (kind, name, error) in [
        (TOPIC, "missing", ResponseError::UnknownTopicOrPartition),
        (BROKER, "9", ResponseError::InvalidRequest),
        (8, "1", ResponseError::InvalidRequest),
    ] {
        let refused = client.call(4, describe(kind, name, "x")).await;
        assert_eq!(refused.results[0].error_code, error.code());
    }
}

#[tokio::test]
async fn a_fetch_that_waits_learns_that_its_topic_is_gone() {
    let broker = broker().await;
    let mut consumer = Client::leader(&broker, "orders", 0).await;
    consumer
        .send(12, &fetch("orders", 0, 0).with_max_wait_ms(60_000).with_min_bytes(1))
        .await;
    let mut admin = Client::connect(&broker, 0).await;
    admin
        .call(
            5,
            DeleteTopicsRequest::default().with_topic_names(vec![topic("orders")]),
        )
        .await;
    let (_, fetched) = consumer
        .receive::<kafka_protocol::messages::FetchRequest>(12)
        .await
        .unwrap();
    let code = fetched.responses[0].partitions[0].error_code;
    assert_eq!(code, ResponseError::UnknownTopicOrPartition.code());
}
