//! Frames come off the same, however their bytes arrive.

#![no_main]

use bytes::{Bytes, BytesMut};
use keg_codec::frame::{FrameError, decode};
use libfuzzer_sys::fuzz_target;

/// Frames up to the first error, and the bytes that are left.
fn frames(buffer: &mut BytesMut, limit: usize) -> (Vec<Bytes>, Option<FrameError>) {
    let mut frames = Vec::new();
    loop {
        match decode(buffer, limit) {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return (frames, None),
            Err(error) => return (frames, Some(error)),
        }
    }
}

fuzz_target!(|input: (u16, Vec<Vec<u8>>)| {
    let (limit, chunks) = (usize::from(input.0), input.1);
    let mut whole = BytesMut::from(&*chunks.concat());
    let total = whole.len();
    let (expected, error) = frames(&mut whole, limit);
    assert!(expected.iter().all(|frame| frame.len() <= limit));
    let taken: usize = expected.iter().map(|frame| 4 + frame.len()).sum();
    assert_eq!(taken + whole.len(), total);

    let (mut buffer, mut found) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        buffer.extend_from_slice(&chunk);
        let (more, failed) = frames(&mut buffer, limit);
        found.extend(more);
        if let Some(failed) = failed {
            assert_eq!(Some(failed), error);
            break;
        }
    }
    assert_eq!(found, expected);
});
