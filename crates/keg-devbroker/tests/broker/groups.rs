//! The group protocol over the wire, and what administrators do with groups.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest,
    LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    SyncGroupRequest,
};
use keg_devbroker::DevBroker;

use crate::client::Client;
use crate::samples::{broker, group, join, text, topic};

fn commit(member_id: &str, generation: i32, name: &str, offset: i64) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default()
        .with_committed_offset(offset)
        .with_committed_leader_epoch(0)
        .with_committed_metadata(Some(text("note")));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(topic(name))
        .with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(group("g"))
        .with_member_id(text(member_id))
        .with_generation_id_or_member_epoch(generation)
        .with_topics(vec![topic])
}

async fn committed(client: &mut Client) -> Vec<(String, i32, i64)> {
    let asked = OffsetFetchRequestGroup::default()
        .with_group_id(group("g"))
        .with_topics(None);
    let fetched = client
        .call(8, OffsetFetchRequest::default().with_groups(vec![asked]))
        .await;
    assert_eq!(fetched.groups[0].error_code, 0);
    let topics = fetched.groups[0].topics.iter();
    let partitions = topics.flat_map(|topic| {
        let named = topic.partitions.iter();
        named.map(|partition| {
            (
                topic.name.to_string(),
                partition.partition_index,
                partition.committed_offset,
            )
        })
    });
    partitions.collect()
}

/// Joins as the only member; gives the member id and the generation.
async fn stable_member(client: &mut Client) -> (String, i32) {
    let joined = client.call(3, join("g", "")).await;
    assert_eq!((joined.error_code, &joined.leader), (0, &joined.member_id));
    let assignment = SyncGroupRequestAssignment::default()
        .with_member_id(joined.member_id.clone())
        .with_assignment(Bytes::from_static(b"mine"));
    let sync = SyncGroupRequest::default()
        .with_group_id(group("g"))
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone())
        .with_assignments(vec![assignment]);
    let synced = client.call(3, sync).await;
    assert_eq!((synced.error_code, synced.assignment), (0, Bytes::from_static(b"mine")));
    (joined.member_id.to_string(), joined.generation_id)
}

fn heartbeat(member_id: &str, generation: i32) -> HeartbeatRequest {
    HeartbeatRequest::default()
        .with_group_id(group("g"))
        .with_member_id(text(member_id))
        .with_generation_id(generation)
}

#[tokio::test]
async fn two_consumers_share_a_group() {
    let broker = broker().await;
    let mut first = Client::coordinator(&broker, "g").await;
    let mut second = Client::coordinator(&broker, "g").await;

    let required = first.call(9, join("g", "")).await;
    assert_eq!(required.error_code, ResponseError::MemberIdRequired.code());
    assert!(required.member_id.starts_with("test-"));
    let joined = first.call(9, join("g", &required.member_id)).await;
    assert_eq!(
        (joined.error_code, joined.generation_id, joined.members.len()),
        (0, 1, 1)
    );

    let required = second.call(9, join("g", "")).await;
    let member = required.member_id.clone();
    second.send(9, &join("g", &member)).await;
    // The group rebalances once the second member has arrived, and not before.
    while first.call(4, heartbeat(&joined.member_id, 1)).await.error_code == 0 {}
    let leader = first.call(9, join("g", &joined.member_id)).await;
    let (_, follower) = second.receive::<JoinGroupRequest>(9).await.unwrap();
    assert_eq!((leader.generation_id, follower.generation_id), (2, 2));
    assert_eq!((leader.members.len(), follower.members.len()), (2, 0));

    let sync = |member: &str| {
        SyncGroupRequest::default()
            .with_group_id(group("g"))
            .with_generation_id(2)
            .with_member_id(text(member))
            .with_protocol_type(Some(text("consumer")))
            .with_protocol_name(Some(text("range")))
    };
    second.send(5, &sync(&member)).await;
    let assigned = leader.members.iter().map(|member| {
        SyncGroupRequestAssignment::default()
            .with_member_id(member.member_id.clone())
            .with_assignment(member.member_id.clone().into_bytes())
    });
    let own = first
        .call(5, sync(&leader.member_id).with_assignments(assigned.collect()))
        .await;
    let (_, theirs) = second.receive::<SyncGroupRequest>(5).await.unwrap();
    assert_eq!(own.assignment, leader.member_id.clone().into_bytes());
    assert_eq!(theirs.assignment, member.clone().into_bytes());

    let leaving = MemberIdentity::default().with_member_id(member);
    let leave = LeaveGroupRequest::default()
        .with_group_id(group("g"))
        .with_members(vec![leaving]);
    let left = second.call(5, leave).await;
    assert_eq!((left.error_code, left.members[0].error_code), (0, 0));
    let beaten = first.call(4, heartbeat(&leader.member_id, 2)).await;
    assert_eq!(beaten.error_code, ResponseError::RebalanceInProgress.code());
}

#[tokio::test]
async fn a_member_that_falls_silent_is_removed_by_the_clock() {
    let broker = broker().await;
    let mut client = Client::coordinator(&broker, "g").await;
    let short = join("g", "").with_session_timeout_ms(50);
    let joined = client.call(3, short).await;
    assert_eq!(joined.error_code, 0);
    let mut waiting = Client::coordinator(&broker, "g").await;
    // The second member gets in because the first one's session ends, long before its rebalance timeout.
    let joined = waiting.call(3, join("g", "")).await;
    assert_eq!((joined.error_code, joined.members.len()), (0, 1));
}

#[tokio::test]
async fn only_the_coordinator_serves_a_group() {
    let broker = broker().await;
    let mut client = Client::connect(&broker, 0).await;
    let request = FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g"), text("other")]);
    let found = client.call(4, request).await;
    for coordinator in &found.coordinators {
        assert_eq!(Some(coordinator.node_id.0), broker.coordinator(&coordinator.key));
        let address = broker.addresses()[coordinator.node_id.0 as usize];
        assert_eq!(
            (coordinator.host.as_str(), coordinator.port),
            ("127.0.0.1", i32::from(address.port()))
        );
    }
    let single = client
        .call(3, FindCoordinatorRequest::default().with_key(text("g")))
        .await;
    assert_eq!(Some(single.node_id.0), broker.coordinator("g"));

    let not_coordinator = ResponseError::NotCoordinator.code();
    let mut wrong = Client::connect(&broker, (single.node_id.0 + 1) % 3).await;
    assert_eq!(wrong.call(9, join("g", "")).await.error_code, not_coordinator);
    assert_eq!(wrong.call(4, heartbeat("m", 1)).await.error_code, not_coordinator);
    let refused = wrong.call(8, commit("", -1, "orders", 1)).await;
    assert_eq!(refused.topics[0].partitions[0].error_code, not_coordinator);
    let nameless = client.call(9, join("", "")).await;
    assert_eq!(nameless.error_code, ResponseError::InvalidGroupId.code());
    let hasty = client.call(9, join("g", "").with_session_timeout_ms(0)).await;
    assert!([not_coordinator, ResponseError::InvalidSessionTimeout.code()].contains(&hasty.error_code));
}

#[tokio::test]
async fn groups_are_spread_over_the_nodes() {
    let broker = broker().await;
    let mut coordinators: Vec<_> = (0..50)
        .filter_map(|n| broker.coordinator(&format!("group-{n}")))
        .collect();
    coordinators.sort_unstable();
    coordinators.dedup();
    assert_eq!(coordinators, broker.node_ids());
}

#[tokio::test]
async fn offsets_are_committed_by_members_and_by_nobody_else() {
    let broker = broker().await;
    let mut client = Client::coordinator(&broker, "g").await;
    let (member, generation) = stable_member(&mut client).await;
    let error = |response: kafka_protocol::messages::OffsetCommitResponse| response.topics[0].partitions[0].error_code;
    assert_eq!(error(client.call(8, commit(&member, generation, "orders", 7)).await), 0);
    assert_eq!(committed(&mut client).await, [("orders".to_owned(), 0, 7)]);
    for (member, generation, name, expected) in [
        (
            member.as_str(),
            generation + 1,
            "orders",
            ResponseError::IllegalGeneration,
        ),
        ("stranger", generation, "orders", ResponseError::UnknownMemberId),
        (
            member.as_str(),
            generation,
            "missing",
            ResponseError::UnknownTopicOrPartition,
        ),
    ] {
        let refused = client.call(8, commit(member, generation, name, 9)).await;
        assert_eq!(error(refused), expected.code());
    }
    assert_eq!(committed(&mut client).await, [("orders".to_owned(), 0, 7)]);
}

#[tokio::test]
async fn administrators_list_describe_and_delete_groups() {
    let broker = broker().await;
    let mut client = Client::coordinator(&broker, "g").await;
    let (member, generation) = stable_member(&mut client).await;

    let listed = client.call(5, ListGroupsRequest::default()).await;
    let listed = &listed.groups[0];
    assert_eq!(
        (listed.group_state.as_str(), listed.group_type.as_str()),
        ("Stable", "classic")
    );
    let empty = ListGroupsRequest::default().with_states_filter(vec![text("Empty")]);
    assert!(client.call(5, empty).await.groups.is_empty());

    let describe = || DescribeGroupsRequest::default().with_groups(vec![group("g")]);
    let described = &client.call(5, describe()).await.groups[0];
    assert_eq!(
        (described.group_state.as_str(), described.protocol_data.as_str()),
        ("Stable", "range")
    );
    assert_eq!(described.members[0].client_id.as_str(), "test");
    assert_eq!(described.members[0].client_host.as_str(), "/127.0.0.1");
    assert_eq!(described.members[0].member_assignment, Bytes::from_static(b"mine"));

    let delete_offset = |name: &str| {
        let topic = OffsetDeleteRequestTopic::default()
            .with_name(topic(name))
            .with_partitions(vec![OffsetDeleteRequestPartition::default()]);
        OffsetDeleteRequest::default()
            .with_group_id(group("g"))
            .with_topics(vec![topic])
    };
    client.call(8, commit(&member, generation, "orders", 7)).await;
    let refused = client.call(0, delete_offset("orders")).await;
    let code = refused.topics[0].partitions[0].error_code;
    assert_eq!(code, ResponseError::GroupSubscribedToTopic.code());

    let delete = || DeleteGroupsRequest::default().with_groups_names(vec![group("g")]);
    let refused = client.call(2, delete()).await;
    assert_eq!(refused.results[0].error_code, ResponseError::NonEmptyGroup.code());
    client
        .call(
            1,
            LeaveGroupRequest::default()
                .with_group_id(group("g"))
                .with_member_id(text(&member)),
        )
        .await;
    assert_eq!(
        client.call(0, delete_offset("orders")).await.topics[0].partitions[0].error_code,
        0
    );
    assert!(committed(&mut client).await.is_empty());
    assert_eq!(client.call(2, delete()).await.results[0].error_code, 0);
    let gone = client.call(6, describe()).await;
    assert_eq!(gone.groups[0].error_code, ResponseError::GroupIdNotFound.code());
    assert_eq!(client.call(5, describe()).await.groups[0].group_state.as_str(), "Dead");
}

#[tokio::test]
async fn each_node_lists_the_groups_that_it_coordinates() {
    let broker: DevBroker = broker().await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        let mut client = Client::coordinator(&broker, name).await;
        assert_eq!(client.call(3, join(name, "")).await.error_code, 0);
    }
    let mut all = Vec::new();
    for node in broker.node_ids() {
        let listed = Client::connect(&broker, node)
            .await
            .call(5, ListGroupsRequest::default())
            .await;
        for listed in listed.groups {
            assert_eq!(broker.coordinator(&listed.group_id), Some(node));
            all.push(listed.group_id.to_string());
        }
    }
    all.sort();
    assert_eq!(all, ["a", "b", "c", "d", "e", "f"]);
}
