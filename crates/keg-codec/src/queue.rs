//! What is still to be written to a socket.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use crate::rope::{Rope, SHARE_FROM};

/// How much room is made at least. A head and a small body come in many pieces, for each of which the buffer would grow
/// otherwise.
const ROOM: usize = 512;

thread_local! {
    /// Room that was given back, for the next queue: small messages are mostly written as soon as they are queued.
    static SPARE: Cell<Option<BytesMut>> = const { Cell::new(None) };
}

/// Bytes to be written: small pieces are flattened into one buffer, large ones are kept as slices of their frames.
#[derive(Debug, Default)]
pub struct WriteQueue {
    ready: VecDeque<Bytes>,
    /// How many bytes are in `ready`.
    sealed: usize,
    tail: BytesMut,
}

impl WriteQueue {
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
            0 if bytes > 0 => self.tail = room(bytes),
            capacity if capacity - self.tail.len() < bytes => self.tail.reserve(bytes.max(ROOM)),
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
            // All of its room is there for what comes next.
            self.tail.clear();
        }
    }

    /// Gives back all room, when nothing is queued: an idle connection is not to keep that of its busiest moment.
    pub fn give_back(&mut self) {
        if !self.is_empty() {
            return;
        }
        let tail = std::mem::take(&mut self.tail);
        if tail.capacity() == ROOM {
            SPARE.with(|spare| spare.set(Some(tail)));
        }
        if self.ready.capacity() > 0 {
            self.ready = VecDeque::new();
        }
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

/// Room for so many bytes at least.
fn room(bytes: usize) -> BytesMut {
    match bytes {
        0..=ROOM => SPARE.take().unwrap_or_else(|| BytesMut::with_capacity(ROOM)),
        _ => BytesMut::with_capacity(bytes),
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
