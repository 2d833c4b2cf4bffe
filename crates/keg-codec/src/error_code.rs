//! Kafka's error codes, as far as keg gives them.

/// One of Kafka's error codes (`org.apache.kafka.common.protocol.Errors`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub i16);

impl ErrorCode {
    /// UNKNOWN_SERVER_ERROR: anything that has no code of its own.
    pub const UNKNOWN_SERVER_ERROR: Self = Self(-1);
    /// No error.
    pub const NONE: Self = Self(0);
    /// UNKNOWN_TOPIC_OR_PARTITION: no such topic here. Retriable.
    pub const UNKNOWN_TOPIC_OR_PARTITION: Self = Self(3);
    /// COORDINATOR_NOT_AVAILABLE. Retriable.
    pub const COORDINATOR_NOT_AVAILABLE: Self = Self(15);
    /// INVALID_TOPIC_EXCEPTION: the name is not one that a topic can have.
    pub const INVALID_TOPIC_EXCEPTION: Self = Self(17);
    /// INVALID_GROUP_ID.
    pub const INVALID_GROUP_ID: Self = Self(24);
    /// REBALANCE_IN_PROGRESS: the member is to join again.
    pub const REBALANCE_IN_PROGRESS: Self = Self(27);
    /// TOPIC_AUTHORIZATION_FAILED.
    pub const TOPIC_AUTHORIZATION_FAILED: Self = Self(29);
    /// GROUP_AUTHORIZATION_FAILED.
    pub const GROUP_AUTHORIZATION_FAILED: Self = Self(30);
    /// CLUSTER_AUTHORIZATION_FAILED.
    pub const CLUSTER_AUTHORIZATION_FAILED: Self = Self(31);
    /// UNSUPPORTED_SASL_MECHANISM: the broker doesn't offer it.
    pub const UNSUPPORTED_SASL_MECHANISM: Self = Self(33);
    /// ILLEGAL_SASL_STATE: this is not the time, or not the connection, for SASL.
    pub const ILLEGAL_SASL_STATE: Self = Self(34);
    /// UNSUPPORTED_VERSION: this version of the API is not served.
    pub const UNSUPPORTED_VERSION: Self = Self(35);
    /// TOPIC_ALREADY_EXISTS: there is a topic of this name.
    pub const TOPIC_ALREADY_EXISTS: Self = Self(36);
    /// INVALID_REQUEST: the request makes no sense.
    pub const INVALID_REQUEST: Self = Self(42);
    /// POLICY_VIOLATION: a policy of the operator forbids it.
    pub const POLICY_VIOLATION: Self = Self(44);
    /// TRANSACTIONAL_ID_AUTHORIZATION_FAILED.
    pub const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Self = Self(53);
    /// SECURITY_DISABLED: the broker has no authorizer.
    pub const SECURITY_DISABLED: Self = Self(54);
    /// SASL_AUTHENTICATION_FAILED: the credentials are wrong.
    pub const SASL_AUTHENTICATION_FAILED: Self = Self(58);
    /// GROUP_ID_NOT_FOUND.
    pub const GROUP_ID_NOT_FOUND: Self = Self(69);
    /// FETCH_SESSION_ID_NOT_FOUND. Retriable.
    pub const FETCH_SESSION_ID_NOT_FOUND: Self = Self(70);
    /// UNKNOWN_TOPIC_ID. Retriable.
    pub const UNKNOWN_TOPIC_ID: Self = Self(100);
    /// SHARE_SESSION_NOT_FOUND. Retriable.
    pub const SHARE_SESSION_NOT_FOUND: Self = Self(122);
    /// INVALID_REGULAR_EXPRESSION.
    pub const INVALID_REGULAR_EXPRESSION: Self = Self(128);
    /// STREAMS_INVALID_TOPOLOGY.
    pub const STREAMS_INVALID_TOPOLOGY: Self = Self(130);
}
