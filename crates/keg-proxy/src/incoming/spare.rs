//! Memory to read to, which the connections of a thread share as long as they have nothing.

use std::cell::Cell;

use bytes::BytesMut;

use super::memory::ROOM;

/// How much memory the few bytes share that are [copied](copy): whoever keeps some of them keeps all of it.
const SHARED: usize = 2 * 1024;

/// The most bytes that share memory with others.
const FEW: usize = SHARED / 4;

thread_local! {
    static SPARE: Cell<Option<BytesMut>> = const { Cell::new(None) };
    /// What is left of the memory that copies share.
    static REST: Cell<Option<BytesMut>> = const { Cell::new(None) };
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
    // `LocalKey::set` looks first whether there is anything yet.
    SPARE.with(|spare| spare.set(Some(buffer)));
}

/// A copy, in memory that has no room beside it.
///
/// Most frames are gone before the next come, so that few bytes are copied over those before them, rather than to memory that is
/// got for each.
pub(super) fn copy(bytes: &[u8]) -> BytesMut {
    if bytes.len() > FEW {
        return BytesMut::from(bytes);
    }
    let mut rest = REST.take().unwrap_or_default();
    if rest.capacity() < bytes.len() && !rest.try_reclaim(SHARED) {
        rest = BytesMut::with_capacity(SHARED);
    }
    rest.extend_from_slice(bytes);
    let copy = rest.split();
    REST.with(|it| it.set(Some(rest)));
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_few_bytes_take_the_memory_of_those_that_are_gone_and_of_no_others() {
        let kept = copy(&[1; 100]);
        let mut places = Vec::new();
        for round in 0..100 {
            let bytes = [round; 300];
            let gone = copy(&bytes);
            assert_eq!(*gone, bytes);
            places.push(gone.as_ptr());
        }
        assert_eq!(*kept, [1; 100]);
        places.sort();
        places.dedup();
        // Until what is kept is full, and of what came after.
        assert!(places.len() <= 2 * SHARED / 300, "{} places", places.len());
    }

    #[test]
    fn a_copy_has_no_room_beside_it() {
        for length in [1, FEW, FEW + 1] {
            let copy = copy(&vec![7; length]);
            assert_eq!((copy.len(), copy.capacity()), (length, length));
        }
    }
}
