//! A frame that has memory of its own.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::AsyncRead;
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use crate::budget::{Reservation, Reserving};

/// The first memory of a frame.
const FIRST: usize = 256 * 1024;

/// How much is read at once; a connection that is read faster than this gives way to others in between.
const READ: usize = 1024 * 1024;

/// A frame that has begun.
#[derive(Debug)]
pub(super) struct Large {
    /// Without the four bytes of the length itself.
    length: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Its beginning is still where all frames begin.
    Waiting(Reserving),
    Reading {
        frame: Vec<u8>,
        reservation: Reservation,
        began: Instant,
    },
}

impl Large {
    pub(super) fn new(length: usize, reserving: Reserving) -> Self {
        Self {
            length,
            state: State::Waiting(reserving),
        }
    }

    /// Whether it has no place in the budget yet.
    pub(super) fn waits(&self) -> bool {
        matches!(self.state, State::Waiting(_))
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(&self.state, State::Reading { frame, .. } if frame.len() == self.length)
    }

    /// How much of it is in its own memory.
    pub(super) fn received(&self) -> usize {
        match &self.state {
            State::Waiting(_) => 0,
            State::Reading { frame, .. } => frame.len(),
        }
    }

    /// What is in its own memory.
    pub(super) fn beginning(&self) -> &[u8] {
        match &self.state {
            State::Waiting(_) => &[],
            State::Reading { frame, .. } => frame,
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        match &self.state {
            State::Waiting(_) => 0,
            State::Reading { frame, .. } => frame.capacity(),
        }
    }

    /// Since when it has its place in the budget, unless it is whole.
    pub(super) fn began(&self) -> Option<Instant> {
        match &self.state {
            State::Reading { began, .. } if !self.is_whole() => Some(*began),
            _ => None,
        }
    }

    /// The frame, if it has its place in the budget.
    pub(super) fn into_frame(self) -> Option<Bytes> {
        match self.state {
            State::Waiting(_) => None,
            State::Reading { frame, reservation, .. } => Some(reservation.charge(frame)),
        }
    }

    /// Reads once, and never beyond its own end. `buffer` is where it began, and where all of it may be.
    pub(super) fn poll_read<IO>(
        &mut self,
        stream: &mut IO,
        buffer: &mut BytesMut,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>>
    where
        IO: AsyncRead + Unpin,
    {
        if let State::Waiting(reserving) = &mut self.state {
            let reservation = ready!(Pin::new(reserving).poll(context));
            buffer.advance(4);
            let there = buffer.split_to(self.length.min(buffer.len()));
            let mut frame = Vec::with_capacity(self.length.min((2 * there.len()).max(FIRST)));
            frame.extend_from_slice(&there);
            if buffer.is_empty() {
                *buffer = BytesMut::new();
            }
            self.state = State::Reading {
                frame,
                reservation,
                began: Instant::now(),
            };
        }
        let State::Reading { frame, .. } = &mut self.state else {
            return Poll::Pending;
        };
        if frame.len() == self.length {
            // It was whole where it began, with others behind it.
            return Poll::Ready(Ok(frame.len()));
        }
        if frame.len() == frame.capacity() {
            // The memory follows the bytes that came, not those that were announced; doubling keeps copies few.
            let more = frame.len().min(self.length - frame.len());
            frame.reserve_exact(more);
        }
        let room = frame.capacity().min(self.length) - frame.len();
        poll_read_buf(Pin::new(stream), context, &mut frame.limit(room.min(READ)))
    }
}
