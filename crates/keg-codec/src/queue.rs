//! What is still to be written to a socket.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use crate::rope::{Rope, SHARE_FROM};

/// Bytes to be written: small pieces are flattened into one buffer, large ones are kept as slices of their frames.
#[derive(Debug, Default)]
pub struct WriteQueue {
    ready: VecDeque<Bytes>,
    /// How many bytes are in `ready`.
    sealed: usize,
    tail: BytesMut,
}

impl WriteQueue {
    /// How much room is made at least. A head and a small body come in many pieces, for each of which the buffer would grow
    /// otherwise.
    pub const ROOM: usize = 512;

    /// How many bytes are queued.
    pub fn len(&self) -> usize {
        self.sealed + self.tail.len()
    }

    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Queues a copy of the bytes.
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.tail(bytes.len()).extend_from_slice(bytes);
    }

    /// The end of the queue, with room for so many small bytes.
    #[inline]
    pub(crate) fn tail(&mut self, bytes: usize) -> &mut BytesMut {
        match self.tail.capacity() {
            // New memory is got sooner than none is made more.
            0 if bytes > 0 => self.tail = BytesMut::with_capacity(bytes.max(Self::ROOM)),
            capacity if capacity - self.tail.len() < bytes => self.tail.reserve(bytes.max(Self::ROOM)),
            _ => {}
        }
        &mut self.tail
    }

    /// The bytes that are queued, if they are in one piece.
    pub fn only(&self) -> Option<&[u8]> {
        self.ready.is_empty().then_some(&*self.tail)
    }

    /// Queues the bytes of a rope, sharing its large pieces.
    pub fn put_rope(&mut self, rope: Rope) {
        if rope.len() < SHARE_FROM {
            let tail = self.tail(rope.len());
            rope.pieces().iter().for_each(|piece| tail.extend_from_slice(piece));
        } else {
            rope.into_iter().for_each(|piece| self.put(piece));
        }
    }

    /// Queues the bytes, shared when there are many.
    pub fn put(&mut self, bytes: Bytes) {
        if bytes.len() < SHARE_FROM {
            return self.put_slice(&bytes);
        }
        self.seal();
        self.sealed += bytes.len();
        self.ready.push_back(bytes);
    }

    /// Queues what another queue has.
    pub fn append(&mut self, other: Self) {
        for piece in other.ready {
            self.put(piece);
        }
        self.put_slice(&other.tail);
    }

    /// Fills `slices` with what comes next, and says how many were filled.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = if self.tail.is_empty() { None } else { Some(&*self.tail) };
        let pieces = self.ready.iter().map(|piece| &**piece).chain(tail);
        slices
            .iter_mut()
            .zip(pieces)
            .map(|(slice, piece)| *slice = IoSlice::new(piece))
            .count()
    }

    /// Takes off what was written.
    ///
    /// # Panics
    /// When that is more than is queued.
    pub fn advance(&mut self, mut written: usize) {
        assert!(
            written <= self.len(),
            "{written} bytes were written of {} that are queued",
            self.len()
        );
        while let Some(front) = self.ready.front_mut() {
            let taken = written.min(front.len());
            self.sealed -= taken;
            if taken < front.len() {
                return front.advance(taken);
            }
            written -= taken;
            self.ready.pop_front();
        }
        if written < self.tail.len() {
            self.tail.advance(written);
        } else {
            // What is left of its room is there for what comes next.
            self.tail.clear();
        }
    }

    /// Whether there is memory to queue small messages in, which is otherwise got with the first.
    pub fn has_room(&self) -> bool {
        self.tail.capacity() > 0
    }

    /// Gives memory to a queue that [has none](Self::has_room). What is in it is lost.
    pub fn lend(&mut self, mut room: BytesMut) {
        if !self.has_room() {
            room.clear();
            self.tail = room;
        }
    }

    /// Gives up all memory, when nothing is queued, and hands back what small messages were queued in.
    pub fn give_back(&mut self) -> Option<BytesMut> {
        if !self.is_empty() {
            return None;
        }
        if self.ready.capacity() > 0 {
            self.ready = VecDeque::new();
        }
        self.has_room().then(|| std::mem::take(&mut self.tail))
    }

    /// A copy of all that is queued.
    pub fn to_vec(&self) -> Vec<u8> {
        self.ready.iter().flatten().chain(&self.tail).copied().collect()
    }

    fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.sealed += self.tail.len();
            self.ready.push_back(self.tail.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pieces_are_flattened_and_large_ones_shared() {
        let large = Bytes::from(vec![7; SHARE_FROM]);
        let mut queue = WriteQueue::default();
        queue.put_slice(&[1]);
        assert_eq!(queue.only(), Some(&[1][..]));
        queue.put_rope(
            [Bytes::from_static(&[2]), large.clone(), Bytes::from_static(&[3])]
                .into_iter()
                .collect(),
        );
        let mut slices = [IoSlice::new(&[]); 8];
        assert_eq!(queue.io_slices(&mut slices), 3);
        assert_eq!(queue.only(), None);
        assert_eq!(&*slices[0], [1, 2]);
        assert_eq!(slices[1].as_ptr(), large.as_ptr());
        assert_eq!(&*slices[2], [3]);
    }

    #[test]
    fn memory_that_was_lent_is_given_back_with_all_its_room_when_nothing_is_queued() {
        let mut queue = WriteQueue::default();
        assert!(!queue.has_room() && queue.give_back().is_none());
        let room = BytesMut::with_capacity(100);
        let place = room.as_ptr();
        queue.lend(room);
        queue.put_slice(&[7; 60]);
        queue.advance(20);
        assert!(queue.give_back().is_none());
        assert_eq!(queue.to_vec(), [7; 40]);
        queue.advance(40);
        let room = queue.give_back().unwrap();
        assert_eq!(room.as_ptr(), place.wrapping_add(20), "as much as was left of it");
        queue.lend(BytesMut::with_capacity(100));
        queue.put_slice(&[7; 60]);
        queue.advance(60);
        assert_eq!(queue.give_back().unwrap().capacity(), 100);
        assert!(!queue.has_room());
    }

    #[test]
    fn what_another_queue_has_comes_behind() {
        let (mut queue, mut other) = (WriteQueue::default(), WriteQueue::default());
        queue.put_slice(&[1]);
        other.put_slice(&[2]);
        other.put(Bytes::from(vec![7; SHARE_FROM]));
        other.put_slice(&[3]);
        queue.append(other);
        let expected = [&[1, 2][..], &[7; SHARE_FROM], &[3]].concat();
        assert_eq!((queue.len(), queue.to_vec()), (expected.len(), expected));
    }

    #[test]
    fn any_split_of_writes_gives_the_same_bytes() {
        for step in [1, 3, SHARE_FROM - 1, SHARE_FROM + 5] {
            let mut queue = WriteQueue::default();
            queue.put_slice(&[1, 2, 3]);
            queue.put(Bytes::from(vec![7; SHARE_FROM]));
            queue.put_slice(&[4, 5]);
            let (expected, mut out) = (queue.to_vec(), Vec::new());
            while !queue.is_empty() {
                let mut slices = [IoSlice::new(&[]); 1];
                queue.io_slices(&mut slices);
                let written = step.min(slices[0].len());
                out.extend_from_slice(&slices[0][..written]);
                queue.advance(written);
            }
            assert_eq!(out, expected);
        }
    }
}
