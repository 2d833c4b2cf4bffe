//! Fetch, with its long poll.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse};
use tokio::time::{Instant, timeout_at};

use super::offsets::check_epoch;
use super::{Call, text};
use crate::cluster::State;
use crate::log::LEADER_EPOCH;

/// From this version on a reply names the leader that a client should have asked (KIP-951).
const NAMES_LEADERS: i16 = 12;
/// From this version on a reply says where that leader is.
const NAMES_ENDPOINTS: i16 = 16;
/// From this version on topics are ids (KIP-516).
const TOPIC_IDS: i16 = 13;
const READ_COMMITTED: i8 = 1;

pub(super) async fn fetch(call: &Call<'_>, request: FetchRequest) -> FetchResponse {
    // No session is ever established (KIP-227), so that a client can't be in one.
    if request.session_id != 0 {
        return FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code());
    }
    let patience = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let deadline = Instant::now() + patience;
    loop {
        // Registered before the look at the logs: an append in between is not missed.
        let appended = call.cluster.appended.notified();
        tokio::pin!(appended);
        appended.as_mut().enable();
        let read = read(call, &request);
        let enough = read.size >= usize::try_from(request.min_bytes).unwrap_or(0);
        if enough || read.failed || timeout_at(deadline, appended).await.is_err() {
            return read.response;
        }
    }
}

struct Read {
    response: FetchResponse,
    size: usize,
    failed: bool,
}

fn read(call: &Call<'_>, request: &FetchRequest) -> Read {
    let mut state = call.cluster.state();
    let mut leaders = BTreeSet::new();
    let (mut size, mut failed) = (0, false);
    let max_bytes = usize::try_from(request.max_bytes).unwrap_or(0);
    let mut responses = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let name = match call.version {
            TOPIC_IDS.. => state.topics.name_of(topic.topic_id).map(str::to_owned),
            _ => Some(topic.topic.to_string()),
        };
        let fetched = topic.partitions.iter().map(|partition| {
            let budget = Budget {
                left: max_bytes.saturating_sub(size),
                first: size == 0,
            };
            let outcome = match &name {
                Some(name) => read_partition(call, &mut state, name, partition, &budget),
                None => Err(ResponseError::UnknownTopicId),
            };
            let mut data = PartitionData::default().with_partition_index(partition.partition);
            match outcome {
                Ok(fetched) => {
                    size += fetched.records.len();
                    data.high_watermark = fetched.end_offset;
                    data.last_stable_offset = fetched.end_offset;
                    data.log_start_offset = fetched.start_offset;
                    data.aborted_transactions = (request.isolation_level == READ_COMMITTED).then(Vec::new);
                    data.records = Some(fetched.records);
                }
                Err(error) => {
                    failed = true;
                    data.error_code = error.code();
                    data.high_watermark = -1;
                    data.aborted_transactions = None;
                    let leader = name
                        .as_ref()
                        .and_then(|name| state.topics.leader_of(name, partition.partition));
                    if let (ResponseError::NotLeaderOrFollower, NAMES_LEADERS.., Some(leader)) =
                        (error, call.version, leader)
                    {
                        leaders.insert(leader);
                        data.current_leader = LeaderIdAndEpoch::default()
                            .with_leader_id(leader.into())
                            .with_leader_epoch(LEADER_EPOCH);
                    }
                }
            }
            data
        });
        let response = FetchableTopicResponse::default().with_partitions(fetched.collect());
        responses.push(match call.version {
            TOPIC_IDS.. => response.with_topic_id(topic.topic_id),
            _ => response.with_topic(topic.topic.clone()),
        });
    }
    let endpoints = leaders
        .iter()
        .filter_map(|leader| call.cluster.endpoint(*leader))
        .map(|endpoint| {
            NodeEndpoint::default()
                .with_node_id(endpoint.id.into())
                .with_host(text(&endpoint.host))
                .with_port(endpoint.port.into())
        });
    let mut response = FetchResponse::default().with_responses(responses);
    if call.version >= NAMES_ENDPOINTS {
        response.node_endpoints = endpoints.collect();
    }
    Read { response, size, failed }
}

/// What one partition may add to the reply.
struct Budget {
    left: usize,
    /// Nothing is in the reply yet: a batch that is too large goes in all the same.
    first: bool,
}

struct Fetched {
    records: Bytes,
    start_offset: i64,
    end_offset: i64,
}

fn read_partition(
    call: &Call<'_>,
    state: &mut State,
    topic: &str,
    partition: &FetchPartition,
    budget: &Budget,
) -> Result<Fetched, ResponseError> {
    let led = state.topics.led_by(call.node, topic, partition.partition)?;
    check_epoch(partition.current_leader_epoch)?;
    let max_bytes = usize::try_from(partition.partition_max_bytes)
        .unwrap_or(0)
        .min(budget.left);
    Ok(Fetched {
        records: led.log.read(partition.fetch_offset, max_bytes, budget.first)?,
        start_offset: led.log.start_offset(),
        end_offset: led.log.end_offset(),
    })
}
