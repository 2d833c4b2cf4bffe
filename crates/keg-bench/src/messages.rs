//! The messages that are measured.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::Message as Table;
use keg_codec::{Api, ApiKey, Direction, ProduceHead};

use crate::Outcome;

/// A message's body, and what it is.
#[derive(Debug, Clone)]
pub struct Message {
    /// The API.
    pub api: &'static Api,
    /// Whether it is a request or a response.
    pub direction: Direction,
    /// The version of the API.
    pub version: i16,
    /// What follows the header.
    pub body: Bytes,
}

impl Message {
    fn make(
        key: ApiKey,
        direction: Direction,
        version: i16,
        fill: impl FnOnce(&mut Struct) -> Option<()>,
    ) -> Outcome<Self> {
        let api = Api::of(key).ok_or("the API is not there")?;
        let mut message = Self {
            api,
            direction,
            version,
            body: Bytes::new(),
        };
        let mut fields = Struct::new(message.table().fields, version);
        fill(&mut fields).ok_or("a field is not there")?;
        message.body = fields.write(message.table(), version)?.into();
        Ok(message)
    }

    /// The table of its fields.
    pub(crate) fn table(&self) -> &'static Table {
        match self.direction {
            Direction::Request => &self.api.request,
            Direction::Response => &self.api.response,
        }
    }
}

/// A Produce request of one batch. The walk does not look into records.
///
/// # Errors
/// When the tables don't have what it sets.
pub(crate) fn produce(version: i16, size: usize) -> Outcome<Message> {
    Message::make(ApiKey::PRODUCE, Direction::Request, version, |request| {
        request.set("Acks", Value::Integer(-1));
        set_each(request, "TopicData", version, 1, |topic, _| {
            topic.set("Name", Value::text("topic-0"));
            set_each(topic, "PartitionData", version, 1, |partition, _| {
                partition.set("Records", Value::Bytes(records(size)));
                Some(())
            })
        })
    })
}

/// The response to that.
///
/// # Errors
/// When the tables don't have what it sets.
pub(crate) fn produced(version: i16) -> Outcome<Message> {
    Message::make(ApiKey::PRODUCE, Direction::Response, version, |response| {
        set_each(response, "Responses", version, 1, |topic, _| {
            topic.set("Name", Value::text("team-a-topic-0"));
            set_each(topic, "PartitionResponses", version, 1, |_, _| Some(()))
        })
    })
}

/// A Produce request of so many topics with so many partitions each.
///
/// # Errors
/// When the tables don't have what it sets.
pub(crate) fn produce_to(version: i16, topics: usize, partitions: usize, size: usize) -> Outcome<Message> {
    Message::make(ApiKey::PRODUCE, Direction::Request, version, |request| {
        request.set("Acks", Value::Integer(-1));
        set_each(request, "TopicData", version, topics, |topic, number| {
            match ProduceHead::has_names(version) {
                true => topic.set("Name", Value::text(&format!("topic-{number}"))),
                false => topic.set("TopicId", topic_id(number)),
            };
            set_each(topic, "PartitionData", version, partitions, |partition, index| {
                partition.set("Index", Value::Integer(index));
                partition.set("Records", Value::Bytes(records(size)));
                Some(())
            })
        })
    })
}

/// A Fetch response in version 12, which names topics: 10 of 10 partitions with so many bytes of records each.
///
/// # Errors
/// When the tables don't have what it sets.
pub(crate) fn fetch_by_name(size: usize) -> Outcome<Message> {
    const VERSION: i16 = 12;
    Message::make(ApiKey::FETCH, Direction::Response, VERSION, |response| {
        set_each(response, "Responses", VERSION, 10, |topic, number| {
            topic.set("Topic", Value::text(&format!("topic-{number}")));
            set_each(topic, "Partitions", VERSION, 10, |partition, index| {
                partition.set("PartitionIndex", Value::Integer(index));
                partition.set("Records", Value::Bytes(records(size)));
                Some(())
            })
        })
    })
}

/// A Fetch response in version 16, with ids in the place of names, of one partition; and the address of a node.
///
/// # Errors
/// When the tables don't have what it sets.
pub(crate) fn fetch_by_id(size: usize) -> Outcome<Message> {
    const VERSION: i16 = 16;
    Message::make(ApiKey::FETCH, Direction::Response, VERSION, |response| {
        set_each(response, "Responses", VERSION, 1, |topic, _| {
            topic.set("TopicId", Value::Uuid([7; 16]));
            set_each(topic, "Partitions", VERSION, 1, |partition, _| {
                partition.set("Records", Value::Bytes(records(size)));
                Some(())
            })
        })?;
        set_each(response, "NodeEndpoints", VERSION, 1, node)
    })
}

/// A Metadata request in version 12 for so many topics, as clients name them.
///
/// # Errors
/// When the tables don't have what it sets.
pub(crate) fn metadata_request(topics: usize) -> Outcome<Message> {
    const VERSION: i16 = 12;
    Message::make(ApiKey::METADATA, Direction::Request, VERSION, |request| {
        set_each(request, "Topics", VERSION, topics, |topic, number| {
            topic.set("Name", Value::text(&format!("topic-{number}")));
            Some(())
        })
    })
}

/// A Metadata response in version 12 of three brokers and so many topics with so many partitions each.
///
/// # Errors
/// When the tables don't have what it sets.
pub(crate) fn metadata(topics: usize, partitions: usize) -> Outcome<Message> {
    const VERSION: i16 = 12;
    let replicas = || Value::Array((1..=3).map(Value::Integer).collect());
    Message::make(ApiKey::METADATA, Direction::Response, VERSION, |response| {
        set_each(response, "Brokers", VERSION, 3, node)?;
        set_each(response, "Topics", VERSION, topics, |topic, number| {
            topic.set("Name", Value::text(&format!("team-a-topic-{number}")));
            topic.set("TopicId", topic_id(number));
            set_each(topic, "Partitions", VERSION, partitions, |partition, index| {
                partition.set("PartitionIndex", Value::Integer(index));
                partition.set("LeaderId", Value::Integer(1));
                partition.set("ReplicaNodes", replicas());
                partition.set("IsrNodes", replicas());
                Some(())
            })
        })
    })
}

fn topic_id(number: i64) -> Value {
    Value::Uuid((i128::from(number) + 1).to_be_bytes())
}

fn node(node: &mut Struct, number: i64) -> Option<()> {
    node.set("NodeId", Value::Integer(number + 1));
    node.set("Host", Value::text("broker.internal.example"));
    node.set("Port", Value::Integer(9092));
    Some(())
}

fn records(size: usize) -> Vec<u8> {
    vec![0; size]
}

/// Fills an array with so many elements; `None` when a field isn't there.
fn set_each(
    of: &mut Struct,
    array: &str,
    version: i16,
    count: usize,
    fill: impl Fn(&mut Struct, i64) -> Option<()>,
) -> Option<()> {
    let element = |number: usize| {
        let mut element = of.nested(array, version)?;
        fill(&mut element, i64::try_from(number).ok()?)?;
        Some(Value::Struct(element))
    };
    let elements = (0..count).map(element).collect::<Option<Vec<_>>>()?;
    of.set(array, Value::Array(elements)).then_some(())
}
