//! Memory to queue small messages in, which the connections of a thread share: most messages are written as soon as they are
//! queued.

use std::cell::Cell;

use bytes::BytesMut;
use keg_codec::WriteQueue;

/// How much there is room for.
const ROOM: usize = WriteQueue::ROOM;

thread_local! {
    static SPARE: Cell<Option<BytesMut>> = const { Cell::new(None) };
}

/// Lends memory to a queue that has none, if a frame of that many bytes, and its length, have room there.
pub(crate) fn lend(queue: &mut WriteQueue, frame: usize) {
    if 4 + frame <= ROOM && !queue.has_room() {
        queue.lend(SPARE.take().unwrap_or_else(|| BytesMut::with_capacity(ROOM)));
    }
}

/// Takes back all memory of a queue that has nothing: an idle connection is not to keep that of its busiest moment.
pub(crate) fn take_back(queue: &mut WriteQueue) {
    if let Some(room) = queue.give_back().filter(|room| room.capacity() == ROOM) {
        SPARE.with(|spare| spare.set(Some(room)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(queue: &mut WriteQueue, bytes: &[u8]) -> *const u8 {
        lend(queue, bytes.len());
        queue.put_slice(bytes);
        let place = queue.only().unwrap().as_ptr();
        queue.advance(bytes.len());
        take_back(queue);
        place
    }

    #[test]
    fn small_messages_are_queued_one_after_the_other_in_the_same_memory() {
        let (mut one, mut other) = (WriteQueue::default(), WriteQueue::default());
        let place = sent(&mut one, &[7; 300]);
        assert_eq!(sent(&mut other, &[7; 500]), place);
        assert_eq!(sent(&mut one, &[7; 1]), place);
    }

    #[test]
    fn a_frame_has_room_with_its_length_or_is_lent_none() {
        let mut queue = WriteQueue::default();
        for (frame, has_room) in [(ROOM - 4, true), (ROOM - 3, false)] {
            lend(&mut queue, frame);
            assert_eq!(queue.has_room(), has_room);
            take_back(&mut queue);
        }
    }

    #[test]
    fn a_queue_that_is_not_written_keeps_its_memory_and_what_grew_is_not_kept() {
        let (mut one, mut other) = (WriteQueue::default(), WriteQueue::default());
        lend(&mut one, 10);
        one.put_slice(&[1; 10]);
        take_back(&mut one);
        let place = sent(&mut other, &[2; 10]);
        one.put_slice(&[1; 10_000]);
        assert_eq!(one.to_vec(), [1; 10_010]);
        one.advance(10_010);
        take_back(&mut one);
        assert!(!one.has_room());
        assert_eq!(sent(&mut one, &[3; 10]), place);
    }
}
