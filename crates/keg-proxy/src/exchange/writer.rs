//! From queues to sockets.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use keg_codec::WriteQueue;
use tokio::io::AsyncWrite;
use tokio::time::Instant;

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

impl Writer {
    /// Whether everything that was taken off a queue is with the kernel.
    pub(super) fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// How long the peer has taken nothing of what waits for it.
    pub(super) fn blocked(&self, now: Instant) -> Option<Duration> {
        self.blocked_since.map(|since| now.duration_since(since))
    }

    /// Writes what the socket takes of some bytes, and says how many.
    pub(super) fn poll_write_slice<IO>(
        &mut self,
        stream: &mut IO,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> io::Result<usize>
    where
        IO: AsyncWrite + Unpin,
    {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut *stream).poll_write(context, rest) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => written += count,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        self.unflushed |= written > 0;
        self.poll_flush(stream, context)?;
        self.note(written == bytes.len(), written > 0);
        Ok(written)
    }

    /// Writes what the socket takes, and says whether it took anything.
    pub(super) fn poll_write<IO>(
        &mut self,
        stream: &mut IO,
        queue: &mut WriteQueue,
        context: &mut Context<'_>,
    ) -> io::Result<bool>
    where
        IO: AsyncWrite + Unpin,
    {
        if queue.is_empty() && !self.unflushed && self.blocked_since.is_none() {
            return Ok(false);
        }
        let mut progress = false;
        while !queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = queue.io_slices(&mut slices);
            let slices = slices.get(..filled).unwrap_or_default();
            let stream = Pin::new(&mut *stream);
            let written = match slices {
                // Mostly, and cheaper for the kernel.
                [slice] => stream.poll_write(context, slice),
                slices => stream.poll_write_vectored(context, slices),
            };
            match written {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => queue.advance(written),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
            progress = true;
        }
        self.unflushed |= progress;
        self.poll_flush(stream, context)?;
        if queue.is_empty() && !self.unflushed && (progress || self.blocked_since.is_some()) {
            // An idle connection is not to keep the room of its busiest moment.
            *queue = WriteQueue::default();
        }
        self.note(queue.is_empty(), progress);
        Ok(progress)
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
