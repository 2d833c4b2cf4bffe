//! The empty group, which with a hidden prefix would be one like others.

use keg_codec::{ApiKey, ErrorCode};

/// What a broker says of the empty group in requests of this API; `None` where it has offsets like any other.
pub(super) fn refusal(api: ApiKey, group: &[u8]) -> Option<ErrorCode> {
    match api {
        ApiKey::JOIN_GROUP
        | ApiKey::SYNC_GROUP
        | ApiKey::HEARTBEAT
        | ApiKey::LEAVE_GROUP
        | ApiKey::OFFSET_DELETE
        | ApiKey::ALTER_SHARE_GROUP_OFFSETS
        | ApiKey::DELETE_SHARE_GROUP_OFFSETS
        | ApiKey::CONSUMER_GROUP_DESCRIBE
        | ApiKey::SHARE_GROUP_DESCRIBE
        | ApiKey::STREAMS_GROUP_DESCRIBE
            if group.is_empty() =>
        {
            Some(ErrorCode::INVALID_GROUP_ID)
        }
        // `String.trim` takes away all up to the space.
        ApiKey::CONSUMER_GROUP_HEARTBEAT
        | ApiKey::SHARE_GROUP_HEARTBEAT
        | ApiKey::STREAMS_GROUP_HEARTBEAT
        | ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE
            if group.iter().all(|byte| *byte <= b' ') =>
        {
            Some(ErrorCode::INVALID_REQUEST)
        }
        _ => None,
    }
}

/// What it says beside that.
pub(super) fn words(api: ApiKey, code: ErrorCode) -> Option<&'static str> {
    match (api, code) {
        (
            ApiKey::CONSUMER_GROUP_HEARTBEAT | ApiKey::SHARE_GROUP_HEARTBEAT | ApiKey::STREAMS_GROUP_HEARTBEAT,
            ErrorCode::INVALID_REQUEST,
        ) => Some("GroupId can't be empty."),
        (ApiKey::ALTER_SHARE_GROUP_OFFSETS | ApiKey::DELETE_SHARE_GROUP_OFFSETS, ErrorCode::INVALID_GROUP_ID) => {
            Some("The group id is invalid.")
        }
        _ => None,
    }
}
