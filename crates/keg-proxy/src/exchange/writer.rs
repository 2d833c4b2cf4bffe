//! From queues to sockets.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use keg_codec::WriteQueue;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::room;
use crate::splice::Pipe;

/// How many slices are written at once, as many as the kernel takes without further ado.
const SLICES: usize = 64;

/// Writes queues to a socket.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// TLS holds bytes back that the socket did not take.
    unflushed: bool,
    /// Since when the peer has taken nothing of what waits for it.
    blocked_since: Option<Instant>,
}

/// How much was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Whether anything was.
    pub(super) any: bool,
    /// How many bytes were of those behind the queue.
    pub(super) behind: usize,
}

impl Writer {
    /// Whether everything that was taken off a queue is with the kernel.
    pub(super) fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// Whether there is nothing to be done beside what is queued.
    pub(super) fn is_idle(&self) -> bool {
        !self.unflushed && self.blocked_since.is_none()
    }

    /// How long the peer has taken nothing of what waits for it.
    pub(super) fn blocked(&self, now: Instant) -> Option<Duration> {
        self.blocked_since.map(|since| now.duration_since(since))
    }

    /// Writes what the socket takes of a queue and of the bytes behind it, together as far as can be: a head that is
    /// written by itself wakes the peer once more.
    #[inline]
    pub(super) fn poll_write<IO>(
        &mut self,
        stream: &mut IO,
        queue: &mut WriteQueue,
        behind: &[u8],
        context: &mut Context<'_>,
    ) -> io::Result<Written>
    where
        IO: AsyncWrite + Unpin,
    {
        // Mostly.
        if queue.is_empty() && behind.is_empty() && self.is_idle() {
            return Ok(Written::default());
        }
        self.poll_some(stream, queue, behind, context)
    }

    // There is mostly nothing to be written where this is asked for, which is found out without the call.
    #[inline(never)]
    fn poll_some<IO>(
        &mut self,
        stream: &mut IO,
        queue: &mut WriteQueue,
        behind: &[u8],
        context: &mut Context<'_>,
    ) -> io::Result<Written>
    where
        IO: AsyncWrite + Unpin,
    {
        let mut done = Written::default();
        loop {
            let rest = behind.get(done.behind..).unwrap_or_default();
            if queue.is_empty() && rest.is_empty() {
                break;
            }
            let stream = Pin::new(&mut *stream);
            let written = match queue.only().filter(|_| rest.is_empty()) {
                // Mostly, and cheaper for the kernel.
                Some(slice) => stream.poll_write(context, slice),
                None => {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let mut filled = queue.io_slices(&mut slices);
                    if let Some(place) = slices.get_mut(filled).filter(|_| !rest.is_empty()) {
                        *place = IoSlice::new(rest);
                        filled += 1;
                    }
                    match slices.get(..filled).unwrap_or_default() {
                        [slice] => stream.poll_write(context, slice),
                        slices => stream.poll_write_vectored(context, slices),
                    }
                }
            };
            match written {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    let queued = written.min(queue.len());
                    queue.advance(queued);
                    done.behind += written - queued;
                    done.any = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        self.unflushed |= done.any;
        self.poll_flush(stream, context)?;
        if queue.is_empty() && !self.unflushed && (done.any || self.blocked_since.is_some()) {
            room::take_back(queue);
        }
        self.note(queue.is_empty() && done.behind == behind.len(), done.any);
        Ok(done)
    }

    /// Lets a socket have what it takes of a pipe, before which nothing is left to be written.
    pub(super) fn poll_empty(
        &mut self,
        pipe: &mut Pipe,
        socket: &TcpStream,
        context: &mut Context<'_>,
    ) -> io::Result<bool> {
        let mut any = false;
        while pipe.held() > 0
            && let Poll::Ready(moved) = pipe.poll_empty(socket, context)
        {
            if moved? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            any = true;
        }
        self.note(pipe.held() == 0, any);
        Ok(any)
    }

    fn poll_flush<IO: AsyncWrite + Unpin>(&mut self, stream: &mut IO, context: &mut Context<'_>) -> io::Result<()> {
        if self.unflushed {
            self.unflushed = Pin::new(stream).poll_flush(context)?.is_pending();
        }
        Ok(())
    }

    /// Notes whether the peer is being waited for.
    fn note(&mut self, written: bool, progress: bool) {
        if written && !self.unflushed {
            self.blocked_since = None;
        } else if progress || self.blocked_since.is_none() {
            self.blocked_since = Some(Instant::now());
        }
    }
}
