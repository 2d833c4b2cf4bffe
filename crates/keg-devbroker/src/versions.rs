//! The APIs and versions that the broker serves.

use kafka_protocol::messages::ApiKey;

/// The versions of one API that the broker serves, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupportedVersions {
    /// The API.
    pub api_key: ApiKey,
    /// The oldest version.
    pub min: i16,
    /// The newest version.
    pub max: i16,
}

impl SupportedVersions {
    pub(crate) fn contains(&self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }

    /// The oldest version to advertise.
    ///
    /// Produce is advertised from version 0, although 0 to 2 are refused, as real brokers do: old
    /// librdkafka turns compression off otherwise (KAFKA-18659).
    pub(crate) fn advertised_min(&self) -> i16 {
        match self.api_key {
            ApiKey::Produce => 0,
            _ => self.min,
        }
    }
}

const SUPPORTED: &[SupportedVersions] = &[
    versions(ApiKey::Produce, 3, 13),
    versions(ApiKey::Fetch, 4, 18),
    versions(ApiKey::ListOffsets, 1, 10),
    versions(ApiKey::Metadata, 0, 13),
    versions(ApiKey::OffsetCommit, 2, 9),
    versions(ApiKey::OffsetFetch, 1, 9),
    // Version 6 brings the coordinators of share groups, which don't exist here.
    versions(ApiKey::FindCoordinator, 0, 5),
    versions(ApiKey::JoinGroup, 0, 9),
    versions(ApiKey::Heartbeat, 0, 4),
    versions(ApiKey::LeaveGroup, 0, 5),
    versions(ApiKey::SyncGroup, 0, 5),
    versions(ApiKey::DescribeGroups, 0, 6),
    versions(ApiKey::ListGroups, 0, 5),
    versions(ApiKey::ApiVersions, 0, 4),
    versions(ApiKey::CreateTopics, 2, 7),
    versions(ApiKey::DeleteTopics, 1, 6),
    versions(ApiKey::DeleteRecords, 0, 2),
    versions(ApiKey::InitProducerId, 0, 5),
    versions(ApiKey::OffsetForLeaderEpoch, 2, 4),
    versions(ApiKey::DescribeConfigs, 1, 4),
    versions(ApiKey::CreatePartitions, 0, 3),
    versions(ApiKey::DeleteGroups, 0, 2),
    versions(ApiKey::IncrementalAlterConfigs, 0, 1),
    versions(ApiKey::OffsetDelete, 0, 0),
    versions(ApiKey::DescribeCluster, 0, 2),
];

const fn versions(api_key: ApiKey, min: i16, max: i16) -> SupportedVersions {
    SupportedVersions { api_key, min, max }
}

/// Every API that the broker serves; what is not in the list is answered with `UNSUPPORTED_VERSION`.
pub fn supported_versions() -> &'static [SupportedVersions] {
    SUPPORTED
}

/// The versions of one API; `None` if the broker lacks it.
pub(crate) fn of(api_key: i16) -> Option<SupportedVersions> {
    SUPPORTED
        .iter()
        .find(|versions| versions.api_key as i16 == api_key)
        .copied()
}
