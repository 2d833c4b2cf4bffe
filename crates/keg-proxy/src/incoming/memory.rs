//! The memory that is read to.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BufMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

use super::{Incoming, spare};

/// How much is read at once, and the longest frame that is free of charge.
pub(super) const READ: usize = 64 * 1024;

/// How much is read at once of a frame that is passed on, and of what comes after such a frame.
pub(super) const PASS_READ: usize = 256 * 1024;

/// How much there is room for in the memory that is read to.
pub(super) const ROOM: usize = PASS_READ;

/// How much room there must be to read without making more.
const LEAST_READ: usize = 16 * 1024;

/// Frames below this size are copied out of the buffer they were read to, which is cheaper than to keep all of it.
pub(super) const COPY_BELOW: usize = ROOM / 8;

impl Incoming {
    /// Reads once to where all frames begin.
    pub(super) fn poll_read_small<IO>(&mut self, stream: &mut IO, context: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        IO: AsyncRead + Unpin,
    {
        if self.buffer.is_empty() {
            return self.poll_read_first(stream, context);
        }
        self.make_room();
        let most = self.most();
        poll_read_buf(Pin::new(stream), context, &mut (&mut self.buffer).limit(most))
    }

    /// Reads to memory that is kept only if much comes: mostly, nothing does, or a small frame.
    fn poll_read_first<IO>(&mut self, stream: &mut IO, context: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        IO: AsyncRead + Unpin,
    {
        self.shrink();
        let mut spare = spare::take();
        let most = self.most();
        let read = poll_read_buf(Pin::new(stream), context, &mut (&mut spare).limit(most));
        if spare.is_empty() {
            spare::keep(spare);
        } else if spare.len() < COPY_BELOW && self.passing == 0 {
            self.buffer = spare::copy(&spare);
            spare.clear();
            spare::keep(spare);
        } else {
            self.buffer = spare;
        }
        read
    }

    /// How much is read next.
    fn most(&self) -> usize {
        let most = match self.passing > 0 || self.in_bulk {
            true => self.at_once,
            false => READ,
        };
        if self.closing {
            most.min(self.passing - self.buffer.len())
        } else {
            most
        }
    }

    /// Makes room behind what was read, in the same memory if that can be.
    fn make_room(&mut self) {
        let least = if self.passing > READ { PASS_READ / 2 } else { LEAST_READ };
        let room = ROOM.saturating_sub(self.buffer.len()).max(least);
        if self.buffer.capacity() - self.buffer.len() < least && !self.buffer.try_reclaim(room) {
            let mut spare = spare::take();
            spare.extend_from_slice(&self.buffer);
            spare.reserve(least);
            self.buffer = spare;
        }
    }

    /// Keeps no more memory than it needs: nothing at all, if there is nothing.
    pub(super) fn shrink(&mut self) {
        if self.buffer.is_empty() {
            // Mostly there is none.
            if self.buffer.capacity() > 0 {
                self.give_back();
            }
        } else if self.passing == 0 && self.buffer.len() <= self.buffer.capacity() / 4 {
            let few = spare::copy(&self.buffer);
            spare::give_back(std::mem::replace(&mut self.buffer, few));
        }
    }

    /// Lets others read to the buffer, if it has nothing.
    pub(super) fn give_back(&mut self) {
        if self.buffer.is_empty() {
            spare::give_back(std::mem::take(&mut self.buffer));
        }
    }
}
