//! Memory to read to, which the connections of a thread share as long as they have nothing.

use std::cell::Cell;

use bytes::BytesMut;

use super::memory::ROOM;

thread_local! {
    static SPARE: Cell<Option<BytesMut>> = const { Cell::new(None) };
}

/// An empty buffer with room for [`ROOM`] bytes.
pub(super) fn take() -> BytesMut {
    SPARE.take().unwrap_or_else(|| BytesMut::with_capacity(ROOM))
}

/// Keeps it for the next who has nothing, if nobody has a part of it and it has room. Memory that was used is with the
/// process already; fresh memory takes a page fault for each of its pages.
pub(super) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    if buffer.try_reclaim(ROOM) {
        keep(buffer);
    }
}

/// Keeps what was [taken](take), and is empty, for the next.
pub(super) fn keep(buffer: BytesMut) {
    SPARE.set(Some(buffer));
}
