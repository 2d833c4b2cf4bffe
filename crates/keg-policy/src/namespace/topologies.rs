//! Topologies of streams groups (KIP-1071): the topics that a Kafka Streams application reads, writes, and has made.

use keg_codec::schema::{Entity, Field};
use keg_codec::walk::Edit;
use keg_codec::{ApiKey, ErrorCode};

use super::names::{Names, unauthorized};

/// Makes a topic of a topology the backend's; or why the application may not have it.
///
/// Repartition and changelog topics have a number of partitions and a configuration beside their names: the broker makes
/// those that aren't there, which is not for others' names.
pub(super) fn admit<'a>(names: &'a Names, field: &'static Field, name: &[u8]) -> Result<Edit<'a>, ErrorCode> {
    let is_made = !field.array;
    if is_made && names.is_additional(Entity::TopicName, name) {
        return Err(unauthorized(Entity::TopicName));
    }
    names
        .admit(ApiKey::STREAMS_GROUP_HEARTBEAT, Entity::TopicName, name)
        .map_err(|code| match code {
            ErrorCode::INVALID_TOPIC_EXCEPTION => ErrorCode::STREAMS_INVALID_TOPOLOGY,
            code => code,
        })
}
