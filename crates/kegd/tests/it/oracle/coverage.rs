//! What of the rules was seen to be enforced: by API and version, something that is allowed, something that is denied, and
//! both in one response.

use std::collections::{BTreeMap, BTreeSet};

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Versions};
use keg_codec::{Api, ApiKey};

/// What brokers say of something denied.
pub(super) const DENIALS: [i64; 4] = [29, 30, 31, 53];

/// What a response shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seen {
    Allowed,
    Denied,
    Mixed,
}

#[derive(Debug, Default)]
pub(super) struct Coverage(BTreeSet<(Seen, i16, i16)>);

impl Coverage {
    pub(super) fn count(&mut self, api: &Api, version: i16, response: &Struct) {
        let leaves = leaves(response);
        let denied = leaves.iter().any(|code| DENIALS.contains(code));
        let allowed = leaves.contains(&0) || leaves.is_empty();
        let mut see = |seen| self.0.insert((seen, api.key.0, version));
        if denied {
            see(Seen::Denied);
        }
        if allowed {
            see(Seen::Allowed);
        }
        if denied && allowed {
            see(Seen::Mixed);
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// In how many versions it was seen.
    pub(super) fn versions(&self, seen: Seen) -> usize {
        self.0.iter().filter(|it| it.0 == seen).count()
    }

    /// What was never seen of what both sides serve and what can be.
    pub(super) fn missing(&self, served: &BTreeMap<i16, Versions>) -> Vec<String> {
        let mut missing = Vec::new();
        for (key, versions) in served {
            for seen in [Seen::Allowed, Seen::Denied, Seen::Mixed] {
                let is_missing =
                    |version: &i16| !self.0.contains(&(seen, *key, *version)) && can_be(seen, *key, *version);
                let never: Vec<_> = (versions.first..=versions.last).filter(is_missing).collect();
                if !never.is_empty() {
                    let name = Api::of(ApiKey(*key)).map_or("?", |api| api.name);
                    missing.push(format!("{name} {never:?} was never {seen:?}"));
                }
            }
        }
        missing
    }
}

/// Whether a version can show it at all.
fn can_be(seen: Seen, key: i16, version: i16) -> bool {
    let key = ApiKey(key);
    match seen {
        Seen::Allowed => true,
        // What may not be seen is left out of lists.
        Seen::Denied => !LISTS.contains(&key),
        Seen::Mixed => match key {
            ApiKey::FIND_COORDINATOR => version >= 4,
            _ => !LISTS.contains(&key) && !ALLOWED_AS_A_WHOLE.contains(&key),
        },
    }
}

/// What brokers answer without what the client may not see.
pub(super) const LISTS: [ApiKey; 3] = [ApiKey::DESCRIBE_CLUSTER, ApiKey::LIST_GROUPS, ApiKey::LIST_TRANSACTIONS];

/// Requests about one thing, or of which all is denied where some is.
const ALLOWED_AS_A_WHOLE: [ApiKey; 17] = [
    ApiKey::ADD_OFFSETS_TO_TXN,
    ApiKey::ADD_PARTITIONS_TO_TXN,
    ApiKey::ALTER_PARTITION_REASSIGNMENTS,
    ApiKey::CONSUMER_GROUP_HEARTBEAT,
    ApiKey::DESCRIBE_LOG_DIRS,
    ApiKey::ELECT_LEADERS,
    ApiKey::END_TXN,
    ApiKey::HEARTBEAT,
    ApiKey::INIT_PRODUCER_ID,
    ApiKey::JOIN_GROUP,
    ApiKey::LEAVE_GROUP,
    ApiKey::LIST_CONFIG_RESOURCES,
    ApiKey::LIST_PARTITION_REASSIGNMENTS,
    ApiKey::SHARE_GROUP_HEARTBEAT,
    ApiKey::STREAMS_GROUP_HEARTBEAT,
    ApiKey::SYNC_GROUP,
    ApiKey::STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE,
];

/// The error codes that say something of one thing each: those that stand beside others, which are about parts, don't.
fn leaves(fields: &Struct) -> Vec<i64> {
    let mut own = Vec::new();
    let mut of_parts = Vec::new();
    for (field, value) in fields.iter() {
        match value {
            Value::Integer(code) if field.entity == Entity::ErrorCode => own.push(*code),
            Value::Struct(nested) => of_parts.extend(leaves(nested)),
            Value::Array(elements) => of_parts.extend(elements.iter().filter_map(Value::as_struct).flat_map(leaves)),
            _ => {}
        }
    }
    let is_refused = own.iter().any(|code| *code != 0);
    if of_parts.is_empty() || is_refused {
        own
    } else {
        of_parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An OffsetCommit response with these errors, a partition each.
    fn response(codes: &[i64]) -> Struct {
        let api = Api::of(ApiKey::OFFSET_COMMIT).unwrap();
        let mut response = Struct::new(api.response.fields, 8);
        let mut topic = response.nested("Topics", 8).unwrap();
        let partitions = codes.iter().map(|code| {
            let mut partition = topic.nested("Partitions", 8).unwrap();
            partition.set("ErrorCode", Value::Integer(*code));
            Value::Struct(partition)
        });
        let partitions = partitions.collect();
        topic.set("Partitions", Value::Array(partitions));
        response.set("Topics", Value::Array(vec![Value::Struct(topic)]));
        response
    }

    #[test]
    fn a_version_is_missing_until_it_was_allowed_denied_and_both_at_once() {
        let api = Api::of(ApiKey::OFFSET_COMMIT).unwrap();
        let served = BTreeMap::from([(api.key.0, Versions { first: 7, last: 8 })]);
        let mut coverage = Coverage::default();
        coverage.count(api, 8, &response(&[0, 0]));
        coverage.count(api, 8, &response(&[29, 3]));
        coverage.count(api, 7, &response(&[29, 0]));
        assert_eq!(coverage.missing(&served), ["OffsetCommit [8] was never Mixed"]);
        coverage.count(api, 8, &response(&[0, 30]));
        assert!(coverage.missing(&served).is_empty());
        assert_eq!(coverage.versions(Seen::Mixed), 2);
    }
}
