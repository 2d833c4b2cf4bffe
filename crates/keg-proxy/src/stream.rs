//! The streams of both legs.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use keg_tls::{ClientStream, Prefixed, ServerStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection, with or without TLS.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    /// Plaintext whose beginning was read to find out that it is.
    Peeked(Prefixed<TcpStream>),
    /// TLS that a client began.
    Server(Box<ServerStream<Prefixed<TcpStream>>>),
    /// TLS to a broker.
    Client(Box<ClientStream<TcpStream>>),
}

/// What the bytes of a peer come and go by.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// The socket, if its bytes are those of the peer, and all that came before was read.
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

impl Transport for TcpStream {
    fn socket(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

impl Transport for Stream {
    fn socket(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(socket) => Some(socket),
            Self::Peeked(peeked) => peeked.prefix().is_empty().then(|| peeked.get_ref()),
            Self::Server(_) | Self::Client(_) => None,
        }
    }
}

macro_rules! delegate {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Self::Plain(it) => {
                let $stream = Pin::new(it);
                $call
            }
            Self::Peeked(it) => {
                let $stream = Pin::new(it);
                $call
            }
            Self::Server(it) => {
                let $stream = Pin::new(&mut **it);
                $call
            }
            Self::Client(it) => {
                let $stream = Pin::new(&mut **it);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write_vectored(context, slices))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_shutdown(context))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
