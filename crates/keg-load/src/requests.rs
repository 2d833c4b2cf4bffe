//! Requests, as frames that are sent again and again, and responses.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey, ResponseFrame, header};

use crate::Outcome;

/// Where the correlation id stands in a request's frame, whose length is at its beginning.
pub(crate) const CORRELATION_ID: std::ops::Range<usize> = 8..12;

/// A topic as requests name it.
#[derive(Debug, Clone)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: [u8; 16],
    pub(crate) partitions: i32,
}

/// An API in a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) api: &'static Api,
    pub(crate) version: i16,
}

impl Call {
    pub(crate) fn new(key: ApiKey, version: i16) -> Outcome<Self> {
        let api = Api::of(key).ok_or_else(|| format!("no {key} in the tables"))?;
        Ok(Self { api, version })
    }

    /// The request's fields, with their defaults.
    pub(crate) fn request(self) -> Struct {
        Struct::new(self.api.request.fields, self.version)
    }

    pub(crate) fn frame(self, request: &Struct) -> Outcome<Vec<u8>> {
        let head = header::request_head(self.api, self.version, b"keg-load");
        let body = request.write(&self.api.request, self.version)?;
        let length = i32::try_from(head.len() + body.len())?;
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend(&head);
        frame.extend(body);
        Ok(frame)
    }

    /// Reads a response's frame, without its length.
    pub(crate) fn response(self, frame: Vec<u8>) -> Outcome<Struct> {
        let (_, body) = ResponseFrame::parse(Bytes::from(frame))?.split(self.api, self.version)?;
        Ok(Struct::read(&self.api.response, self.version, &body)?)
    }
}

/// The error codes in a response, at any depth, that are not 0.
pub(crate) fn errors(response: &Struct) -> Vec<i64> {
    let mut found = Vec::new();
    for (field, value) in response.iter() {
        match value {
            Value::Integer(code) if field.name == "ErrorCode" && *code != 0 => found.push(*code),
            Value::Struct(nested) => found.extend(errors(nested)),
            Value::Array(elements) => found.extend(elements.iter().filter_map(Value::as_struct).flat_map(errors)),
            _ => {}
        }
    }
    found
}

/// A Produce request with the same batch for each of these partitions of topics.
pub(crate) fn produce(call: Call, topics: &[(&Topic, Vec<i32>)], acks: i16, batch: &[u8]) -> Outcome<Vec<u8>> {
    let mut request = call.request();
    request.set("Acks", Value::Integer(acks.into()));
    request.set("TimeoutMs", Value::Integer(30_000));
    let mut all = Vec::new();
    for (topic, partitions) in topics {
        let mut data = nested(&request, "TopicData", call)?;
        data.set("Name", Value::text(&topic.name));
        data.set("TopicId", Value::Uuid(topic.id));
        let mut elements = Vec::new();
        for partition in partitions {
            let mut element = nested(&data, "PartitionData", call)?;
            element.set("Index", Value::Integer((*partition).into()));
            element.set("Records", Value::Bytes(batch.to_vec()));
            elements.push(Value::Struct(element));
        }
        data.set("PartitionData", Value::Array(elements));
        all.push(Value::Struct(data));
    }
    request.set("TopicData", Value::Array(all));
    call.frame(&request)
}

/// A Fetch request of all partitions of topics from an offset on, without a session.
pub(crate) fn fetch(call: Call, topics: &[Topic], offset: i64, partition_max_bytes: i32) -> Outcome<Vec<u8>> {
    let mut request = call.request();
    request.set("MaxWaitMs", Value::Integer(500));
    request.set("MinBytes", Value::Integer(1));
    request.set("MaxBytes", Value::Integer(50 << 20));
    let mut all = Vec::new();
    for topic in topics {
        let mut asked = nested(&request, "Topics", call)?;
        asked.set("Topic", Value::text(&topic.name));
        asked.set("TopicId", Value::Uuid(topic.id));
        let mut elements = Vec::new();
        for partition in 0..topic.partitions {
            let mut element = nested(&asked, "Partitions", call)?;
            element.set("Partition", Value::Integer(partition.into()));
            element.set("FetchOffset", Value::Integer(offset));
            element.set("PartitionMaxBytes", Value::Integer(partition_max_bytes.into()));
            elements.push(Value::Struct(element));
        }
        asked.set("Partitions", Value::Array(elements));
        all.push(Value::Struct(asked));
    }
    request.set("Topics", Value::Array(all));
    call.frame(&request)
}

pub(crate) fn nested(parent: &Struct, field: &str, call: Call) -> Outcome<Struct> {
    let nested = parent.nested(field, call.version);
    nested.ok_or_else(|| format!("{} has no {field}", call.api.name).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_produce_request_is_one_that_the_codec_reads() {
        let topic = |id| Topic {
            name: format!("t{id}"),
            id: [id; 16],
            partitions: 2,
        };
        let topics = [topic(7), topic(8)];
        for version in [9, 12, 13] {
            let call = Call::new(ApiKey::PRODUCE, version).unwrap();
            let frame = produce(
                call,
                &topics.each_ref().map(|topic| (topic, vec![0, 1])),
                -1,
                &crate::batch::batch(2, 10),
            )
            .unwrap();
            assert_eq!(
                frame.len() - 4,
                u32::from_be_bytes(frame[..4].try_into().unwrap()) as usize
            );
            let request = keg_codec::RequestFrame::parse(Bytes::from(frame[4..].to_vec())).unwrap();
            assert_eq!(
                (request.api.key, request.version, request.correlation_id),
                (ApiKey::PRODUCE, version, 0)
            );
            let request = Struct::read(&call.api.request, version, &request.body).unwrap();
            let partitions = request
                .elements("TopicData")
                .map(|it| it.elements("PartitionData").count());
            assert_eq!(partitions.collect::<Vec<_>>(), [2, 2]);
        }
    }

    #[test]
    fn errors_are_found_at_any_depth() {
        let call = Call::new(ApiKey::METADATA, 12).unwrap();
        let mut response = Struct::new(call.api.response.fields, 12);
        assert!(errors(&response).is_empty());
        let mut topic = response.nested("Topics", 12).unwrap();
        topic.set("ErrorCode", Value::Integer(3));
        response.set("Topics", Value::Array(vec![Value::Struct(topic)]));
        assert_eq!(errors(&response), [3]);
    }
}
