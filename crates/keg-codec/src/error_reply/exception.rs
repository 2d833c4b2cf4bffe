//! Where an error reply of Kafka's is not what the tables alone would give.

use crate::ApiKey;

/// What a field of an error reply holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exception {
    /// Its default.
    Default,
    /// This number.
    Is(i64),
    /// Null, where the version has it.
    Null,
    /// What the request says in the field of the same name.
    Echo,
    /// The error, if the element of the request has something in this array.
    IfAny(&'static str),
    /// One element for each element of the request with the same key up to this version, though the error stands
    /// beside it too.
    AnsweredThrough(i16),
    /// One element for each element of these arrays of the request.
    ForEach(&'static [&'static str]),
    /// The versions of the API, when the error is that the version is unknown (KIP-511).
    OwnVersions,
}

use Exception::{AnsweredThrough, Default, Echo, ForEach, IfAny, Is, Null, OwnVersions};

const EVERY_VERSION: i16 = i16::MAX;

/// By API and field: what its class in `org.apache.kafka.common.requests` does.
const EXCEPTIONS: &[(ApiKey, &str, Exception)] = &[
    (ApiKey::PRODUCE, "BaseOffset", Is(-1)),
    (ApiKey::FETCH, "SessionId", Echo),
    (ApiKey::FETCH, "Responses", AnsweredThrough(12)),
    (ApiKey::FETCH, "HighWatermark", Is(-1)),
    (ApiKey::METADATA, "Topics", AnsweredThrough(EVERY_VERSION)),
    (ApiKey::OFFSET_FETCH, "CommittedOffset", Is(-1)),
    (ApiKey::FIND_COORDINATOR, "NodeId", Is(-1)),
    (ApiKey::FIND_COORDINATOR, "Port", Is(-1)),
    (ApiKey::JOIN_GROUP, "ProtocolName", Null),
    (ApiKey::API_VERSIONS, "ApiKeys", OwnVersions),
    (ApiKey::CREATE_TOPICS, "TopicConfigErrorCode", Default),
    (ApiKey::DELETE_RECORDS, "LowWatermark", Is(-1)),
    (ApiKey::INIT_PRODUCER_ID, "ProducerEpoch", Is(-1)),
    (ApiKey::WRITE_TXN_MARKERS, "Markers", ForEach(&["Markers"])),
    (ApiKey::WRITE_TXN_MARKERS, "ProducerId", Echo),
    (ApiKey::CREATE_ACLS, "Results", ForEach(&["Creations"])),
    (ApiKey::DELETE_ACLS, "FilterResults", ForEach(&["Filters"])),
    (ApiKey::ALTER_REPLICA_LOG_DIRS, "Results", ForEach(&["Dirs.Topics"])),
    (ApiKey::CREATE_DELEGATION_TOKEN, "IssueTimestampMs", Is(-1)),
    (ApiKey::CREATE_DELEGATION_TOKEN, "ExpiryTimestampMs", Is(-1)),
    (ApiKey::CREATE_DELEGATION_TOKEN, "MaxTimestampMs", Is(-1)),
    (
        ApiKey::ELECT_LEADERS,
        "ReplicaElectionResults",
        AnsweredThrough(EVERY_VERSION),
    ),
    (
        ApiKey::ALTER_PARTITION_REASSIGNMENTS,
        "Responses",
        AnsweredThrough(EVERY_VERSION),
    ),
    (
        ApiKey::LIST_PARTITION_REASSIGNMENTS,
        "Topics",
        AnsweredThrough(EVERY_VERSION),
    ),
    (ApiKey::DESCRIBE_CLIENT_QUOTAS, "Entries", Null),
    (ApiKey::ALTER_CLIENT_QUOTAS, "Entries", ForEach(&["Entries"])),
    (ApiKey::ALTER_CLIENT_QUOTAS, "Entity", ForEach(&["Entity"])),
    (ApiKey::ALTER_CLIENT_QUOTAS, "EntityType", Echo),
    (
        ApiKey::SHARE_FETCH,
        "AcknowledgeErrorCode",
        IfAny("AcknowledgementBatches"),
    ),
    (
        ApiKey::ALTER_USER_SCRAM_CREDENTIALS,
        "Results",
        ForEach(&["Deletions", "Upsertions"]),
    ),
];

/// The exception for a field of an API, if there is one.
pub(super) fn of(api: ApiKey, field: &str) -> Option<Exception> {
    EXCEPTIONS
        .iter()
        .find(|(key, name, _)| *key == api && *name == field)
        .map(|(.., exception)| *exception)
}
