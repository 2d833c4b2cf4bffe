//! What no client of a namespace may do.

use keg_codec::ApiKey;
use keg_codec::message::Struct;

use crate::support::message::{ints, texts};
use crate::support::{Gateway, answering, asking, int, null, text};

/// The error codes at a path of the answer that a request gets at once.
fn check(gateway: &Gateway, key: ApiKey, version: i16, asked: &Struct, path: &str, code: i64) {
    let seen = gateway.local(key, version, asked);
    assert_eq!(ints(&seen, path), [code], "{key:?} v{version}");
}

#[test]
fn no_client_fetches_as_a_broker() {
    let gateway = Gateway::hiding();
    for (key, version, topic, answer) in [
        (ApiKey::FETCH, 4, "Topics.0.Topic", "Responses.*.Partitions.*.ErrorCode"),
        (ApiKey::FETCH, 12, "Topics.0.Topic", "ErrorCode"),
        (
            ApiKey::LIST_OFFSETS,
            1,
            "Topics.0.Name",
            "Topics.*.Partitions.*.ErrorCode",
        ),
        (
            ApiKey::LIST_OFFSETS,
            11,
            "Topics.0.Name",
            "Topics.*.Partitions.*.ErrorCode",
        ),
        (
            ApiKey::OFFSET_FOR_LEADER_EPOCH,
            4,
            "Topics.0.Topic",
            "Topics.*.Partitions.*.ErrorCode",
        ),
    ] {
        let partition = if key == ApiKey::LIST_OFFSETS {
            "PartitionIndex"
        } else {
            "Partition"
        };
        let asked = |replica| {
            asking(
                key,
                version,
                &[
                    ("ReplicaId", int(replica)),
                    (topic, text("orders")),
                    (&format!("Topics.0.Partitions.0.{partition}"), int(0)),
                ],
            )
        };
        for replica in [0, 1, 1000] {
            check(&gateway, key, version, &asked(replica), answer, 31);
        }
        for replica in [-1, -2] {
            gateway.forward(key, version, &asked(replica));
        }
    }
}

#[test]
fn leaders_of_all_partitions_are_not_elected() {
    let gateway = Gateway::hiding();
    for version in 0..=2 {
        let asked = asking(ApiKey::ELECT_LEADERS, version, &[("TopicPartitions", null())]);
        let seen = gateway.local(ApiKey::ELECT_LEADERS, version, &asked);
        if version > 0 {
            assert_eq!(ints(&seen, "ErrorCode"), [31]);
        }
    }
    let asked = asking(ApiKey::ELECT_LEADERS, 2, &[("TopicPartitions.0.Topic", text("orders"))]);
    let (sent, _) = gateway.forward(ApiKey::ELECT_LEADERS, 2, &asked);
    assert_eq!(texts(&sent, "TopicPartitions.*.Topic"), ["team-a.orders"]);
}

#[test]
fn the_empty_group_has_offsets_and_no_members() {
    let gateway = Gateway::hiding();
    for (key, version) in [
        (ApiKey::JOIN_GROUP, 9),
        (ApiKey::HEARTBEAT, 4),
        (ApiKey::LEAVE_GROUP, 5),
        (ApiKey::OFFSET_DELETE, 0),
        (ApiKey::ALTER_SHARE_GROUP_OFFSETS, 0),
        (ApiKey::DELETE_SHARE_GROUP_OFFSETS, 0),
    ] {
        check(&gateway, key, version, &asking(key, version, &[]), "ErrorCode", 24);
    }
    for (key, version) in [
        (ApiKey::CONSUMER_GROUP_HEARTBEAT, 1),
        (ApiKey::SHARE_GROUP_HEARTBEAT, 1),
        (ApiKey::STREAMS_GROUP_HEARTBEAT, 1),
    ] {
        for group in ["", "\t "] {
            let asked = asking(key, version, &[("GroupId", text(group))]);
            check(&gateway, key, version, &asked, "ErrorCode", 42);
        }
    }
    for key in [
        ApiKey::CONSUMER_GROUP_DESCRIBE,
        ApiKey::SHARE_GROUP_DESCRIBE,
        ApiKey::STREAMS_GROUP_DESCRIBE,
    ] {
        let asked = asking(key, 1, &[("GroupIds.0", text("")), ("GroupIds.1", text("workers"))]);
        let (sent, pending) = gateway.forward(key, 1, &asked);
        assert_eq!(texts(&sent, "GroupIds.*"), ["team-a.workers"]);
        let answer = answering(key, 1, &[("Groups.0.GroupId", text("team-a.workers"))]);
        let seen = gateway.answer(key, 1, pending, &answer);
        assert_eq!(texts(&seen, "Groups.*.GroupId"), ["workers", ""]);
        assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [0, 24]);
    }
    let join = asking(ApiKey::JOIN_GROUP, 9, &[("MemberId", text("me"))]);
    let seen = gateway.local(ApiKey::JOIN_GROUP, 9, &join);
    assert_eq!(texts(&seen, "MemberId"), ["me"]);
    let sync = asking(ApiKey::SYNC_GROUP, 5, &[("ProtocolType", text("consumer"))]);
    check(&gateway, ApiKey::SYNC_GROUP, 5, &sync, "ErrorCode", 24);
    for (key, version, path) in [
        (ApiKey::OFFSET_COMMIT, 9, "GroupId"),
        (ApiKey::OFFSET_FETCH, 7, "GroupId"),
        (ApiKey::OFFSET_FETCH, 9, "Groups.0.GroupId"),
        (ApiKey::TXN_OFFSET_COMMIT, 5, "GroupId"),
        (ApiKey::DESCRIBE_GROUPS, 6, "Groups.0"),
        (ApiKey::DELETE_GROUPS, 2, "GroupsNames.0"),
    ] {
        let mut fields = vec![(path, text(""))];
        if key == ApiKey::TXN_OFFSET_COMMIT {
            fields.push(("TransactionalId", text("tx")));
        }
        let (sent, _) = gateway.forward(key, version, &asking(key, version, &fields));
        assert_eq!(texts(&sent, path), ["team-a."], "{key:?}");
    }
}

#[test]
fn the_empty_transactional_id_is_the_brokers_to_refuse_and_none_is_none() {
    let gateway = Gateway::hiding();
    let asked = |id| asking(ApiKey::INIT_PRODUCER_ID, 4, &[("TransactionalId", id)]);
    let (sent, _) = gateway.forward(ApiKey::INIT_PRODUCER_ID, 4, &asked(text("")));
    assert_eq!(texts(&sent, "TransactionalId"), [""]);
    let (sent, _) = gateway.forward(ApiKey::INIT_PRODUCER_ID, 4, &asked(null()));
    assert_eq!(texts(&sent, "TransactionalId"), ["<null>"]);
}

#[test]
fn what_a_namespace_does_not_cover_is_not_served() {
    let gateway = Gateway::hiding();
    let check = |key, version, expected| {
        assert_eq!(
            gateway.chain.served().contains(key, version),
            expected,
            "{key:?} v{version}"
        );
    };
    check(ApiKey::LIST_TRANSACTIONS, 2, true);
    // Of the operator, and of other brokers.
    for key in [
        ApiKey::WRITE_TXN_MARKERS,
        ApiKey::ALTER_REPLICA_LOG_DIRS,
        ApiKey::CREATE_DELEGATION_TOKEN,
        ApiKey::RENEW_DELEGATION_TOKEN,
        ApiKey::EXPIRE_DELEGATION_TOKEN,
        ApiKey::DESCRIBE_DELEGATION_TOKEN,
        ApiKey::DESCRIBE_CLIENT_QUOTAS,
        ApiKey::ALTER_CLIENT_QUOTAS,
        ApiKey::DESCRIBE_USER_SCRAM_CREDENTIALS,
        ApiKey::ALTER_USER_SCRAM_CREDENTIALS,
        ApiKey::DESCRIBE_QUORUM,
        ApiKey::UPDATE_FEATURES,
        ApiKey::UNREGISTER_BROKER,
        ApiKey::INITIALIZE_SHARE_GROUP_STATE,
        ApiKey::READ_SHARE_GROUP_STATE,
        ApiKey::WRITE_SHARE_GROUP_STATE,
        ApiKey::DELETE_SHARE_GROUP_STATE,
        ApiKey::READ_SHARE_GROUP_STATE_SUMMARY,
        ApiKey::SASL_HANDSHAKE,
        ApiKey::SASL_AUTHENTICATE,
    ] {
        assert!(gateway.chain.served().versions(key).is_empty(), "{key:?}");
    }
    let asked = asking(ApiKey::DESCRIBE_CLIENT_QUOTAS, 1, &[]);
    let seen = gateway.local(ApiKey::DESCRIBE_CLIENT_QUOTAS, 1, &asked);
    assert_eq!(ints(&seen, "ErrorCode"), [35]);
    let asked = asking(ApiKey::SASL_AUTHENTICATE, 2, &[]);
    let seen = gateway.local(ApiKey::SASL_AUTHENTICATE, 2, &asked);
    assert_eq!(ints(&seen, "ErrorCode"), [34]);
}
