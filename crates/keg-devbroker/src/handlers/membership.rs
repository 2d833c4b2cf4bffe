//! The classic group protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
    SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code, text};
use crate::cluster::now;
use crate::groups::{Identity, Join, JoinRefused, Joined, Protocol, Sync, Synced};

/// From this version on a member must come back with the id that it is given (KIP-394).
const MEMBER_ID_REQUIRED: i16 = 4;
/// From this version on a leader may be told to make no assignment (KIP-814).
const SKIPS_ASSIGNMENT: i16 = 9;
/// From this version on several members leave at once (KIP-345).
const LEAVES_TOGETHER: i16 = 3;
/// Kafka's own upper bound; its lower bound of 6 s is left out, so that tests need not wait.
const MAX_SESSION_TIMEOUT_MS: i32 = 1_800_000;

pub(super) async fn join_group(call: &Call<'_>, request: JoinGroupRequest) -> JoinGroupResponse {
    let group = request.group_id.to_string();
    let member_id = request.member_id.to_string();
    let checked = call
        .cluster
        .check_coordinator(call.node, &group)
        .and(match request.session_timeout_ms {
            1..=MAX_SESSION_TIMEOUT_MS => Ok(()),
            _ => Err(ResponseError::InvalidSessionTimeout),
        });
    let outcome = match checked {
        Err(error) => Err(JoinRefused::new(error, &member_id)),
        Ok(()) => {
            let receiver = {
                let mut state = call.cluster.state();
                let prefix = request.group_instance_id.as_deref().unwrap_or(call.client_id);
                let fresh_member_id = state.fresh_member_id(prefix);
                state.groups.join(now(), &group, join(call, request, fresh_member_id))
            };
            call.cluster.regrouped.notify_one();
            let ended = |_| Err(JoinRefused::new(ResponseError::CoordinatorNotAvailable, &member_id));
            receiver.await.unwrap_or_else(ended)
        }
    };
    match outcome {
        Ok(joined) => join_response(call.version, joined),
        Err(refused) => JoinGroupResponse::default()
            .with_error_code(refused.error.code())
            // Before version 7 the name can't be null.
            .with_protocol_name((call.version < 7).then(StrBytes::new))
            .with_member_id(text(refused.member_id)),
    }
}

fn join(call: &Call<'_>, request: JoinGroupRequest, fresh_member_id: String) -> Join {
    let session_timeout = milliseconds(request.session_timeout_ms);
    let protocols = request
        .protocols
        .into_iter()
        .map(|JoinGroupRequestProtocol { name, metadata, .. }| Protocol {
            name: name.to_string(),
            metadata: Bytes::copy_from_slice(&metadata),
        });
    Join {
        member_id: request.member_id.to_string(),
        fresh_member_id,
        must_know_its_id: call.version >= MEMBER_ID_REQUIRED,
        may_skip_assignment: call.version >= SKIPS_ASSIGNMENT,
        instance_id: request.group_instance_id.map(|id| id.to_string()),
        client_id: call.client_id.to_owned(),
        client_host: call.client_host.to_owned(),
        session_timeout,
        // Version 0 knows one timeout for both.
        rebalance_timeout: match request.rebalance_timeout_ms {
            ..0 => session_timeout,
            timeout => milliseconds(timeout),
        },
        protocol_type: request.protocol_type.to_string(),
        protocols: protocols.collect(),
    }
}

fn join_response(version: i16, joined: Joined) -> JoinGroupResponse {
    let members = joined.members.into_iter().map(|member| {
        let described = JoinGroupResponseMember::default()
            .with_member_id(text(member.member_id))
            .with_metadata(member.metadata);
        match version {
            5.. => described.with_group_instance_id(member.instance_id.map(text)),
            _ => described,
        }
    });
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(Some(text(joined.protocol_type)))
        .with_protocol_name(Some(text(joined.protocol)))
        .with_leader(text(joined.leader))
        .with_skip_assignment(joined.skip_assignment)
        .with_member_id(text(joined.member_id))
        .with_members(members.collect())
}

pub(super) async fn sync_group(call: &Call<'_>, request: SyncGroupRequest) -> SyncGroupResponse {
    let group = request.group_id.to_string();
    let outcome = match call.cluster.check_coordinator(call.node, &group) {
        Err(error) => Err(error),
        Ok(()) => {
            let receiver = call.cluster.state().groups.sync(now(), &group, sync(request));
            call.cluster.regrouped.notify_one();
            receiver.await.unwrap_or(Err(ResponseError::CoordinatorNotAvailable))
        }
    };
    match outcome {
        Ok(Synced {
            protocol_type,
            protocol,
            assignment,
        }) => SyncGroupResponse::default()
            .with_protocol_type(Some(text(protocol_type)))
            .with_protocol_name(Some(text(protocol)))
            .with_assignment(assignment),
        Err(error) => SyncGroupResponse::default().with_error_code(error.code()),
    }
}

fn sync(request: SyncGroupRequest) -> Sync {
    let assignments = request.assignments.into_iter().map(|assigned| {
        (
            assigned.member_id.to_string(),
            Bytes::copy_from_slice(&assigned.assignment),
        )
    });
    Sync {
        generation: request.generation_id,
        protocol_type: request.protocol_type.map(|name| name.to_string()),
        protocol: request.protocol_name.map(|name| name.to_string()),
        assignments: assignments.collect(),
        identity: identity(&request.member_id, request.group_instance_id.as_ref()),
    }
}

pub(super) fn heartbeat(call: &Call<'_>, request: HeartbeatRequest) -> HeartbeatResponse {
    let identity = identity(&request.member_id, request.group_instance_id.as_ref());
    let beaten = call
        .cluster
        .check_coordinator(call.node, &request.group_id)
        .and_then(|()| {
            let mut state = call.cluster.state();
            state
                .groups
                .heartbeat(now(), &request.group_id, &identity, request.generation_id)
        });
    call.cluster.regrouped.notify_one();
    HeartbeatResponse::default().with_error_code(code(beaten.err()))
}

pub(super) fn leave_group(call: &Call<'_>, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let group = &request.group_id;
    if let Err(error) = call.cluster.check_coordinator(call.node, group) {
        return LeaveGroupResponse::default().with_error_code(error.code());
    }
    let leave = |identity: &Identity| call.cluster.state().groups.leave(now(), group, identity);
    let response = match call.version {
        LEAVES_TOGETHER.. => {
            let left = request.members.into_iter().map(|member: MemberIdentity| {
                let left = leave(&identity(&member.member_id, member.group_instance_id.as_ref()));
                MemberResponse::default()
                    .with_member_id(member.member_id)
                    .with_group_instance_id(member.group_instance_id)
                    .with_error_code(code(left.err()))
            });
            LeaveGroupResponse::default().with_members(left.collect())
        }
        _ => {
            let left = leave(&identity(&request.member_id, None));
            LeaveGroupResponse::default().with_error_code(code(left.err()))
        }
    };
    call.cluster.regrouped.notify_one();
    response
}

pub(super) fn identity(member_id: &StrBytes, instance_id: Option<&StrBytes>) -> Identity {
    Identity {
        member_id: member_id.to_string(),
        instance_id: instance_id.map(ToString::to_string),
    }
}

/// A timeout from a client, and never none at all: the group's clock would not advance.
fn milliseconds(count: i32) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0).max(1))
}
