//! Where a name stands in a request, which decides how it is denied.

use keg_codec::schema::{Field, Type};
use keg_codec::{Api, ApiKey};

/// Where a name stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Outside of arrays: it is what the whole request is about.
    Top,
    /// In an element of a top-level array, which has an answer of its own.
    Element,
    /// A topic that is answered partition by partition, though the response has an error for the whole, too.
    Topic,
    /// In an element that only narrows what is asked for, or takes something back: it has no answer.
    Filter,
    /// Further down, where there is no place for an error of its own.
    Deeper,
}

impl Place {
    pub(crate) fn of(field: &'static Field, api: &'static Api, version: i16) -> Self {
        if is_one_of(api.request.fields, field) {
            return if field.array { Self::Element } else { Self::Top };
        }
        for array in api.request.fields {
            let Type::Struct(nested) = array.ty else { continue };
            if !array.versions.contains(version) {
                continue;
            }
            if is_one_of(nested, field) && array.array && !field.array {
                return match (api.key, array.name) {
                    (ApiKey::OFFSET_FETCH | ApiKey::OFFSET_DELETE, "Topics") => Self::Topic,
                    (ApiKey::FETCH | ApiKey::SHARE_FETCH, "ForgottenTopicsData")
                    | (ApiKey::DESCRIBE_LOG_DIRS | ApiKey::LIST_PARTITION_REASSIGNMENTS, "Topics") => Self::Filter,
                    _ => Self::Element,
                };
            }
            let is_topic_of_group = |it: &Field| match it.ty {
                Type::Struct(topic) => is_one_of(topic, field),
                _ => false,
            };
            let answers_in_groups = matches!(api.key, ApiKey::OFFSET_FETCH | ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS);
            if answers_in_groups && nested.iter().any(is_topic_of_group) {
                return Self::Topic;
            }
        }
        Self::Deeper
    }
}

/// Whether it stands in this table, and isn't only alike.
fn is_one_of(fields: &'static [Field], field: &'static Field) -> bool {
    fields.as_ptr_range().contains(&std::ptr::from_ref(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of the field at the path.
    fn place(key: ApiKey, version: i16, path: &str) -> Place {
        let api = Api::of(key).unwrap();
        let mut fields = api.request.fields;
        let mut found = None;
        for name in path.split('.') {
            let field = fields
                .iter()
                .find(|field| field.name == name && field.versions.contains(version))
                .unwrap();
            if let Type::Struct(nested) = field.ty {
                fields = nested;
            }
            found = Some(field);
        }
        Place::of(found.unwrap(), api, version)
    }

    #[test]
    fn names_are_denied_where_a_broker_would_answer_them() {
        let check = |key, version, path, expected| assert_eq!(place(key, version, path), expected, "{key:?} {path}");
        check(ApiKey::PRODUCE, 9, "TransactionalId", Place::Top);
        check(ApiKey::PRODUCE, 9, "TopicData.Name", Place::Element);
        check(ApiKey::DELETE_TOPICS, 5, "TopicNames", Place::Element);
        check(ApiKey::FETCH, 12, "Topics.Topic", Place::Element);
        check(ApiKey::FETCH, 12, "ForgottenTopicsData.Topic", Place::Filter);
        check(ApiKey::DESCRIBE_LOG_DIRS, 4, "Topics.Topic", Place::Filter);
        check(ApiKey::LIST_PARTITION_REASSIGNMENTS, 0, "Topics.Name", Place::Filter);
        check(ApiKey::OFFSET_FETCH, 7, "GroupId", Place::Top);
        check(ApiKey::OFFSET_FETCH, 7, "Topics.Name", Place::Topic);
        check(ApiKey::OFFSET_FETCH, 8, "Groups.GroupId", Place::Element);
        check(ApiKey::OFFSET_FETCH, 8, "Groups.Topics.Name", Place::Topic);
        check(ApiKey::OFFSET_DELETE, 0, "Topics.Name", Place::Topic);
        check(ApiKey::SHARE_FETCH, 2, "Topics.TopicId", Place::Element);
        check(ApiKey::SHARE_FETCH, 2, "ForgottenTopicsData.TopicId", Place::Filter);
        check(ApiKey::SHARE_ACKNOWLEDGE, 1, "Topics.TopicId", Place::Element);
        check(
            ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS,
            0,
            "Groups.GroupId",
            Place::Element,
        );
        check(
            ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS,
            1,
            "Groups.Topics.TopicName",
            Place::Topic,
        );
        check(ApiKey::SHARE_GROUP_HEARTBEAT, 1, "SubscribedTopicNames", Place::Element);
        check(ApiKey::OFFSET_COMMIT, 8, "Topics.Name", Place::Element);
        // Both stand in the same table.
        check(
            ApiKey::ADD_PARTITIONS_TO_TXN,
            3,
            "V3AndBelowTopics.Name",
            Place::Element,
        );
        check(
            ApiKey::ADD_PARTITIONS_TO_TXN,
            4,
            "Transactions.Topics.Name",
            Place::Deeper,
        );
    }
}
