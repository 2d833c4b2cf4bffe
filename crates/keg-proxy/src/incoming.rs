//! From a peer's bytes to frames.

mod large;
mod spare;

use std::io;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use keg_codec::frame::{self, FrameError};
use tokio::io::AsyncRead;
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use crate::budget::Pool;
use large::Large;

/// How much is read at once, and the longest frame that is free of charge.
const READ: usize = 64 * 1024;

/// How much is read at once of a frame that is passed on, and of what comes after such a frame.
const PASS_READ: usize = 256 * 1024;

/// How much there is room for in the memory that is read to.
const ROOM: usize = PASS_READ;

/// The lengths of frames that may be taken while they still arrive. What is above is rather TLS or HTTP.
const LARGE: RangeInclusive<usize> = READ + 1..=0x13ff_ffff;

/// Which large frames may be taken while they still arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passes {
    /// None.
    Nothing,
    /// Responses, whether they could be held or not.
    Responses,
    /// Requests that could be held.
    Requests,
}

impl Passes {
    /// How much must be there to tell whether a frame may: the names that stand at its beginning. Longer ones make it be
    /// held.
    pub(crate) const fn beginning(self) -> usize {
        match self {
            Self::Nothing | Self::Responses => 512,
            Self::Requests => 1024,
        }
    }
}

/// How much room there must be to read without making more.
const LEAST_READ: usize = 16 * 1024;

/// Frames below this size are copied out of the buffer they were read to, which is cheaper than to keep all of it.
const COPY_BELOW: usize = ROOM / 8;

/// What was read of a peer, and not yet taken as frames.
///
/// There is a buffer only while there is something in it. A frame above [`READ`] bytes is read on only when it has its
/// place in the budget, into memory of its own that grows with it.
#[derive(Debug)]
pub(crate) struct Incoming {
    buffer: BytesMut,
    large: Option<Large>,
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
            closed: false,
            asleep: false,
            closing: false,
            ended: false,
            waiting_since: None,
        }
    }

    /// The same, of which large frames may be taken [while they still arrive](Self::begun).
    pub(crate) fn passing_on(mut self, passes: Passes) -> Self {
        self.passes = passes;
        self
    }

    /// The length of the frame at the front, if it is one that may be taken while it still arrives, and how much of it must
    /// be there for that.
    fn passable_length(&self) -> Option<(usize, usize)> {
        let passes = self.passes != Passes::Nothing && !self.held && !self.closed;
        let is_new = passes && self.large.is_none() && self.passing == 0;
        let length = self.announced().filter(|length| is_new && LARGE.contains(length))?;
        let is_too_long = self.passes == Passes::Requests && length > self.limit;
        (!is_too_long).then_some((length, self.passes.beginning()))
    }

    /// The beginning of a large frame that is not whole, and the frame's length, which for responses no limit holds for.
    pub(crate) fn begun(&self) -> Option<(&[u8], usize)> {
        let (length, least) = self.passable_length()?;
        let beginning = self.buffer.get(4..)?;
        (least..length)
            .contains(&beginning.len())
            .then_some((beginning, length))
    }

    /// Takes the frame that has [begun](Self::begun) only when it is whole.
    pub(crate) fn hold(&mut self) {
        self.held = true;
    }

    /// Takes so many bytes of the frame that has [begun](Self::begun), and passes on the rest of it.
    pub(crate) fn pass_on(&mut self, taken: usize) {
        self.passing = self.announced().unwrap_or_default().saturating_sub(taken);
        self.buffer.advance((4 + taken).min(self.buffer.len()));
        self.in_bulk = true;
    }

    /// Whether it takes more bytes to tell whether the frame at the front is passed on.
    fn waits_for_beginning(&self) -> bool {
        self.passable_length()
            .is_some_and(|(_, least)| self.buffer.len() < 4 + least)
    }

    /// How many bytes are still to be passed on.
    pub(crate) fn passing(&self) -> usize {
        self.passing
    }

    /// What is there of a frame that is passed on.
    pub(crate) fn passable(&mut self) -> &mut [u8] {
        let count = self.passing.min(self.buffer.len());
        self.buffer.get_mut(..count).unwrap_or_default()
    }

    /// So many bytes of it are gone.
    pub(crate) fn passed(&mut self, count: usize) {
        self.buffer.advance(count);
        self.give_back();
        self.count_passed(count);
    }

    /// Takes the rest of the frame that is passed on, if all of it is there, and enough of another to go with it.
    pub(crate) fn take_passing(&mut self) -> Option<Bytes> {
        let next = self.buffer.len().checked_sub(self.passing)?;
        if self.passing == 0 || next < 4 + self.passes.beginning() || self.closing {
            return None;
        }
        let rest = self.buffer.split_to(self.passing).freeze();
        self.count_passed(rest.len());
        Some(rest)
    }

    fn count_passed(&mut self, count: usize) {
        self.passing -= count;
        if self.closing && self.passing == 0 {
            self.close();
        }
    }

    /// The next frame, if it is whole.
    pub(crate) fn frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        if self.passing > 0 || self.waits_for_beginning() {
            return Ok(None);
        }
        if self.large.is_some() {
            let frame = self.large.take_if(|large| large.is_whole()).and_then(Large::into_frame);
            self.held &= frame.is_none();
            self.in_bulk &= frame.is_none();
            return Ok(frame);
        }
        let held = self.buffer.capacity();
        let frame = frame::decode(&mut self.buffer, self.limit)?;
        self.held &= frame.is_none();
        self.in_bulk &= frame.is_none();
        Ok(frame.map(|frame| {
            if frame.len() < COPY_BELOW && held >= COPY_BELOW {
                Bytes::copy_from_slice(&frame)
            } else {
                frame
            }
        }))
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
        match (&self.large, self.announced()) {
            _ if self.passing > 0 || self.waits_for_beginning() => false,
            (Some(large), _) => large.is_whole(),
            (None, Some(length)) => length > self.limit || self.buffer.len() - 4 >= length,
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
    }

    /// Reads no more than what is missing of a frame that is being passed on.
    pub(crate) fn finish(&mut self) {
        if self.passing > 0 {
            self.closing = true;
        } else {
            self.close();
        }
    }

    /// Whether more is missing of a frame that is being passed on than can still come.
    pub(crate) fn is_cut(&self) -> bool {
        self.closed && self.passing > self.buffer.len()
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
        self.buffer.len() + self.large.as_ref().map_or(0, Large::received)
    }

    /// Whether a frame has its place in the budget, and is not whole: it should be read to its end soon, whatever else
    /// waits.
    pub(crate) fn is_charged(&self) -> bool {
        self.large.as_ref().is_some_and(|large| large.began().is_some())
    }

    /// Whether a frame that has begun waits for its place in the budget, before which no more is read.
    pub(crate) fn waits_for_budget(&self) -> bool {
        self.large.as_ref().is_some_and(Large::waits)
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

    /// Lets reading be tried again, at the beginning of each turn of the task.
    pub(crate) fn wake(&mut self) {
        self.asleep = false;
    }

    /// Reads once, and says whether anything came of it. What nothing came of is not tried again in the same turn.
    pub(crate) fn poll_read<IO>(&mut self, stream: &mut IO, context: &mut Context<'_>) -> io::Result<bool>
    where
        IO: AsyncRead + Unpin,
    {
        let is_read = self.closing && self.buffer.len() >= self.passing;
        if self.closed || is_read || self.large.as_ref().is_some_and(Large::is_whole) {
            return Ok(false);
        }
        if self.asleep {
            self.rest();
            return Ok(false);
        }
        if self.large.is_none()
            && self.passing == 0
            && !self.waits_for_beginning()
            && let Some(length) = self
                .announced()
                .filter(|length| (READ + 1..=self.limit).contains(length))
            && self.buffer.len() - 4 < length
        {
            self.large = Some(Large::new(length, self.pool.reserve(length)));
        }
        let read = match &mut self.large {
            Some(large) => large.poll_read(stream, &mut self.buffer, context),
            None => self.poll_read_small(stream, context),
        };
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

    fn poll_read_small<IO>(&mut self, stream: &mut IO, context: &mut Context<'_>) -> Poll<io::Result<usize>>
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
        let mut spare = spare::take();
        let most = self.most();
        let read = poll_read_buf(Pin::new(stream), context, &mut (&mut spare).limit(most));
        if spare.is_empty() || (spare.len() < COPY_BELOW && self.passing == 0) {
            self.buffer = BytesMut::from(&*spare);
            spare::give_back(spare);
        } else {
            self.buffer = spare;
        }
        read
    }

    /// How much is read next.
    fn most(&self) -> usize {
        let most = if self.passing > 0 || self.in_bulk {
            PASS_READ
        } else {
            READ
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

    /// Keeps no more memory than it needs while nothing comes.
    fn rest(&mut self) {
        if self.pending() + self.passing > 0 && !self.waits_for_budget() {
            self.waiting_since.get_or_insert_with(Instant::now);
        }
        self.shrink();
    }

    /// Keeps no more memory than it needs: nothing at all, if there is nothing.
    fn shrink(&mut self) {
        if self.buffer.is_empty() {
            // Mostly there is none.
            if self.buffer.capacity() > 0 {
                self.give_back();
            }
        } else if self.passing == 0 && self.buffer.len() <= self.buffer.capacity() / 4 {
            let few = BytesMut::from(&*self.buffer);
            spare::give_back(std::mem::replace(&mut self.buffer, few));
        }
    }

    /// Lets others read to the buffer, if it has nothing.
    fn give_back(&mut self) {
        if self.buffer.is_empty() {
            spare::give_back(std::mem::take(&mut self.buffer));
        }
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
