//! Memory to read to, which the connections of a thread share as long as they have nothing.

use std::cell::Cell;

use bytes::BytesMut;

use super::READ;

thread_local! {
    static SPARE: Cell<Option<BytesMut>> = const { Cell::new(None) };
}

/// An empty buffer with room for [`READ`] bytes.
pub(super) fn take() -> BytesMut {
    SPARE.take().unwrap_or_else(|| BytesMut::with_capacity(READ))
}

/// Keeps it for the next who has nothing, unless it has grown.
pub(super) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    if (READ..2 * READ).contains(&buffer.capacity()) {
        SPARE.set(Some(buffer));
    }
}
