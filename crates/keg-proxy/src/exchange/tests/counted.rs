//! Ends of which it is counted how they are read.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::*;

pub(super) struct Counted<IO> {
    pub(super) stream: IO,
    pub(super) read: Arc<Read>,
}

/// What was read of an end.
#[derive(Debug, Default)]
pub(super) struct Read {
    asked: AtomicUsize,
    times: AtomicUsize,
    bytes: AtomicUsize,
}

impl Read {
    /// How often somebody has tried.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How often something came of it.
    pub(super) fn times(&self) -> usize {
        self.times.load(Ordering::Relaxed)
    }

    /// How much that was.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl<IO: Transport> Transport for Counted<IO> {
    fn socket(&self) -> Option<&TcpStream> {
        self.stream.socket()
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Counted<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len() - before;
        self.read.asked.fetch_add(1, Ordering::Relaxed);
        self.read.times.fetch_add(usize::from(bytes > 0), Ordering::Relaxed);
        self.read.bytes.fetch_add(bytes, Ordering::Relaxed);
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Counted<IO> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
