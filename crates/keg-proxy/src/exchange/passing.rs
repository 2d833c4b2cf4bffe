//! A response that is passed on while it still arrives.

use std::task::Context;

use keg_codec::walk::{Passage, WalkError};
use keg_policy::{Reply, Request, Rest};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::{Exchange, Peer};
use crate::error::Over;

/// How many bytes a guard may hold back until more come.
pub(super) const HELD_BACK: usize = Passage::HELD_BACK;

/// What is behind the beginning of a message.
#[derive(Debug)]
pub(super) struct Passing {
    rest: Box<Rest>,
    /// How many of the bytes that are there may go on.
    pub(super) ready: usize,
}

impl Passing {
    pub(super) fn new(rest: Box<Rest>) -> Self {
        Self { rest, ready: 0 }
    }

    /// Looks at bytes that nobody has looked at.
    pub(super) fn look(&mut self, bytes: &mut [u8]) -> Result<(), WalkError> {
        let Some(fresh) = bytes.get_mut(self.ready..) else {
            return Ok(());
        };
        self.ready += match &mut self.rest.guard {
            Some(guard) => guard.pass(fresh)?,
            None => fresh.len(),
        };
        Ok(())
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
        if let Err(error) = passing.look(incoming.passable()) {
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
            match self.take_responses() {
                Ok(()) => self.settle(),
                Err(over) => self.end_backend(over),
            }
        }
        Ok(written.any || ended)
    }
}
