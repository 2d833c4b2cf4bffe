//! ListGroups, DescribeGroups, DeleteGroups.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, ListGroupsRequest,
    ListGroupsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, GROUP_OPERATIONS, code, text};
use crate::groups::Group;

const CLASSIC: &str = "classic";
/// From this version on a group that doesn't exist is an error; before, it is "Dead".
const NOT_FOUND_IS_AN_ERROR: i16 = 6;

/// The groups that this node coordinates.
pub(super) fn list_groups(call: &Call<'_>, request: &ListGroupsRequest) -> ListGroupsResponse {
    let wanted = |filter: &[StrBytes], value: &str| {
        filter.is_empty() || filter.iter().any(|word| word.eq_ignore_ascii_case(value))
    };
    let state = call.cluster.state();
    let groups = state
        .groups
        .iter()
        .filter(|(name, _)| call.cluster.check_coordinator(call.node, name).is_ok())
        .filter(|(_, group)| wanted(&request.states_filter, group.state()) && wanted(&request.types_filter, CLASSIC))
        .map(|(name, group)| {
            let listed = ListedGroup::default()
                .with_group_id(text(name).into())
                .with_protocol_type(text(group.protocol_type()));
            let listed = match call.version {
                4.. => listed.with_group_state(text(group.state())),
                _ => listed,
            };
            match call.version {
                5.. => listed.with_group_type(text(CLASSIC)),
                _ => listed,
            }
        });
    ListGroupsResponse::default().with_groups(groups.collect())
}

pub(super) fn describe_groups(call: &Call<'_>, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let state = call.cluster.state();
    let groups = request.groups.into_iter().map(|name| {
        let mut described = match call.cluster.check_coordinator(call.node, &name) {
            Err(error) => DescribedGroup::default().with_error_code(error.code()),
            Ok(()) => match state.groups.get(&name) {
                Some(group) => describe(call.version, group),
                None if call.version >= NOT_FOUND_IS_AN_ERROR => DescribedGroup::default()
                    .with_error_code(ResponseError::GroupIdNotFound.code())
                    .with_error_message(Some(text(format!("Group {} not found.", name.as_str()))))
                    .with_group_state(text("Dead")),
                None => DescribedGroup::default().with_group_state(text("Dead")),
            },
        };
        if request.include_authorized_operations && described.error_code == 0 {
            described.authorized_operations = GROUP_OPERATIONS;
        }
        described.with_group_id(name)
    });
    DescribeGroupsResponse::default().with_groups(groups.collect())
}

fn describe(version: i16, group: &Group) -> DescribedGroup {
    let members = group.describe().into_iter().map(|member| {
        let described = DescribedGroupMember::default()
            .with_member_id(text(member.member_id))
            .with_client_id(text(member.client_id))
            .with_client_host(text(member.client_host))
            .with_member_metadata(member.metadata)
            .with_member_assignment(member.assignment);
        match version {
            4.. => described.with_group_instance_id(member.instance_id.map(text)),
            _ => described,
        }
    });
    DescribedGroup::default()
        .with_group_state(text(group.state()))
        .with_protocol_type(text(group.protocol_type()))
        .with_protocol_data(text(group.stable_protocol().unwrap_or_default()))
        .with_members(members.collect())
}

pub(super) fn delete_groups(call: &Call<'_>, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let mut state = call.cluster.state();
    let results = request.groups_names.into_iter().map(|name| {
        let deleted = call
            .cluster
            .check_coordinator(call.node, &name)
            .and_then(|()| state.groups.delete(&name));
        DeletableGroupResult::default()
            .with_group_id(name)
            .with_error_code(code(deleted.err()))
    });
    DeleteGroupsResponse::default().with_results(results.collect())
}
