//! Handshakes under a deadline.

use std::io;
use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::{ClientStream, ServerName, ServerStream, refusal};

/// The server's side of a handshake. With a [`Prefixed`](crate::Prefixed) stream, it starts with the hello that was
/// peeked at.
///
/// Give it the deadline that [`peek`](crate::peek) had, and one limit holds from the first byte to the end of the
/// handshake.
///
/// # Errors
/// When the handshake fails, or is not over by the deadline. The client has been sent an alert where TLS has one for
/// it.
pub async fn accept<IO>(
    io: IO,
    config: Arc<ServerConfig>,
    deadline: Instant,
) -> Result<ServerStream<IO>, HandshakeError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let accepting = TlsAcceptor::from(config).accept(io);
    timeout_at(deadline, accepting)
        .await
        .map_err(|_| HandshakeError::Deadline)?
        .map_err(HandshakeError::from_io)
}

/// The client's side of a handshake. `name` is what the server's certificate must be for; it is sent as SNI unless it
/// is an IP address.
///
/// # Errors
/// When the handshake fails, or is not over by the deadline.
///
/// With TLS 1.3, a server that refuses the client's certificate says so only after the handshake: the first read then
/// fails, and [`certificate_refused`](crate::certificate_refused) tells why.
pub async fn connect<IO>(
    io: IO,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    deadline: Instant,
) -> Result<ClientStream<IO>, HandshakeError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let connecting = TlsConnector::from(config).connect(name, io);
    timeout_at(deadline, connecting)
        .await
        .map_err(|_| HandshakeError::Deadline)?
        .map_err(HandshakeError::from_io)
}

/// Why a handshake came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The peer was too slow.
    #[error("the TLS handshake was not over by its deadline")]
    Deadline,
    /// The peer closed the connection.
    #[error("the peer closed the connection during the TLS handshake")]
    Closed,
    /// The peer refused this side, and said why.
    #[error("the peer refused the TLS handshake: {0:?}")]
    Refused(rustls::AlertDescription),
    /// The peer's certificate, or that it has none.
    #[error("the peer's certificate was refused: {0}")]
    Certificate(#[source] rustls::Error),
    /// This side refused the peer: no version or cipher suite in common, or a breach of the protocol.
    #[error("TLS handshake: {0}")]
    Tls(#[source] rustls::Error),
    /// The connection failed.
    #[error("the connection failed during the TLS handshake: {0}")]
    Io(#[source] io::Error),
}

impl HandshakeError {
    /// A word for metrics; there are as many as variants.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Closed => "closed",
            Self::Refused(_) => "refused",
            Self::Certificate(_) => "certificate",
            Self::Tls(_) => "tls",
            Self::Io(_) => "io",
        }
    }

    /// The alert by which the server has refused the client's certificate, or that it has none, if that is what it was.
    pub fn certificate_refused(&self) -> Option<rustls::AlertDescription> {
        match self {
            Self::Refused(alert) => refusal::of_certificate(*alert),
            _ => None,
        }
    }

    /// tokio-rustls hands TLS errors over as I/O errors around them.
    fn from_io(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::Closed;
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::AlertReceived(alert)) => Self::Refused(*alert),
            Some(tls @ (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)) => {
                Self::Certificate(tls.clone())
            }
            Some(tls) => Self::Tls(tls.clone()),
            None => Self::Io(error),
        }
    }
}
