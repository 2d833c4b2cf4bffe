//! The same messages in kafka-protocol, which has its own code for each of them.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use keg_codec::Direction;
use keg_codec::schema::{Field, Type};

use super::Case;

/// Whether kafka-protocol has this version of the message.
pub(crate) fn known(case: Case) -> bool {
    theirs(case).is_some()
}

fn theirs(case: Case) -> Option<(ApiKey, Direction)> {
    let (key, direction) = case.used?;
    let key = ApiKey::try_from(key.0).ok()?;
    let versions = key.valid_versions();
    // It claims one version more than its messages have.
    let last = match key {
        ApiKey::OffsetCommit | ApiKey::OffsetFetch | ApiKey::InitProducerId => versions.max - 1,
        _ => versions.max,
    };
    (versions.min <= case.version && case.version <= last).then_some((key, direction))
}

/// Decodes a message with kafka-protocol, and encodes what came of it; `None` when it refuses or lacks the message.
pub(crate) fn through_kafka_protocol(case: Case, body: &[u8]) -> Option<BytesMut> {
    let (key, direction) = theirs(case)?;
    let (mut body, mut out) = (Bytes::copy_from_slice(body), BytesMut::new());
    match direction {
        Direction::Request => {
            let theirs = RequestKind::decode(key, &mut body, case.version).ok()?;
            theirs.encode(&mut out, case.version).unwrap();
        }
        Direction::Response => {
            let theirs = ResponseKind::decode(key, &mut body, case.version).ok()?;
            theirs.encode(&mut out, case.version).unwrap();
        }
    }
    let (name, version) = (case.message.name, case.version);
    // Kafka takes a structure for null if a byte before it is negative, and kafka-protocol if it isn't 1.
    if !body.is_empty() && has_nullable_structure(case.message.fields, version) {
        return None;
    }
    assert!(
        body.is_empty(),
        "kafka-protocol leaves {} bytes of {name} {version}",
        body.len()
    );
    Some(out)
}

fn has_nullable_structure(fields: &[Field], version: i16) -> bool {
    fields.iter().any(|field| match field.ty {
        Type::Struct(nested) => {
            !field.array && field.nullable.contains(version) || has_nullable_structure(nested, version)
        }
        _ => false,
    })
}
