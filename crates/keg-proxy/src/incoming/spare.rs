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

/// Keeps it for the next who has nothing. It was only read to: nothing was taken off it, so that it is as it was made.
pub(super) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    SPARE.set(Some(buffer));
}
