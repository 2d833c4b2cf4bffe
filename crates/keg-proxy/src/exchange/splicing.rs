//! What is passed on without being read.
//!
//! Only what nobody looks at: bytes that are on their way from socket to socket may still be changed by whoever has sent them, out of
//! memory that is its own (`sendfile(2)`, `vmsplice(2)`), on the same machine. What was looked at is a copy, and is what goes on.

use std::io;
use std::mem;
use std::task::Context;

use keg_codec::walk::{Passage, WalkError};

use super::gone::Gone;
use super::passing::Passing;
use super::{Answers, Exchange, Peer};
use crate::error::Over;
use crate::incoming::Incoming;
use crate::splice::{self, ENOUGH, Pipe};
use crate::stream::Transport;

/// How many bytes in a row it takes that nobody looks at. Fewer are cheaper to read and write, together with what is around
/// them.
const LEAST: usize = 32 * 1024;

/// How many bytes that were read are rather copied than written apart from those that were not. The same goes for the end of
/// those that nobody looks at.
const FEW: usize = 4 * 1024;

/// How much is read at once of what is around bytes that nobody looks at: of those behind it, the fewer the better.
const AROUND: usize = FEW;

/// How much is read at once of what is between such bytes. It is mostly far less.
const BETWEEN: usize = 512;

/// After how many bytes that were moved others have their turn, as many as are read at once.
const TURN: usize = 256 * 1024;

/// The bytes of a message that go from socket to socket.
#[derive(Debug, Default)]
pub(super) struct Splicing {
    /// What is in it comes before all that is read.
    pipe: Option<Pipe>,
    /// How many bytes of the message come behind those of which some have gone that way.
    begun: Option<usize>,
    /// What has come is to go that way, behind what is in the pipe.
    next: bool,
}

/// Why bytes can't be moved.
enum Broken {
    From(io::Error),
    To(io::Error),
    /// What is between them is not what it should be.
    Malformed(WalkError),
}

impl Passing {
    /// Whether something is neither here nor gone.
    pub(super) fn is_between(&self) -> bool {
        self.splicing.pipe.as_ref().is_some_and(|pipe| pipe.held() > 0)
    }

    /// Decides whether what has come is not read: it goes on as it is.
    pub(super) fn is_spliced<A: Transport, B: Transport>(&mut self, from: &mut Peer<A>, to: &Peer<B>) -> bool {
        if !self.is_between() {
            self.splicing.next = from.incoming.pending() == 0 && self.is_worth_it(from, to);
        }
        self.is_between() || self.splicing.next
    }

    /// Has little read of what is next if that may be around bytes that need not be read, by what was looked at last.
    pub(super) fn skim<A: Transport, B: Transport>(&mut self, looked: usize, from: &mut Peer<A>, to: &Peer<B>) {
        let guard = self.rest.guard.as_mut();
        let longest = guard.map_or(self.rest.length, Passage::take_longest_unread);
        // The end of a message tells nothing of the next.
        if longest >= LEAST && can_splice(from, to) {
            from.incoming.skim(AROUND);
        } else if longest >= LEAST || looked >= FEW {
            from.incoming.read_all();
        }
    }

    /// Puts what was read in front of what is not, so that both are written together, and says whether it did.
    pub(super) fn put_in_front<A: Transport, B: Transport>(&mut self, from: &mut Peer<A>, to: &Peer<B>) -> bool {
        let is_all = (1..=FEW).contains(&self.ready) && self.ready == from.incoming.pending();
        if !is_all || !self.is_worth_it(from, to) {
            return false;
        }
        let Some(pipe) = &mut self.splicing.pipe else {
            return false;
        };
        let count = pipe.put(from.incoming.passable());
        from.incoming.passed(count);
        self.ready -= count;
        self.splicing.next = self.ready == 0;
        count > 0
    }

    /// How many bytes pass unread behind those that are here, and how many bytes of the message come behind them.
    fn run(&self, incoming: &Incoming) -> (usize, usize) {
        match &self.rest.guard {
            Some(guard) => (guard.unread(), guard.left() - guard.unread()),
            None => (incoming.passing().saturating_sub(incoming.pending()), 0),
        }
    }

    /// How many bytes pass unread next, if they are not too few.
    fn unread(&self, incoming: &Incoming) -> usize {
        let (unread, behind) = self.run(incoming);
        let has_begun = self.splicing.begun == Some(behind);
        let least = if has_begun { FEW } else { LEAST };
        if unread >= least { unread } else { 0 }
    }

    /// Whether there is a pipe for bytes that pass unread, and enough of them have come. Else all that has come is to be
    /// read at once.
    fn is_worth_it<A: Transport, B: Transport>(&mut self, from: &mut Peer<A>, to: &Peer<B>) -> bool {
        let unread = self.unread(&from.incoming);
        if unread == 0 || from.incoming.is_asleep() || !can_splice(from, to) {
            return false;
        }
        if self.splicing.pipe.is_none() {
            self.splicing.pipe = Pipe::take();
        }
        let come = || from.stream.socket().map_or(0, splice::waiting);
        // Where it is not so after all, it is seen by what was moved, and asked for the next time.
        let have_come = self.splicing.pipe.is_some() && (from.in_plenty || come() >= unread.min(ENOUGH));
        if have_come {
            from.incoming.skim(AROUND);
        } else {
            from.incoming.read_all();
        }
        have_come
    }

    /// Moves what is [not read](Self::is_spliced), and says whether anything was moved.
    fn poll_splice<A: Transport, B: Transport>(
        &mut self,
        from: &mut Peer<A>,
        to: &mut Peer<B>,
        context: &mut Context<'_>,
    ) -> Result<bool, Broken> {
        let moved = self.fill(from, to, context)?;
        let emptied = self.poll_empty(to, context).map_err(Broken::To)?;
        if self.is_between() {
            // The peer is slower.
            from.incoming.pause();
        } else if let Some(pipe) = self.splicing.pipe.take() {
            pipe.give_back();
        }
        Ok(emptied || moved > 0)
    }

    /// Lets the pipe have what has come, and what has come behind what is between that and more. Says how much it was. The peer
    /// has it in one go.
    fn fill<A: Transport, B: Transport>(
        &mut self,
        from: &mut Peer<A>,
        to: &Peer<B>,
        context: &mut Context<'_>,
    ) -> Result<usize, Broken> {
        let mut moved = 0;
        while mem::take(&mut self.splicing.next) && from.incoming.pending() == 0 {
            let filled = self.poll_fill(moved == 0, from, context).map_err(Broken::From)?;
            moved += filled;
            if filled == 0 || moved >= TURN || !self.goes_on(from, to, context)? {
                break;
            }
        }
        Ok(moved)
    }

    /// Whether more can be moved at once: of the same bytes, or of those behind what is between them and others, which is read and
    /// goes with those.
    fn goes_on<A: Transport, B: Transport>(
        &mut self,
        from: &mut Peer<A>,
        to: &Peer<B>,
        context: &mut Context<'_>,
    ) -> Result<bool, Broken> {
        let (unread, behind) = self.run(&from.incoming);
        if unread > 0 {
            self.splicing.next = self.is_worth_it(from, to);
            return Ok(self.splicing.next);
        }
        if behind < LEAST {
            return Ok(false);
        }
        from.incoming.skim(BETWEEN);
        let read = from
            .incoming
            .poll_read(&mut from.stream, &mut from.alarm.context(context));
        from.incoming.skim(AROUND);
        if !read.map_err(Broken::From)? {
            return Ok(false);
        }
        self.look(&mut from.incoming, |_| false).map_err(Broken::Malformed)?;
        Ok(self.put_in_front(from, to))
    }

    /// Lets the pipe have what has come, and says how much it was. What `is_first` has nothing before it
    /// but what was put there.
    fn poll_fill<A: Transport>(
        &mut self,
        is_first: bool,
        from: &mut Peer<A>,
        context: &mut Context<'_>,
    ) -> io::Result<usize> {
        let (most, behind) = self.run(&from.incoming);
        let (Some(pipe), Some(socket)) = (&mut self.splicing.pipe, from.stream.socket()) else {
            return Ok(0);
        };
        if most == 0 {
            return Ok(0);
        }
        let had_come = !from.in_plenty;
        let context = &mut from.alarm.context(context);
        let count = from.incoming.poll_fill(pipe, socket, most, context)?;
        if let Some(guard) = &mut self.rest.guard {
            guard.pass_unread(count);
        }
        self.splicing.begun = Some(behind);
        from.in_plenty = count >= most.min(ENOUGH);
        // A pipe has room for few of them, and the kernel keeps far more memory for each than it has bytes.
        from.in_pieces |= !from.in_plenty && count > 0 && had_come && is_first;
        Ok(count)
    }

    /// Lets the peer have what is in the pipe.
    fn poll_empty<B: Transport>(&mut self, to: &mut Peer<B>, context: &mut Context<'_>) -> io::Result<bool> {
        match (&mut self.splicing.pipe, to.stream.socket()) {
            (Some(pipe), Some(socket)) if pipe.held() > 0 => to.writer.poll_empty(pipe, socket, context),
            _ => Ok(false),
        }
    }
}

fn can_splice<A: Transport, B: Transport>(from: &Peer<A>, to: &Peer<B>) -> bool {
    !from.in_pieces && from.stream.socket().is_some() && to.stream.socket().is_some()
}

impl<C: Transport, B: Transport, S: Answers> Exchange<C, B, S> {
    /// Moves what the client sends and nobody looks at.
    pub(super) fn splice_request(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let Some(sending) = &mut self.sending else {
            return Ok(false);
        };
        match sending
            .passing
            .poll_splice(&mut self.client, &mut self.backend, context)
        {
            Ok(moved) => {
                self.note_cut();
                Ok(moved)
            }
            Err(Broken::From(error)) => Err(Over::ClientIo(error)),
            Err(Broken::To(error)) => {
                self.break_off(error);
                Ok(true)
            }
            Err(Broken::Malformed(error)) => {
                self.refuse_request(&error);
                Ok(true)
            }
        }
    }

    /// Moves what the broker sends and nobody looks at.
    pub(super) fn splice_response(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let Some(passing) = &mut self.passing else {
            return Ok(false);
        };
        let was_closed = self.backend.incoming.is_closed();
        let gone = match passing.poll_splice(&mut self.backend, &mut self.client, context) {
            Ok(moved) if was_closed || !self.backend.incoming.is_closed() => return Ok(moved),
            Ok(_) => Gone::Closed,
            Err(Broken::From(error)) => Gone::Broken(error),
            Err(Broken::To(error)) => return Err(Over::ClientIo(error)),
            Err(Broken::Malformed(error)) => {
                self.refuse_response(&error);
                return Ok(true);
            }
        };
        self.leave(gone);
        Ok(true)
    }
}
