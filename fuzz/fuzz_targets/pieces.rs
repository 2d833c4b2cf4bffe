//! Messages in pieces.

#![allow(unreachable_pub)]

use keg_codec::walk::{Passage, Passed};

/// What comes out of pieces of these sizes, again and again; `None` if it can't pass.
pub(crate) fn through(mut passage: Passage, body: &[u8], pieces: &[usize]) -> Option<Vec<u8>> {
    let (mut out, mut waiting, mut rest) = (Vec::new(), Vec::new(), body);
    for size in pieces.iter().cycle() {
        let (next, behind) = rest.split_at(rest.len().min(*size));
        waiting.extend_from_slice(next);
        rest = behind;
        loop {
            let Passed { count, left_out } = passage.pass(&mut waiting).ok()?;
            out.extend(waiting.drain(..count));
            waiting.drain(..left_out);
            out.extend(passage.instead());
            if left_out == 0 {
                break;
            }
        }
        assert!(waiting.len() <= Passage::HELD_BACK, "too much waits");
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!((passage.left(), waiting.len()), (0, 0), "something is left");
    Some(out)
}
