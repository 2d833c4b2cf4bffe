//! A response that is passed on while it still arrives.

use std::task::Context;

use keg_codec::walk::{Passage, WalkError};
use keg_policy::{Reply, Request, Rest};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::{Exchange, Peer};
use crate::error::Over;
use crate::incoming::Incoming;

/// How many bytes a guard may hold back until more come.
pub(super) const HELD_BACK: usize = Passage::HELD_BACK;

/// How much is rather moved over what is left out than written by itself.
const MOVED: usize = 16 * 1024;

/// What is behind the beginning of a message.
#[derive(Debug)]
pub(super) struct Passing {
    rest: Box<Rest>,
    /// How many of the bytes that are there may go on.
    pub(super) ready: usize,
    /// How many behind those are left out.
    left_out: usize,
}

impl Passing {
    pub(super) fn new(rest: Box<Rest>) -> Self {
        Self {
            rest,
            ready: 0,
            left_out: 0,
        }
    }

    /// Looks at what has come that nobody has looked at.
    pub(super) fn look(&mut self, incoming: &mut Incoming) -> Result<(), WalkError> {
        loop {
            let bytes = incoming.passable();
            if self.left_out == 0 {
                let fresh = bytes.get_mut(self.ready..).unwrap_or_default();
                let Some(guard) = &mut self.rest.guard else {
                    self.ready += fresh.len();
                    return Ok(());
                };
                let passed = guard.pass(fresh)?;
                self.ready += passed.count;
                self.left_out = passed.left_out;
            }
            if self.left_out == 0 || self.ready > MOVED {
                return Ok(());
            }
            bytes.copy_within(..self.ready, self.left_out);
            incoming.passed(self.left_out);
            self.left_out = 0;
        }
    }
}

impl<C, B, S> Exchange<C, B, S>
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request, Response = Reply, Error = Over>,
    S::Future: Unpin,
{
    /// Moves what is queued, and what is there of the response that is passed on behind it.
    pub(super) fn poll_pass(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let Some(passing) = &mut self.passing else {
            return Ok(false);
        };
        let incoming = &mut self.backend.incoming;
        if let Err(error) = passing.look(incoming) {
            // What is queued is still written, and nothing that could be taken for the rest of this.
            self.passing = None;
            self.replies.clear();
            self.end_backend(Over::backend(&error));
            return Ok(true);
        }
        let ready = incoming.passable();
        let ready = ready.get(..passing.ready).unwrap_or_default();
        let Peer { stream, writer, .. } = &mut self.client;
        let written = writer.poll_write(stream, &mut self.to_client, ready, context);
        let written = written.map_err(Over::ClientIo)?;
        incoming.passed(written.behind);
        passing.ready -= written.behind;
        let ended = incoming.passing() == 0 && self.to_client.is_empty();
        if ended {
            self.passing = None;
            self.replies.restart();
            // They may have been read together.
            self.settle();
        }
        Ok(written.any || ended)
    }
}
