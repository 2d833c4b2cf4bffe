//! What each API does: one module for each family.

mod commits;
mod configs;
mod coordinators;
mod fetch;
mod group_admin;
mod membership;
mod metadata;
mod offsets;
mod produce;
mod topic_admin;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiVersionsResponse, RequestKind, ResponseKind};
use kafka_protocol::protocol::StrBytes;
use tracing::error;

use crate::cluster::Cluster;
use crate::versions::supported_versions;

/// Where a request came in, and from whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) node: i32,
    pub(crate) version: i16,
    pub(crate) client_id: &'a str,
    pub(crate) client_host: &'a str,
}

/// What a request gets.
#[derive(Debug)]
pub(crate) enum Answer {
    Reply(Box<ResponseKind>),
    /// A Produce with acks=0 gets nothing.
    Silence,
    /// A Produce with acks=0 that failed: the end of the connection is all that its client notices.
    Close,
}

/// Does what a request of a supported version asks for.
pub(crate) async fn handle(call: &Call<'_>, request: RequestKind) -> Answer {
    let response: ResponseKind = match request {
        RequestKind::Produce(request) => {
            let silent = request.acks == 0;
            return match produce::produce(call, request) {
                Ok(_) if silent => Answer::Silence,
                Err(_) if silent => Answer::Close,
                Ok(response) | Err(response) => Answer::Reply(Box::new(response.into())),
            };
        }
        RequestKind::Fetch(request) => fetch::fetch(call, request).await.into(),
        RequestKind::JoinGroup(request) => membership::join_group(call, request).await.into(),
        RequestKind::SyncGroup(request) => membership::sync_group(call, request).await.into(),
        RequestKind::ApiVersions(_) => api_versions(None).into(),
        RequestKind::Metadata(request) => metadata::metadata(call, request).into(),
        RequestKind::DescribeCluster(request) => metadata::describe_cluster(call, &request).into(),
        RequestKind::ListOffsets(request) => offsets::list_offsets(call, request).into(),
        RequestKind::OffsetForLeaderEpoch(request) => offsets::offset_for_leader_epoch(call, request).into(),
        RequestKind::DeleteRecords(request) => offsets::delete_records(call, request).into(),
        RequestKind::FindCoordinator(request) => coordinators::find_coordinator(call, request).into(),
        RequestKind::InitProducerId(request) => coordinators::init_producer_id(call, &request).into(),
        RequestKind::Heartbeat(request) => membership::heartbeat(call, request).into(),
        RequestKind::LeaveGroup(request) => membership::leave_group(call, request).into(),
        RequestKind::OffsetCommit(request) => commits::offset_commit(call, request).into(),
        RequestKind::OffsetFetch(request) => commits::offset_fetch(call, request).into(),
        RequestKind::OffsetDelete(request) => commits::offset_delete(call, request).into(),
        RequestKind::ListGroups(request) => group_admin::list_groups(call, &request).into(),
        RequestKind::DescribeGroups(request) => group_admin::describe_groups(call, request).into(),
        RequestKind::DeleteGroups(request) => group_admin::delete_groups(call, request).into(),
        RequestKind::CreateTopics(request) => topic_admin::create_topics(call, request).into(),
        RequestKind::DeleteTopics(request) => topic_admin::delete_topics(call, request).into(),
        RequestKind::CreatePartitions(request) => topic_admin::create_partitions(call, request).into(),
        RequestKind::DescribeConfigs(request) => configs::describe_configs(call, request).into(),
        RequestKind::IncrementalAlterConfigs(request) => configs::incremental_alter_configs(call, request).into(),
        other => {
            error!(request = ?other, "a version is listed as supported, but has no handler");
            return Answer::Close;
        }
    };
    Answer::Reply(Box::new(response))
}

/// What ApiVersions says, with an error beside it for a version that isn't supported.
pub(crate) fn api_versions(error: Option<ResponseError>) -> ApiVersionsResponse {
    let advertised = supported_versions().iter().map(|versions| {
        ApiVersion::default()
            .with_api_key(versions.api_key as i16)
            .with_min_version(versions.advertised_min())
            .with_max_version(versions.max)
    });
    ApiVersionsResponse::default()
        .with_error_code(code(error))
        .with_api_keys(advertised.collect())
}

/// 0 is no error.
fn code(error: Option<ResponseError>) -> i16 {
    error.map_or(0, |error| error.code())
}

fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

/// Kafka's bit fields of what a principal may do: here, whatever there is to do.
const fn all_of(operations: &[u32]) -> i32 {
    let mut bits = 0;
    let mut index = 0;
    while index < operations.len() {
        #[expect(clippy::indexing_slicing, reason = "const, and bounded by the loop")]
        let bit = 1 << operations[index];
        bits |= bit;
        index += 1;
    }
    bits
}

const TOPIC_OPERATIONS: i32 = all_of(&[3, 4, 5, 6, 7, 8, 10, 11]);
const GROUP_OPERATIONS: i32 = all_of(&[3, 6, 8, 10, 11]);
const CLUSTER_OPERATIONS: i32 = all_of(&[5, 7, 8, 9, 10, 11, 12]);
