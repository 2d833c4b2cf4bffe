//! OffsetFetch, OffsetDelete and DescribeShareGroupOffsets: an error of the whole response stands beside those of partitions, and says nothing of
//! them.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field, Type};
use keg_codec::walk::WalkError;
use keg_codec::{ApiKey, ErrorCode};

use super::{Admission, Denied, Original};
use crate::namespace::topic_ids::NO_TOPIC_ID;

impl<A: Admission> Original<'_, A> {
    /// The answers for the topics that are denied.
    pub(super) fn topics(&self) -> Result<Vec<Denied>, WalkError> {
        let request = Struct::read(&self.api.request, self.version, self.body)?;
        let response = self.api.response.fields;
        let by_group = match self.api.key {
            ApiKey::OFFSET_FETCH => self.version >= 8,
            key => key == ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS,
        };
        if by_group && let Some((_, response)) = array(response, "Groups") {
            return request
                .elements("Groups")
                .filter_map(|group| {
                    let name = self.admission.admitted_group(group.bytes("GroupId"))?;
                    self.topics_of(group, response, Some(name)).transpose()
                })
                .collect();
        }
        let denied = self.topics_of(&request, response, None)?;
        Ok(denied.into_iter().collect())
    }

    /// The answers for the denied ones among the topics of `asked`; `response` is the table of what answers it.
    fn topics_of(
        &self,
        asked: &Struct,
        response: &'static [Field],
        group: Option<Box<[u8]>>,
    ) -> Result<Option<Denied>, WalkError> {
        let Some((array, topic)) = array(response, "Topics") else {
            return Ok(None);
        };
        let denied: Vec<_> = asked
            .elements("Topics")
            .filter_map(|asked| self.topic(asked, topic))
            .collect();
        if denied.is_empty() {
            return Ok(None);
        }
        let mut holder = Struct::new(response, self.version);
        holder.set("Topics", Value::Array(denied));
        let (count, elements) = holder.write_elements(array, &self.api.response, self.version)?;
        Ok(Some(Denied {
            array,
            group,
            count,
            elements,
        }))
    }

    /// The answer for a topic, if it is denied.
    fn topic(&self, asked: &Struct, table: &'static [Field]) -> Option<Value> {
        let named = asked.table().iter().find(|field| field.entity == Entity::TopicName)?;
        let (name, id) = (
            asked.bytes(named.name),
            asked.get("TopicId").filter(|id| **id != Value::Uuid(NO_TOPIC_ID)),
        );
        let code = match id {
            Some(Value::Uuid(id)) => self.admission.denied_topic(Some(id), name)?,
            Some(_) => return None,
            None => self.admission.denied_topic(None, name)?,
        };
        let (_, partition) = array(table, "Partitions")?;
        let numbers = |name| asked.get(name).and_then(Value::as_array).unwrap_or_default();
        let indexes = numbers("PartitionIndexes").iter().chain(numbers("Partitions"));
        let indexes = indexes.filter_map(Value::as_integer);
        let nested = asked
            .elements("Partitions")
            .filter_map(|it| it.get("PartitionIndex")?.as_integer());
        let partitions = indexes.chain(nested).map(|index| {
            let mut answer = Struct::new(partition, self.version);
            answer.set("PartitionIndex", Value::Integer(index));
            answer.set("CommittedOffset", Value::Integer(-1));
            answer.set("ErrorCode", Value::Integer(code.0.into()));
            if code == ErrorCode::TOPIC_AUTHORIZATION_FAILED {
                answer.set("StartOffset", Value::Integer(-1));
                answer.set(
                    "ErrorMessage",
                    self.admission.words(code).map_or(Value::Null, Value::text),
                );
            }
            Value::Struct(answer)
        });
        let mut answer = Struct::new(table, self.version);
        answer.set("Partitions", Value::Array(partitions.collect()));
        answer.set(named.name, Value::Bytes(name.to_vec()));
        answer.set("TopicId", id.cloned().unwrap_or(Value::Uuid(NO_TOPIC_ID)));
        Some(Value::Struct(answer))
    }
}

fn array(table: &'static [Field], name: &str) -> Option<(&'static Field, &'static [Field])> {
    let field = table.iter().find(|field| field.name == name)?;
    match field.ty {
        Type::Struct(nested) => Some((field, nested)),
        _ => None,
    }
}
