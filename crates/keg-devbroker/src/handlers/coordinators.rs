//! FindCoordinator and InitProducerId.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{
    FindCoordinatorRequest, FindCoordinatorResponse, InitProducerIdRequest, InitProducerIdResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, text};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// From this version on several coordinators are found at once.
const BATCHED: i16 = 4;

pub(super) fn find_coordinator(call: &Call<'_>, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let find = |key: StrBytes| {
        let found = match request.key_type {
            GROUP | TRANSACTION => call
                .cluster
                .coordinator(&key)
                .ok_or(ResponseError::CoordinatorNotAvailable),
            _ => Err(ResponseError::InvalidRequest),
        };
        let coordinator = Coordinator::default().with_key(key);
        match found {
            Ok(endpoint) => coordinator
                .with_node_id(endpoint.id.into())
                .with_host(text(&endpoint.host))
                .with_port(endpoint.port.into()),
            Err(error) => coordinator
                .with_node_id((-1).into())
                .with_port(-1)
                .with_error_code(error.code()),
        }
    };
    if call.version >= BATCHED {
        let found = request.coordinator_keys.into_iter().map(find);
        return FindCoordinatorResponse::default().with_coordinators(found.collect());
    }
    let found = find(request.key);
    FindCoordinatorResponse::default()
        .with_error_code(found.error_code)
        .with_node_id(found.node_id)
        .with_host(found.host)
        .with_port(found.port)
}

/// Gives out a producer id. Transactions are not served, and so a transactional id is refused.
pub(super) fn init_producer_id(call: &Call<'_>, request: &InitProducerIdRequest) -> InitProducerIdResponse {
    if request.transactional_id.is_some() {
        return InitProducerIdResponse::default()
            .with_producer_id((-1).into())
            .with_producer_epoch(-1)
            .with_error_code(ResponseError::UnsupportedVersion.code());
    }
    let producer_id = call.cluster.state().next_producer_id();
    InitProducerIdResponse::default()
        .with_producer_id(producer_id.into())
        .with_producer_epoch(0)
}
