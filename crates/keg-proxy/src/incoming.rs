//! From a peer's bytes to frames.

mod large;
mod memory;
mod passing;
mod spare;

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use keg_codec::frame::{self, FrameError};
use tokio::io::AsyncRead;
use tokio::time::Instant;

use crate::budget::Pool;
use large::Large;
use memory::{COPY_BELOW, PASS_READ, READ};
pub(crate) use passing::Passes;

/// What was read of a peer, and not yet taken as frames.
///
/// There is a buffer only while there is something in it. A frame above [`READ`] bytes is read on only when it has its
/// place in the budget, into memory of its own that grows with it.
#[derive(Debug)]
pub(crate) struct Incoming {
    buffer: BytesMut,
    /// Apart, as most connections have none.
    large: Option<Box<Large>>,
    limit: usize,
    pool: Arc<Pool>,
    /// Which large frames may be taken while they still arrive; their beginnings are waited for.
    passes: Passes,
    /// The frame at the front is not taken before it is whole.
    held: bool,
    /// How much is still to be taken of a frame that is.
    passing: usize,
    /// The last frame was passed on, so that another may follow.
    in_bulk: bool,
    /// How much is read at once of such frames: little, where most of what comes need not be read.
    at_once: usize,
    closed: bool,
    /// The task is woken when there is more to read.
    asleep: bool,
    /// Nothing is read behind the frame that is being passed on.
    closing: bool,
    /// The peer has closed its side.
    ended: bool,
    /// Since when the next byte of a frame that has begun is being waited for.
    waiting_since: Option<Instant>,
}

impl Incoming {
    /// Frames of up to `limit` bytes, and of no more than the pool can hold.
    pub(crate) fn new(limit: usize, pool: Arc<Pool>) -> Self {
        Self {
            buffer: BytesMut::new(),
            large: None,
            limit: limit.min(pool.size()),
            pool,
            passes: Passes::Nothing,
            held: false,
            passing: 0,
            in_bulk: false,
            at_once: PASS_READ,
            closed: false,
            asleep: false,
            closing: false,
            ended: false,
            waiting_since: None,
        }
    }

    /// The next frame, if it is whole.
    pub(crate) fn frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        let frame = match (self.announced(), &self.large) {
            _ if self.passing > 0 => None,
            (_, Some(_)) => self
                .large
                .take_if(|large| large.is_whole())
                .and_then(|large| large.into_frame()),
            (Some(length), None) if !self.is_put_off(length) => self.buffered_frame()?,
            _ => None,
        };
        self.held &= frame.is_none();
        self.in_bulk &= frame.is_none();
        Ok(frame)
    }

    /// Allows frames of up to `limit` bytes from now on.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.min(self.pool.size());
    }

    /// Charges frames to another pool from now on, and allows those of up to `limit` bytes.
    pub(crate) fn charge_to(&mut self, pool: Arc<Pool>, limit: usize) {
        self.pool = pool;
        self.set_limit(limit);
    }

    /// The first two bytes of the next frame, as soon as they are there: the api key, of a request.
    pub(crate) fn next_key(&self) -> Option<i16> {
        let frame = match &self.large {
            Some(large) if !large.waits() => large.beginning(),
            _ => self.buffer.get(4..)?,
        };
        frame.first_chunk::<2>().copied().map(i16::from_be_bytes)
    }

    /// Whether a frame is whole, or can't become one.
    pub(crate) fn has_frame(&self) -> bool {
        match (self.announced(), &self.large) {
            _ if self.passing > 0 => false,
            (_, Some(large)) => large.is_whole(),
            (Some(length), None) => {
                (length > self.limit || self.buffer.len() - 4 >= length) && !self.is_put_off(length)
            }
            (None, None) => false,
        }
    }

    /// Whether something can be done about the frame at the front: it is whole, or has [begun](Self::begun), or can't become
    /// one.
    pub(crate) fn has_request(&self) -> bool {
        self.has_frame() || self.begun().is_some()
    }

    /// Reads no more. Frames that are whole can still be taken.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.waiting_since = None;
        // What is there needs no place any more, and what is missing will never come.
        self.large.take_if(|large| large.waits());
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the peer has closed its side.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// How many bytes were read that were not taken.
    pub(crate) fn pending(&self) -> usize {
        self.buffer.len() + self.large.as_ref().map_or(0, |large| large.received())
    }

    /// Whether a frame has its place in the budget, and is not whole: it should be read to its end soon, whatever else
    /// waits.
    pub(crate) fn is_charged(&self) -> bool {
        self.large.as_ref().is_some_and(|large| large.began().is_some())
    }

    /// Whether a frame that has begun waits for its place in the budget, before which no more is read.
    pub(crate) fn waits_for_budget(&self) -> bool {
        self.large.as_ref().is_some_and(|large| large.waits())
    }

    /// Notes that the peer is not being read from, so that it can't be to blame for what is missing.
    pub(crate) fn pause(&mut self) {
        self.waiting_since = None;
        self.shrink();
    }

    /// How long the next byte of a frame that has begun has been waited for.
    pub(crate) fn waited(&self, now: Instant) -> Option<Duration> {
        self.waiting_since.map(|since| now.duration_since(since))
    }

    /// How long a frame has been in the budget without being whole, while others wait for the budget.
    pub(crate) fn hogged(&self, now: Instant) -> Option<Duration> {
        let began = self.large.as_ref()?.began()?;
        self.is_contended().then(|| now.duration_since(began))
    }

    /// Whether frames of other connections wait for the budget.
    pub(crate) fn is_contended(&self) -> bool {
        self.pool.is_contended()
    }

    /// Whether nothing is here, and nothing is missing of anything.
    fn is_empty(&self) -> bool {
        self.buffer.capacity() == 0 && self.large.is_none() && self.passing == 0
    }

    /// Whether nothing can be done before the task is woken.
    pub(crate) fn is_resting(&self) -> bool {
        self.asleep && self.is_empty()
    }

    /// Whether there is nothing to read before the task is woken.
    pub(crate) fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Lets reading be tried again, as there may be something to read.
    pub(crate) fn wake(&mut self) {
        self.asleep = false;
    }

    /// Reads once, and says whether anything came of it. What nothing came of is not tried again in the same turn.
    pub(crate) fn poll_read<IO>(&mut self, stream: &mut IO, context: &mut Context<'_>) -> io::Result<bool>
    where
        IO: AsyncRead + Unpin,
    {
        let is_read = self.closing && self.buffer.len() >= self.passing;
        if self.closed || is_read || self.large.as_ref().is_some_and(|large| large.is_whole()) {
            return Ok(false);
        }
        if self.asleep {
            // A frame that needs a place has queued for it before: nothing was read since, and nothing is in front of it.
            self.rest();
            return Ok(false);
        }
        self.begin_large();
        let read = match &mut self.large {
            Some(large) => large.poll_read(stream, &mut self.buffer, context),
            None => self.poll_read_small(stream, context),
        };
        self.came(read)
    }

    /// Whether anything came, and what it means for what is missing.
    fn came(&mut self, read: Poll<io::Result<usize>>) -> io::Result<bool> {
        match read {
            Poll::Ready(Ok(0)) => {
                self.ended = true;
                self.close();
                Ok(true)
            }
            Poll::Ready(Ok(_)) => {
                self.waiting_since = None;
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => {
                self.asleep = true;
                self.rest();
                Ok(false)
            }
        }
    }

    /// The frame at the front, if all of it is where all frames begin.
    fn buffered_frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        let held = self.buffer.capacity();
        let frame = frame::decode(&mut self.buffer, self.limit)?;
        Ok(frame.map(|frame| match frame.len() < COPY_BELOW && held >= COPY_BELOW {
            true => spare::copy(&frame).freeze(),
            false => frame,
        }))
    }

    /// Queues for the place of the frame at the front, if it needs one, whether it is whole or not.
    fn begin_large(&mut self) {
        if let Some(length) = self.announced()
            && self.needs_place(length)
            && self.large.is_none()
            && self.passing == 0
            && !self.waits_for_beginning()
        {
            self.large = Some(Box::new(Large::new(length, self.pool.reserve(length))));
        }
    }

    /// Whether the frame at the front, of this length, is not to be taken from where it began: it needs a place, or it isn't
    /// known yet whether it is passed on. Most are too small for either.
    fn is_put_off(&self, length: usize) -> bool {
        length > READ && (self.needs_place(length) || self.waits_for_beginning())
    }

    /// Whether frames of this length are not taken without a place in the budget. When no more is read, what is there is at
    /// most what came in one read.
    fn needs_place(&self, length: usize) -> bool {
        (READ + 1..=self.limit).contains(&length) && !self.closed
    }

    /// Waits for bytes.
    ///
    /// # Cancel safety
    /// What was read is kept.
    pub(crate) async fn read<IO: AsyncRead + Unpin>(&mut self, stream: &mut IO) -> io::Result<()> {
        std::future::poll_fn(|context| {
            self.wake();
            match self.poll_read(stream, context) {
                Ok(true) => Poll::Ready(Ok(())),
                Ok(false) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            }
        })
        .await
    }

    /// Keeps no more memory than it needs while nothing comes.
    fn rest(&mut self) {
        if self.pending() == self.passing {
            // All is here of what is passed on, if anything is, and nothing of another frame.
            self.waiting_since = None;
        } else if !self.waits_for_budget() {
            self.waiting_since.get_or_insert_with(Instant::now);
        }
        self.shrink();
    }

    /// The length of the frame at the front, of which not all need be there.
    fn announced(&self) -> Option<usize> {
        let prefix = self.buffer.first_chunk::<4>()?;
        // A negative length is above every limit, too.
        Some(u32::from_be_bytes(*prefix) as usize)
    }
}

#[cfg(test)]
mod tests;
