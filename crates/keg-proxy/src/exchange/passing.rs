//! A message that is passed on while it still arrives.

use std::task::Context;

use keg_codec::WriteQueue;
use keg_codec::walk::{Passage, WalkError};
use keg_policy::Rest;

use super::splicing::Splicing;
use super::{Answers, Exchange, Peer};
use crate::error::Over;
use crate::incoming::Incoming;
use crate::stream::Transport;

/// How many bytes a guard may hold back until more come.
pub(super) const HELD_BACK: usize = Passage::HELD_BACK;

/// How much is rather moved over what is left out, or copied in front of what is put in its place, than written by itself.
const MOVED: usize = 16 * 1024;

/// How much may wait in a queue of what goes on in the place of something. Behind that nobody looks further, so that no more is read
/// than if it was not queued.
const QUEUED: usize = MOVED;

/// What is behind the beginning of a message.
#[derive(Debug)]
pub(super) struct Passing {
    pub(super) rest: Box<Rest>,
    /// How many of the bytes that are there may go on.
    pub(super) ready: usize,
    /// How many behind those are left out, in the place of which the guard may have put something.
    left_out: usize,
    pub(super) splicing: Splicing,
}

impl Passing {
    pub(super) fn new(rest: Box<Rest>) -> Self {
        Self {
            rest,
            ready: 0,
            left_out: 0,
            splicing: Splicing::default(),
        }
    }

    /// Looks at what has come that nobody has looked at, and says how much it was. What goes on in the place of something is shown
    /// to `queue` with what goes before it, which queues both or says that it can't: then nobody looks further.
    pub(super) fn look(
        &mut self,
        incoming: &mut Incoming,
        mut queue: impl FnMut([&[u8]; 2]) -> bool,
    ) -> Result<usize, WalkError> {
        let mut looked = 0;
        loop {
            let bytes = incoming.passable();
            if self.left_out == 0 {
                let fresh = bytes.get_mut(self.ready..).unwrap_or_default();
                let Some(guard) = &mut self.rest.guard else {
                    self.ready += fresh.len();
                    return Ok(looked + fresh.len());
                };
                let passed = guard.pass(fresh)?;
                looked += passed.count;
                self.ready += passed.count;
                self.left_out = passed.left_out;
            }
            if self.left_out == 0 || self.ready > MOVED {
                return Ok(looked);
            }
            let instead = self.rest.guard.as_ref().map_or(&[][..], Passage::instead);
            if instead.is_empty() {
                bytes.copy_within(..self.ready, self.left_out);
                incoming.passed(self.left_out);
            } else {
                let before = bytes.get(..self.ready).unwrap_or_default();
                if !queue([before, instead]) {
                    return Ok(looked);
                }
                incoming.passed(self.ready + self.left_out);
                self.ready = 0;
            }
            self.left_out = 0;
        }
    }
}

/// Queues bytes, unless too many wait already.
pub(super) fn queue(queue: &mut WriteQueue, pieces: [&[u8]; 2]) -> bool {
    let has_room = queue.len() < QUEUED;
    if has_room {
        pieces.into_iter().for_each(|piece| queue.put_slice(piece));
    }
    has_room
}

impl<C: Transport, B: Transport, S: Answers> Exchange<C, B, S> {
    /// Moves what is queued, and what comes of the response that is passed on behind it.
    pub(super) fn poll_pass(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let is_between = self.passing.as_ref().is_some_and(Passing::is_between);
        // What is between the sockets goes before what was read.
        let mut any = !is_between && self.pass_read(context)?;
        if self.to_client.is_empty() {
            any |= self.splice_response(context)?;
        }
        let is_here = self.passing.as_ref().is_some_and(|passing| !passing.is_between());
        let is_through = is_here && self.backend.incoming.passing() == 0 && self.to_client.is_empty();
        if is_through {
            self.passing = None;
            self.replies.restart();
            // They may have been read together.
            self.settle();
        }
        Ok(any || is_through)
    }

    /// Writes what is queued, and what was read behind it.
    fn pass_read(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let Some(passing) = &mut self.passing else {
            return Ok(false);
        };
        let incoming = &mut self.backend.incoming;
        match passing.look(incoming, |pieces| queue(&mut self.to_client, pieces)) {
            Ok(looked) => passing.skim(looked, &mut self.backend, &self.client),
            Err(error) => {
                self.refuse_response(&error);
                return Ok(true);
            }
        }
        if self.to_client.is_empty() && passing.put_in_front(&mut self.backend, &self.client) {
            return Ok(true);
        }
        let incoming = &mut self.backend.incoming;
        let ready = incoming.passable();
        let ready = ready.get(..passing.ready).unwrap_or_default();
        let Peer { stream, writer, .. } = &mut self.client;
        let written = writer.poll_write(stream, &mut self.to_client, ready, context);
        let written = written.map_err(Over::ClientIo)?;
        incoming.passed(written.behind);
        passing.ready -= written.behind;
        Ok(written.any)
    }

    /// Ends with a response of which something is not what it should be. What is queued is still written, and nothing that could be
    /// taken for the rest of it.
    pub(super) fn refuse_response(&mut self, error: &WalkError) {
        self.passing = None;
        self.replies.clear();
        self.end_backend(Over::backend(error));
    }
}
