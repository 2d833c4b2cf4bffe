//! Headers split frames without a loss, and frames are written back as they came.

#![no_main]

use bytes::Bytes;
use keg_codec::header::{write_request, write_response};
use keg_codec::{RequestFrame, ResponseFrame, WriteQueue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (i32, &[u8])| {
    let (correlation_id, bytes) = input;
    let frame = Bytes::copy_from_slice(bytes);
    let Ok(request) = RequestFrame::parse(frame.clone()) else {
        return;
    };
    assert_eq!([&*request.head, &*request.body].concat(), frame);
    assert!(request.api.versions().contains(request.version));
    assert!(request.client_id().is_none_or(|id| id.len() <= frame.len()));
    let _ = request.is_silent();

    let mut queue = WriteQueue::default();
    write_request(&mut queue, &request.head, correlation_id, request.body.into());
    let written = queue.to_vec();
    assert_eq!(written[..4], (frame.len() as i32).to_be_bytes());
    assert_eq!(written[4..8], frame[..4]);
    assert_eq!(written[8..12], correlation_id.to_be_bytes());
    assert_eq!(written[12..], frame[8..]);

    // The bytes behind the api key as a response to that API.
    let Ok(response) = ResponseFrame::parse(frame.slice(4..)) else {
        return;
    };
    assert_eq!(response.correlation_id, request.correlation_id);
    if let Ok((head, body)) = response.split(request.api, request.version) {
        assert_eq!([&*head, &*body].concat(), frame[4..]);
        let mut queue = WriteQueue::default();
        write_response(&mut queue, &head, correlation_id, body.into());
        assert_eq!(queue.to_vec()[8..], frame[8..]);
    }
});
