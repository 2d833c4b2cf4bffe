//! What is decided of a request before its names are looked at, for what only its API has.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{ApiKey, ErrorCode};

use super::client::Client;
use super::operation::{Operation, ResourceType};
use super::request::Progress;
use super::{beforehand, offsets};
use crate::message::{Request, Response};
use crate::namespace::{look_up, share_sessions};
use crate::policy::Decision;

const INCONSISTENT_GROUP_PROTOCOL: ErrorCode = ErrorCode(23);

/// What is decided of a request, or `None` if its names are to be looked at.
pub(super) fn decide(
    client: &Client<'_>,
    request: &Request,
    body: &Bytes,
    progress: &Progress,
) -> Result<Option<Decision>, WalkError> {
    let (api, version, connection) = (request.api, request.version, client.connection());
    let read = || Struct::read(&api.request, version, body);
    let refusal = match api.key {
        ApiKey::INIT_PRODUCER_ID => producer(client, &read()?),
        ApiKey::METADATA => beforehand::is_invalid_request(api, version, body)?.then_some(ErrorCode::INVALID_REQUEST),
        ApiKey::OFFSET_FETCH => {
            let asks =
                !progress.ids && offsets::are_of_all_topics(api, version, body)? && look_up::is_possible(connection);
            let question = asks
                .then(|| offsets::question(request, progress))
                .transpose()?
                .flatten();
            return Ok(question.map(Decision::Ask));
        }
        ApiKey::SHARE_FETCH => share_sessions::is_out_of_step(connection, api, version, body)?
            .then_some(ErrorCode::SHARE_SESSION_NOT_FOUND),
        ApiKey::SYNC_GROUP => lacks_protocol(&read()?, version).then_some(INCONSISTENT_GROUP_PROTOCOL),
        _ => None,
    };
    let answer = |code| Response::error(api, version, body, code, None).map(Decision::Answer);
    refusal.map(answer).transpose()
}

/// SyncGroup: whether the protocol isn't said, which the broker wants to know before whose the group is.
fn lacks_protocol(request: &Struct, version: i16) -> bool {
    const FIRST_WITH_PROTOCOL: i16 = 5;
    let is_missing = |name| request.get(name) == Some(&Value::Null);
    version >= FIRST_WITH_PROTOCOL && (is_missing("ProtocolType") || is_missing("ProtocolName"))
}

/// Why a producer gets no id, if it gets none. A transactional id is looked at with the other names.
fn producer(client: &Client<'_>, request: &Struct) -> Option<ErrorCode> {
    let Some(Value::Bytes(id)) = request.get("TransactionalId") else {
        let may = client.could_with_cluster(Operation::IdempotentWrite)
            || client.may_with_any(Operation::Write, ResourceType::Topic);
        return (!may).then_some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    };
    let prepares = request.integer("Enable2Pc").is_some_and(|prepares| prepares != 0);
    let may = !prepares || client.may(Operation::TwoPhaseCommit, ResourceType::TransactionalId, id);
    (!may).then_some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
}
