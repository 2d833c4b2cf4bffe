//! Bytes between sockets and frames.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use keg_codec::WriteQueue;
use keg_codec::frame::{self, FrameError};
use tokio::io::AsyncWrite;
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use crate::stream::Stream;

/// How much is read at once.
const READ: usize = 64 * 1024;

/// How many slices are written at once, as many as the kernel takes without further ado.
const SLICES: usize = 64;

/// What was read of a peer, and not yet taken as frames.
#[derive(Debug)]
pub(crate) struct Incoming {
    buffer: BytesMut,
    limit: usize,
    closed: bool,
    last_byte: Instant,
}

impl Incoming {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            limit,
            closed: false,
            last_byte: Instant::now(),
        }
    }

    /// The next frame, if it is whole.
    pub(crate) fn frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        frame::decode(&mut self.buffer, self.limit)
    }

    /// Reads no more. Frames that are whole can still be taken.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// How many bytes there are of a frame that isn't whole.
    pub(crate) fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// How long an incomplete frame has been waiting for its next byte.
    pub(crate) fn stalled(&self, now: Instant) -> Option<Duration> {
        (!self.buffer.is_empty() && !self.closed).then(|| now.duration_since(self.last_byte))
    }

    /// Reads once, and says whether anything came of it.
    pub(crate) fn poll_read(&mut self, stream: &mut Stream, context: &mut Context<'_>) -> io::Result<bool> {
        if self.closed {
            return Ok(false);
        }
        self.buffer.reserve(READ.min(self.missing()));
        match poll_read_buf(Pin::new(stream), context, &mut self.buffer) {
            Poll::Ready(Ok(0)) => {
                self.closed = true;
                Ok(true)
            }
            Poll::Ready(Ok(_)) => {
                self.last_byte = Instant::now();
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(false),
        }
    }

    /// Waits for bytes.
    pub(crate) async fn read(&mut self, stream: &mut Stream) -> io::Result<()> {
        std::future::poll_fn(|context| match self.poll_read(stream, context) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }

    /// How many bytes to make room for: what the frame at the front lacks, and at least some.
    fn missing(&self) -> usize {
        let announced = self.buffer.first_chunk::<4>().map(|prefix| i32::from_be_bytes(*prefix));
        let whole = announced
            .and_then(|length| usize::try_from(length).ok())
            .map_or(0, |length| length.saturating_add(4));
        whole.saturating_sub(self.buffer.len()).max(4 * 1024)
    }
}

/// Writes queues to a socket.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// TLS holds bytes back that the socket did not take.
    unflushed: bool,
}

impl Writer {
    /// Whether everything that was taken off a queue is with the kernel.
    pub(super) fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// Writes what the socket takes, and says whether it took anything.
    pub(super) fn poll_write(
        &mut self,
        stream: &mut Stream,
        queue: &mut WriteQueue,
        context: &mut Context<'_>,
    ) -> io::Result<bool> {
        let mut progress = false;
        while !queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = queue.io_slices(&mut slices);
            let slices = slices.get(..filled).unwrap_or_default();
            match Pin::new(&mut *stream).poll_write_vectored(context, slices) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => queue.advance(written),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
            progress = true;
        }
        self.unflushed |= progress;
        if self.unflushed {
            self.unflushed = Pin::new(stream).poll_flush(context)?.is_pending();
        }
        Ok(progress)
    }
}
