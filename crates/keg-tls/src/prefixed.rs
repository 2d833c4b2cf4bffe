//! Bytes that were read too early, put back in front.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that is read from `prefix` first, and then from `IO`. Writing goes to `IO` directly.
#[derive(Debug)]
pub struct Prefixed<IO> {
    prefix: Bytes,
    io: IO,
}

impl<IO> Prefixed<IO> {
    /// Puts `prefix` in front of what `io` has still to read.
    pub fn new(io: IO, prefix: Bytes) -> Self {
        Self { prefix, io }
    }

    /// The stream behind.
    pub fn get_ref(&self) -> &IO {
        &self.io
    }

    /// What is read before the stream behind is.
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// The stream behind, to change its options. Reading from it skips what is left of the prefix.
    pub fn get_mut(&mut self) -> &mut IO {
        &mut self.io
    }

    /// The stream behind, and what is left of the prefix.
    pub fn into_parts(self) -> (IO, Bytes) {
        (self.io, self.prefix)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Prefixed<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let taken = self.prefix.len().min(buf.remaining());
        buf.put_slice(&self.prefix.split_to(taken));
        if !self.prefix.has_remaining() {
            // An empty slice would keep the whole buffer for as long as the connection lives.
            self.prefix = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Prefixed<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn the_prefix_is_read_first_in_pieces_of_any_size() {
        for size in 1..12 {
            let mut stream = Prefixed::new(&b" the rest"[..], Bytes::from_static(b"first"));
            let mut read = Vec::new();
            let mut piece = vec![0; size];
            loop {
                match stream.read(&mut piece).await.unwrap() {
                    0 => break,
                    n => read.extend_from_slice(&piece[..n]),
                }
            }
            assert_eq!(read, b"first the rest", "in pieces of {size}");
        }
    }

    #[tokio::test]
    async fn writes_go_through_vectored_ones_in_one_call() {
        let mut written = io::Cursor::new(Vec::new());
        let mut stream = Prefixed::new(&mut written, Bytes::from_static(b"unread"));
        assert!(stream.is_write_vectored());
        assert_eq!(
            stream
                .write_vectored(&[IoSlice::new(b"one "), IoSlice::new(b"call")])
                .await
                .unwrap(),
            8
        );
        let (_, prefix) = stream.into_parts();
        assert_eq!(
            (written.into_inner(), prefix),
            (b"one call".to_vec(), Bytes::from_static(b"unread"))
        );
    }
}
