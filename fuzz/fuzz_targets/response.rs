//! Responses: what passes the check is read, written, and safe for another decoder.

#![no_main]

mod support;

use keg_codec::Direction;
use keg_codec::message::Struct;
use keg_codec::walk::check;
use libfuzzer_sys::fuzz_target;
use support::{Choices, any_body, any_of, theirs};

fuzz_target!(|data: &[u8]| {
    let choices = &mut Choices::new(data);
    let case = any_of(Direction::Response, choices);
    let bytes = any_body(case, choices);
    let (message, version) = (case.message, case.version);
    if let Err(refused) = check(message, version, &bytes) {
        assert_eq!(Struct::read(message, version, &bytes), Err(refused));
        return;
    }
    let value = Struct::read(message, version, &bytes).expect("what passes the check is read");
    let written = value.write(message, version).expect("what was read can be written");
    assert!(written.len() <= bytes.len());
    check(message, version, &written).expect("what was written passes the check");
    theirs::through_kafka_protocol(case, &bytes);
});
