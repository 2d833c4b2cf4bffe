//! The same changes by the crate `kafka-protocol`: a message is decoded to structures, changed, and encoded again.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{FetchResponse, MetadataResponse, ProduceRequest, TopicName};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use keg_bench::{HOST, Message, Outcome, PORT, PREFIX};
use keg_codec::ApiKey;

/// The message with other names and addresses.
///
/// # Errors
/// When it can't be decoded or encoded, or is of an API that isn't measured.
pub(crate) fn rewrite(message: &Message) -> Outcome<Bytes> {
    match message.api.key {
        ApiKey::PRODUCE => change(message, |request: &mut ProduceRequest| {
            for topic in &mut request.topic_data {
                topic.name = prefixed(&topic.name);
            }
        }),
        ApiKey::FETCH => change(message, |response: &mut FetchResponse| {
            for topic in &mut response.responses {
                if !topic.topic.is_empty() {
                    topic.topic = prefixed(&topic.topic);
                }
            }
            for node in &mut response.node_endpoints {
                node.host = StrBytes::from_static_str(HOST);
                node.port = PORT.into();
            }
        }),
        ApiKey::METADATA => change(message, |response: &mut MetadataResponse| {
            for broker in &mut response.brokers {
                broker.host = StrBytes::from_static_str(HOST);
                broker.port = PORT.into();
            }
            for topic in &mut response.topics {
                topic.name = topic.name.as_ref().map(prefixed);
            }
        }),
        key => Err(format!("{key:?} is not measured").into()),
    }
}

fn change<T: Decodable + Encodable>(message: &Message, edit: impl FnOnce(&mut T)) -> Outcome<Bytes> {
    let mut decoded = T::decode(&mut message.body.clone(), message.version)?;
    edit(&mut decoded);
    let mut encoded = BytesMut::with_capacity(decoded.compute_size(message.version)?);
    decoded.encode(&mut encoded, message.version)?;
    Ok(encoded.freeze())
}

fn prefixed(name: &TopicName) -> TopicName {
    StrBytes::from_string(format!("{PREFIX}{}", name.as_str())).into()
}
