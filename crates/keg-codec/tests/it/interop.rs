//! Against kafka-protocol, which has its own code for every message.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use keg_codec::Direction;
use keg_codec::message::Struct;
use keg_codec::walk::check;

use crate::support::mutate::mutate;
use crate::support::{Case, every_message, for_messages, generate};

/// Whether kafka-protocol has this version of the message.
fn known(case: Case) -> bool {
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

/// Decodes a message with kafka-protocol, and encodes what came of it; `None` when it refuses the message.
fn through_kafka_protocol(case: Case, body: &[u8]) -> Option<BytesMut> {
    let (key, direction) = theirs(case).unwrap();
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
    assert!(body.is_empty(), "kafka-protocol leaves {} bytes", body.len());
    Some(out)
}

#[test]
fn kafka_protocol_reads_what_is_written_and_writes_what_is_read() {
    for_messages(every_message().filter(|case| known(*case)), |case, choices| {
        let value = generate::message(case, choices);
        let body = value.write(case.message, case.version).unwrap();
        let out = through_kafka_protocol(case, &body).expect("kafka-protocol reads it");
        check(case.message, case.version, &out).unwrap();
        assert_eq!(Struct::read(case.message, case.version, &out).unwrap(), value);
    });
}

#[test]
fn what_passes_the_check_is_safe_for_the_decoders_of_kafka_protocol() {
    for_messages(every_message().filter(|case| known(*case)), |case, choices| {
        let mut body = generate::message(case, choices)
            .write(case.message, case.version)
            .unwrap();
        mutate(&mut body, choices);
        if check(case.message, case.version, &body).is_ok()
            && let Some(out) = through_kafka_protocol(case, &body)
        {
            check(case.message, case.version, &out).unwrap();
        }
    });
}

#[test]
fn kafka_protocol_has_most_messages() {
    let all = every_message().count();
    let known = every_message().filter(|case| known(*case)).count();
    assert!(known * 10 > all * 8, "{known} of {all}");
}
