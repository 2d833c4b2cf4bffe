//! What the tests of policies have in common.

use std::sync::Arc;

use bytes::Bytes;
use keg_codec::header::request_head;
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};
use proptest::prelude::*;

use crate::addresses::AddressBook;
use crate::connection::Connection;
use crate::message::{Request, Streams};

/// The topics that [`produce`] makes requests for: of each of them, the id is [its](id).
pub(crate) const TOPICS: [&str; 4] = ["orders", "audit", "secret", ""];

/// Knows no addresses.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl AddressBook for Nowhere {
    fn advertise(&self, _: i32) -> Result<(Arc<str>, u16), String> {
        Err("nowhere".to_owned())
    }

    fn learn(&self, _: i32, _: &str, _: u16) {}
}

pub(crate) fn connection() -> Arc<Connection> {
    Arc::new(Connection::new("team", "User:ann", Arc::new(Nowhere)))
}

/// The id of a topic; the last one has none.
pub(crate) fn id(topic: usize) -> [u8; 16] {
    match topic + 1 == TOPICS.len() {
        true => [0; 16],
        false => [topic as u8 + 1; 16],
    }
}

/// A Produce request whose partitions may have a batch, of a transaction or not. Bytes may follow it, or be missing.
pub(crate) fn request(
    version: i16,
    topics: &[(usize, Vec<Option<bool>>)],
    transactional: bool,
    wrong: i8,
    tagged: bool,
) -> Request {
    let api = Api::of(ApiKey::PRODUCE).unwrap();
    let mut fields = Struct::new(api.request.fields, version);
    fields.set(
        "TransactionalId",
        if transactional { Value::text("tx") } else { Value::Null },
    );
    fields.set("Acks", Value::Integer(1));
    let topics = topics.iter().map(|(topic, batches)| {
        let mut fields = fields.nested("TopicData", version).unwrap();
        fields.set("Name", Value::text(TOPICS[*topic]));
        fields.set("TopicId", Value::Uuid(id(*topic)));
        let partitions = batches.iter().map(|batch| {
            let mut partition = fields.nested("PartitionData", version).unwrap();
            let records = batch.map(|transactional| {
                let mut batch = vec![0; 61];
                batch[16] = 2;
                batch[22] = if transactional { 0x10 } else { 0 };
                Value::Bytes(batch)
            });
            partition.set("Records", records.unwrap_or(Value::Null));
            Value::Struct(partition)
        });
        let partitions = partitions.collect();
        fields.set("PartitionData", Value::Array(partitions));
        Value::Struct(fields)
    });
    let topics = topics.collect();
    fields.set("TopicData", Value::Array(topics));
    let mut body = fields.write(&api.request, version).unwrap();
    if tagged && api.request.flexible.contains(version) {
        body.pop();
        body.extend([1, 9, 1, 0]);
    }
    body.resize(body.len().saturating_add_signed(wrong.into()), 0);
    Request {
        api,
        version,
        correlation_id: 1,
        head: request_head(api, version, b"me"),
        body: Bytes::from(body).into(),
        rest: None,
        streams: Streams::Unseen,
    }
}

prop_compose! {
    /// Produce requests, of which many are ordinary ones.
    pub(crate) fn produce()(
        version in prop_oneof![3_i16..=13, Just(13)],
        topics in prop::collection::vec(
            (0..TOPICS.len(), prop::collection::vec(prop::option::weighted(0.9, prop::bool::weighted(0.1)), 0..3)),
            0..4,
        ),
        transactional in prop::bool::weighted(0.1),
        wrong in prop_oneof![9 => Just(0_i8), 1 => -3_i8..=3],
        tagged in prop::bool::weighted(0.1),
    ) -> Request {
        request(version, &topics, transactional, wrong, tagged)
    }
}
