//! A turn of the task: all that can be moved is, and it is looked at what has ended or has waited too long.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Answers, Exchange};
use crate::error::Over;
use crate::stream::Transport;

/// How often everything is moved before other connections get their turn.
const ROUNDS: usize = 16;

impl<C: Transport, B: Transport, S: Answers> Exchange<C, B, S> {
    /// Moves whatever can be moved.
    fn poll_move(&mut self, context: &mut Context<'_>) -> Result<(), Over> {
        // Whoever woke the task may have a reply.
        let mut news = true;
        for _ in 0..ROUNDS {
            // What is read goes all its way in one round, and the next finds nothing more.
            let read = self.poll_client_read(context);
            let mut progress = matches!(read, Ok(true)) | self.take_requests(context);
            progress |= self.poll_backend_read(context);
            // Replies come of what was moved, or of whom the task is woken by.
            if progress || news {
                progress |= self.take_replies(context);
            }
            // Whoever is asked for a reply may have something to send first.
            let sent = self.poll_backend_write(context);
            progress |= matches!(sent, Ok(true));
            news = self.poll_client_write(context)?;
            // Whoever can't be read any more is still told what there is.
            sent.and(read)?;
            if !progress && !news {
                return Ok(());
            }
            self.busy_poll.touch();
        }
        context.waker().wake_by_ref();
        Ok(())
    }

    fn outcome(&mut self) -> Poll<Result<(), Over>> {
        let written = self.to_client.is_empty() && self.client.writer.is_flushed() && self.passing.is_none();
        if !written || !self.replies.is_empty() {
            return Poll::Pending;
        }
        if let Some(reason) = self.ending.take() {
            return Poll::Ready(Err(*reason));
        }
        let incoming = &self.client.incoming;
        if !incoming.is_closed() || incoming.has_frame() {
            return Poll::Pending;
        }
        let sent = self.sending.is_none() && self.link.queued() == 0 && self.backend.writer.is_flushed();
        if !sent {
            return Poll::Pending;
        }
        Poll::Ready(match incoming.pending() {
            0 => Ok(()),
            received => Err(Over::Cut { received }),
        })
    }
}

impl<C: Transport, B: Transport, S: Answers + Unpin> Future for Exchange<C, B, S> {
    type Output = Result<(), Over>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.client.wake(context);
        this.backend.wake(context);
        if let Err(over) = this.poll_move(context) {
            return Poll::Ready(Err(over));
        }
        match this.outcome() {
            Poll::Pending => this.poll_waits(context).map(Err),
            ended => ended,
        }
    }
}
