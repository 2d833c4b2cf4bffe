//! Frames that are taken while they still arrive.

use std::io;
use std::ops::RangeInclusive;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::net::TcpStream;

use super::Incoming;
use super::memory::{PASS_READ, READ};
use crate::splice::Pipe;

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

impl Incoming {
    /// The same, of which large frames may be taken [while they still arrive](Self::begun).
    pub(crate) fn passing_on(mut self, passes: Passes) -> Self {
        self.passes = passes;
        self
    }

    /// The length of the frame at the front, if it is one that may be taken while it still arrives, and how much of it must
    /// be there for that.
    fn passable_length(&self) -> Option<(usize, usize)> {
        let length = self.announced().filter(|length| LARGE.contains(length))?;
        let passes = self.passes != Passes::Nothing && !self.held && !self.closed;
        if !passes || self.large.is_some() || self.passing > 0 {
            return None;
        }
        let is_too_long = self.passes == Passes::Requests && length > self.limit;
        (!is_too_long).then_some((length, self.passes.beginning()))
    }

    /// The beginning of a large frame, and the frame's length, which for responses no limit holds for. All of it may be there,
    /// and what comes behind it.
    pub(crate) fn begun(&self) -> Option<(&[u8], usize)> {
        let (length, least) = self.passable_length()?;
        let there = self.buffer.get(4..).filter(|there| there.len() >= least)?;
        Some((there.get(..length).unwrap_or(there), length))
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
    pub(super) fn waits_for_beginning(&self) -> bool {
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

    /// Lets a pipe have what comes of it, at most so much, and as far as there is room. Says how much came; nothing of it is here.
    pub(crate) fn poll_fill(
        &mut self,
        pipe: &mut Pipe,
        socket: &TcpStream,
        most: usize,
        context: &mut Context<'_>,
    ) -> io::Result<usize> {
        if self.closed {
            return Ok(0);
        }
        let before = pipe.held();
        match pipe.poll_fill(socket, most.min(self.passing), context) {
            Poll::Ready(Ok(None)) => return Ok(0),
            filled => self.came(filled.map_ok(Option::unwrap_or_default))?,
        };
        let count = pipe.held() - before;
        if count > 0 {
            self.count_passed(count);
        }
        Ok(count)
    }

    /// Reads no more than so much at once of what is passed on, since most of it goes on unread.
    pub(crate) fn skim(&mut self, at_once: usize) {
        self.at_once = at_once;
    }

    /// Reads as much at once of what is passed on as can be.
    pub(crate) fn read_all(&mut self) {
        self.at_once = PASS_READ;
    }

    fn count_passed(&mut self, count: usize) {
        self.passing -= count;
        if self.closing && self.passing == 0 {
            self.close();
        }
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
}
