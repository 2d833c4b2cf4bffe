//! Requests: what passes the check is read, answered, and safe for another decoder.

#![no_main]

mod support;

use bytes::Bytes;
use keg_codec::message::Struct;
use keg_codec::walk::check;
use keg_codec::{Api, Direction, ErrorCode, RequestFrame, error_reply};
use libfuzzer_sys::fuzz_target;
use support::{Case, Choices, any_body, any_of, theirs};

fuzz_target!(|data: &[u8]| {
    let choices = &mut Choices::new(data);
    if choices.below(4) == 0 {
        let frame = Bytes::copy_from_slice(choices.rest());
        if let Ok(request) = RequestFrame::parse(frame) {
            let used = Some((request.api.key, Direction::Request));
            let (message, version) = (&request.api.request, request.version);
            body(
                Case { message, version, used },
                &request.body,
                ErrorCode::INVALID_REQUEST,
            );
        }
    } else {
        let case = any_of(Direction::Request, choices);
        let error = ErrorCode(choices.integer(2) as i16);
        body(case, &any_body(case, choices), error);
    }
});

fn body(case: Case, bytes: &[u8], error: ErrorCode) {
    let (message, version) = (case.message, case.version);
    let Some(api) = case.used.and_then(|(key, _)| Api::of(key)) else {
        return;
    };
    if let Err(refused) = check(message, version, bytes) {
        assert_eq!(Struct::read(message, version, bytes), Err(refused));
        assert_eq!(error_reply(api, version, bytes, error, None), Err(refused));
        return;
    }
    let value = Struct::read(message, version, bytes).expect("what passes the check is read");
    let written = value.write(message, version).expect("what was read can be written");
    // Unknown tags and defaults aside, nothing is longer than it was.
    assert!(written.len() <= bytes.len());
    check(message, version, &written).expect("what was written passes the check");

    let reply = error_reply(api, version, bytes, error, Some("refused")).expect("what passes the check is answered");
    check(&api.response, version, &reply).expect("an error reply passes the check");
    theirs::through_kafka_protocol(case, bytes);
}
