//! One of the two whom a connection is between.

use std::task::Context;

use super::alarm::Alarm;
use super::writer::Writer;
use crate::incoming::Incoming;

/// A socket with what is read from it and written to it.
pub(crate) struct Peer<IO> {
    pub(super) stream: IO,
    pub(super) incoming: Incoming,
    /// Goes off when there is more to read.
    pub(super) alarm: Alarm,
    pub(super) writer: Writer,
    /// What comes is in pieces too small to be moved unread.
    pub(super) in_pieces: bool,
    /// What was moved unread last was enough to be worth it, so that what has come since is likely to be. It isn't asked then.
    pub(super) in_plenty: bool,
}

impl<IO> Peer<IO> {
    /// A socket of which something may have been read already.
    pub(crate) fn new(stream: IO, incoming: Incoming) -> Self {
        Self {
            stream,
            incoming,
            alarm: Alarm::default(),
            writer: Writer::default(),
            in_pieces: false,
            in_plenty: false,
        }
    }

    /// Lets reading be tried again if there may be something to read, at the beginning of each turn of the task.
    pub(super) fn wake(&mut self, context: &Context<'_>) {
        if self.alarm.went_off(context.waker()) {
            self.incoming.wake();
        }
    }
}
