//! What tests of this crate have in common.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::stream::Transport;

impl Transport for DuplexStream {}

/// The two ends of a connection, neither of which waits for more before it sends.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (one, other) = tokio::join!(TcpStream::connect(address), listener.accept());
    let ends = (one.unwrap(), other.unwrap().0);
    ends.0.set_nodelay(true).unwrap();
    ends.1.set_nodelay(true).unwrap();
    ends
}

/// Sends all in pieces of these sizes, again and again, between which others have their turn.
pub(crate) async fn send_pieces(to: &mut (impl AsyncWrite + Unpin), mut bytes: &[u8], sizes: &[usize]) {
    let mut sizes = sizes.iter().cycle();
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(bytes.len().min(*sizes.next().unwrap()));
        to.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
        bytes = rest;
    }
}

/// Held by whoever needs a pipe, or all of them.
static PIPES: RwLock<()> = RwLock::const_new(());

/// There are pipes to be had as long as this is held.
pub(crate) async fn some_pipes() -> RwLockReadGuard<'static, ()> {
    PIPES.read().await
}

/// Nobody else has pipes, or wants some, as long as this is held.
#[cfg(target_os = "linux")]
pub(crate) async fn all_pipes() -> tokio::sync::RwLockWriteGuard<'static, ()> {
    PIPES.write().await
}

/// An end of which it is counted how it is read.
pub(crate) struct Counted<IO> {
    pub(crate) stream: IO,
    pub(crate) read: Arc<Read>,
}

/// What was read of an end.
#[derive(Debug, Default)]
pub(crate) struct Read {
    asked: AtomicUsize,
    times: AtomicUsize,
    bytes: AtomicUsize,
}

impl Read {
    /// How often somebody has tried.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How often something came of it.
    pub(crate) fn times(&self) -> usize {
        self.times.load(Ordering::Relaxed)
    }

    /// How much that was.
    pub(crate) fn bytes(&self) -> usize {
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
