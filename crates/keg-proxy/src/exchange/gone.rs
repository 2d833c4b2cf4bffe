//! A broker that goes.
//!
//! What it has answered before is still the client's. A response that came whole may wait for a client that is slow, with
//! others behind it that nobody has looked at: the connection ends, and what is unanswered is counted, when they are passed on.

use std::io;

use super::{Answers, Exchange};
use crate::error::{Over, Unanswered};
use crate::stream::Transport;

/// How a broker has gone.
#[derive(Debug)]
pub(super) enum Gone {
    /// It has closed its side.
    Closed,
    /// Nothing can be written to it, or read of it.
    Broken(io::Error),
}

impl Gone {
    fn over(self, unanswered: Unanswered) -> Over {
        match self {
            Self::Closed => Over::BackendClosed { unanswered },
            Self::Broken(error) => Over::BackendIo { error, unanswered },
        }
    }
}

impl<C: Transport, B: Transport, S: Answers> Exchange<C, B, S> {
    /// Nothing can be written to the broker. What it has answered by now is read before that counts.
    pub(super) fn break_off(&mut self, error: io::Error) {
        self.gone = Some(Gone::Broken(error));
        self.backend.incoming.wake();
    }

    /// Nothing more comes of the broker.
    pub(super) fn leave(&mut self, gone: Gone) {
        self.backend.incoming.close();
        self.gone = Some(gone);
        self.settle();
    }

    /// Takes what is there, and ends if the broker has gone and nothing that it has answered is left to be looked at.
    pub(super) fn settle(&mut self) {
        if let Err(over) = self.take_responses() {
            self.end_backend(over);
            return;
        }
        let incoming = &self.backend.incoming;
        if !incoming.is_closed() || (incoming.passing() > 0 && !incoming.is_cut()) {
            return;
        }
        let Some(gone) = self.gone.take() else {
            return;
        };
        let unanswered = if incoming.is_cut() {
            // Nothing can be written behind a part of a response, and the client has no use for more of it: what is queued
            // is still written, as whole responses are before it.
            if self.passing.take().is_some() {
                self.replies.clear();
            }
            self.link.cut()
        } else {
            self.link.unanswered()
        };
        self.end_backend(gone.over(unanswered));
    }
}
