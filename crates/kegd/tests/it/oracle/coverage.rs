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

    /// What was never seen of what both sides serve and what can be, and what was seen though it can't be: what is said here of
    /// what can be is wrong then.
    pub(super) fn surprises(&self, served: &BTreeMap<i16, Versions>) -> Vec<String> {
        let mut surprises = Vec::new();
        for (key, versions) in served {
            for seen in [Seen::Allowed, Seen::Denied, Seen::Mixed] {
                let was = |version: &i16| self.0.contains(&(seen, *key, *version));
                let is_surprise = |version: &i16| was(version) != can_be(seen, ApiKey(*key), *version);
                let (too_much, never): (Vec<i16>, Vec<i16>) =
                    (versions.first..=versions.last).filter(is_surprise).partition(was);
                let name = Api::of(ApiKey(*key)).map_or("?", |api| api.name);
                for (versions, how) in [(never, "was never"), (too_much, "can't be, and was")] {
                    if !versions.is_empty() {
                        surprises.push(format!("{name} {versions:?} {how} {seen:?}"));
                    }
                }
            }
        }
        surprises
    }
}

/// Whether a version can show it at all, under the rules that are drawn.
fn can_be(seen: Seen, key: ApiKey, version: i16) -> bool {
    match (seen, key) {
        // What brokers do among themselves no rule allows.
        (Seen::Allowed | Seen::Mixed, ApiKey::ADD_PARTITIONS_TO_TXN) if version >= 4 => false,
        (Seen::Allowed, _) => true,
        // The response has no place for an error yet.
        (Seen::Denied, ApiKey::DESCRIBE_LOG_DIRS) => version >= 3,
        (Seen::Denied, _) => !LISTS.contains(&key),
        (Seen::Mixed, ApiKey::FIND_COORDINATOR) => version >= 4,
        (Seen::Mixed, _) => !LISTS.contains(&key) && !ALLOWED_AS_A_WHOLE.contains(&key),
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
        assert_eq!(coverage.surprises(&served), ["OffsetCommit [8] was never Mixed"]);
        coverage.count(api, 8, &response(&[0, 30]));
        assert!(coverage.surprises(&served).is_empty());
        assert_eq!(coverage.versions(Seen::Mixed), 2);
    }

    #[test]
    fn what_was_seen_and_cannot_be_is_said() {
        let api = Api::of(ApiKey::LIST_GROUPS).unwrap();
        let served = BTreeMap::from([(api.key.0, Versions { first: 5, last: 5 })]);
        let mut coverage = Coverage::default();
        let mut response = Struct::new(api.response.fields, 5);
        coverage.count(api, 5, &response);
        assert!(coverage.surprises(&served).is_empty());
        response.set("ErrorCode", Value::Integer(31));
        coverage.count(api, 5, &response);
        assert_eq!(coverage.surprises(&served), ["ListGroups [5] can't be, and was Denied"]);
    }
}
