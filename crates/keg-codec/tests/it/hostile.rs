//! What peers send that are broken or mean harm.

pub(crate) mod bodies;

use bytes::{Bytes, BytesMut};
use keg_codec::frame::{self, FrameError, MAX_UNAUTHENTICATED_FRAME};
use keg_codec::header::HeaderError;
use keg_codec::message::Struct;
use keg_codec::walk::{WalkError, check};
use keg_codec::{Api, ApiKey, ErrorCode, RequestFrame, ResponseFrame, error_reply};

use bodies::{BODIES, HEADERS};

#[test]
fn hostile_bodies_are_refused_for_what_they_are() {
    for body in BODIES {
        let api = Api::of(body.api).unwrap();
        let message = api.message(body.direction);
        assert_eq!(
            check(message, body.version, body.bytes),
            Err(body.error),
            "{}",
            body.what
        );
        assert_eq!(
            Struct::read(message, body.version, body.bytes),
            Err(body.error),
            "{}",
            body.what
        );
    }
}

#[test]
fn a_hostile_request_has_no_error_reply_to_build_from_it() {
    let body = &BODIES[0];
    let reply = error_reply(
        Api::of(body.api).unwrap(),
        body.version,
        body.bytes,
        ErrorCode::INVALID_REQUEST,
        None,
    );
    assert_eq!(reply, Err(body.error));
}

#[test]
fn hostile_headers_are_refused_for_what_they_are() {
    for (what, bytes, expected) in HEADERS {
        let error = RequestFrame::parse(Bytes::from_static(bytes)).unwrap_err();
        assert!(
            matches!(error, HeaderError::Malformed(found) if found == *expected),
            "{what}: {error:?}"
        );
    }
}

#[test]
fn every_truncated_request_header_is_refused() {
    let whole = [0, 3, 0, 9, 0, 0, 0, 7, 0, 2, b'm', b'e', 1, 5, 2, 8, 8];
    for length in 0..whole.len() {
        let error = RequestFrame::parse(Bytes::copy_from_slice(&whole[..length])).unwrap_err();
        assert!(matches!(error, HeaderError::Malformed(_)), "{length}: {error:?}");
    }
    assert!(RequestFrame::parse(Bytes::copy_from_slice(&whole)).is_ok());
}

#[test]
fn every_truncated_response_header_is_refused() {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let whole = [0, 0, 0, 7, 1, 5, 2, 8, 8];
    let split = |length| ResponseFrame::parse(Bytes::copy_from_slice(&whole[..length]))?.split(api, 9);
    for length in 0..whole.len() {
        split(length).unwrap_err();
    }
    let (head, body) = split(whole.len()).unwrap();
    assert_eq!((&*head, &*body), (&whole[..], &[][..]));
}

#[test]
fn a_claimed_frame_length_is_held_against_the_limit_before_its_bytes_are_there() {
    let decode = |length: i32| {
        frame::decode(
            &mut BytesMut::from(&length.to_be_bytes()[..]),
            MAX_UNAUTHENTICATED_FRAME,
        )
    };
    assert_eq!(decode(512 * 1024), Ok(None));
    assert_eq!(
        decode(512 * 1024 + 1),
        Err(FrameError::TooLarge {
            length: 512 * 1024 + 1,
            limit: MAX_UNAUTHENTICATED_FRAME
        })
    );
    assert!(matches!(decode(i32::MAX), Err(FrameError::TooLarge { .. })));
    assert_eq!(decode(i32::MIN), Err(FrameError::Negative { length: i32::MIN }));
}

#[test]
fn a_version_outside_of_the_api_is_told_with_its_correlation_id() {
    for (key, version) in [(18, 99), (18, -1), (0, 2), (3, i16::MAX), (3, i16::MIN)] {
        let mut frame = BytesMut::new();
        for part in [i16::to_be_bytes(key), i16::to_be_bytes(version), [0, 0], [0, 42]] {
            frame.extend_from_slice(&part);
        }
        let error = RequestFrame::parse(frame.freeze()).unwrap_err();
        assert!(
            matches!(error, HeaderError::UnknownVersion { correlation_id: 42, .. }),
            "{error:?}"
        );
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let said = |error: WalkError| error.to_string();
    assert_eq!(
        said(WalkError::CountBeyondMessage {
            count: 4_294_967_294,
            left: 3
        }),
        "an array of 4294967294 elements does not fit into the 3 bytes that are left"
    );
    assert_eq!(
        said(WalkError::TagSize {
            field: "ClusterId",
            left: 2
        }),
        "tagged field `ClusterId` has another size than its section says"
    );
}
