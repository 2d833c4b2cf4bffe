//! The first bytes of a connection: TLS or not, and for whom.

use bytes::Bytes;
use keg_tls::{
    AlertDescription, DEFAULT_MAX_HELLO, HandshakeError, Outcome, PeekError, Peeked, Plaintext, Prefixed, fatal_alert,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{Accepted, Ended, Hello};
use crate::stream::Stream;

/// What the first bytes are, and the bytes.
pub(super) enum First {
    /// Nothing was read: the port is plaintext, and routed by itself.
    Unread,
    /// A TLS hello.
    Tls {
        server_name: Option<String>,
        bytes: Bytes,
        deadline: Instant,
    },
    /// Something else, where plaintext is allowed.
    Plain { bytes: Bytes },
}

/// Reads the hello where there is one to be expected.
pub(super) async fn read(mut accepted: Accepted) -> Result<Hello, Ended> {
    if accepted.listener.tls.is_none() && !accepted.snapshot.table.needs_server_name(accepted.local) {
        return Ok(Hello {
            accepted,
            first: First::Unread,
        });
    }
    let deadline = Instant::now() + accepted.snapshot.limits.handshake_timeout;
    let Peeked {
        outcome,
        buffered: bytes,
    } = keg_tls::peek(&mut accepted.stream, DEFAULT_MAX_HELLO, deadline)
        .await
        .map_err(|error| match error {
            // Port scans, health checks, clients that change their mind.
            PeekError::Closed { after: 0 } | PeekError::Deadline { after: 0 } | PeekError::Io(_) => {
                Ended::ordinarily("hello", error)
            }
            error => Ended::because("hello", error),
        })?;
    let first = match outcome {
        Outcome::Hello(hello) => First::Tls {
            server_name: hello.server_name,
            bytes,
            deadline,
        },
        Outcome::NotTls(plaintext) => return plain(accepted, &plaintext, bytes),
        Outcome::TooLarge { limit } => {
            return Err(Ended::because(
                "hello",
                format!("the TLS hello is longer than {limit} bytes"),
            ));
        }
        Outcome::Malformed(malformed) => return Err(Ended::because("hello", malformed)),
    };
    Ok(Hello { accepted, first })
}

fn plain(accepted: Accepted, plaintext: &Plaintext, bytes: Bytes) -> Result<Hello, Ended> {
    let is_allowed = accepted.listener.tls.as_ref().is_none_or(|tls| tls.allow_plaintext);
    if !is_allowed {
        let reason = format!(
            "{plaintext}, but this listener is for TLS only: use `security.protocol=SSL`, or set `allow_plaintext: true` in its tls_server policy"
        );
        return Err(Ended::because("plaintext_on_tls", reason));
    }
    Ok(Hello {
        accepted,
        first: First::Plain { bytes },
    })
}

impl First {
    pub(super) fn server_name(&self) -> Option<&str> {
        match self {
            Self::Tls { server_name, .. } => server_name.as_deref(),
            Self::Unread | Self::Plain { .. } => None,
        }
    }

    /// The bytes that were read.
    pub(super) fn bytes(self) -> Bytes {
        match self {
            Self::Tls { bytes, .. } | Self::Plain { bytes } => bytes,
            Self::Unread => Bytes::new(),
        }
    }

    /// Tells a TLS client that its server name is not known here.
    pub(super) async fn refuse(self, mut stream: TcpStream) {
        if matches!(self, Self::Tls { .. }) {
            let _ = stream.write_all(&fatal_alert(AlertDescription::UnrecognisedName)).await;
        }
    }

    /// Ends TLS here, where the client uses it.
    pub(super) async fn terminate(self, accepted: Accepted) -> Result<Stream, Ended> {
        let (bytes, deadline) = match self {
            Self::Unread => return Ok(Stream::Plain(accepted.stream)),
            Self::Plain { bytes } => return Ok(Stream::Peeked(Prefixed::new(accepted.stream, bytes))),
            Self::Tls { bytes, deadline, .. } => (bytes, deadline),
        };
        let Some(tls) = &accepted.listener.tls else {
            return Err(Ended::because(
                "tls_on_plaintext",
                "the client speaks TLS, but the listener has no tls_server policy: use `security.protocol=PLAINTEXT`, or add one",
            ));
        };
        let stream = Prefixed::new(accepted.stream, bytes);
        match keg_tls::accept(stream, tls.config.config(), deadline).await {
            Ok(stream) => Ok(Stream::Server(Box::new(stream))),
            Err(error @ (HandshakeError::Closed | HandshakeError::Io(_))) => Err(Ended::ordinarily("handshake", error)),
            Err(error) => Err(Ended::because(
                error.kind(),
                format!("the TLS handshake failed: {error}"),
            )),
        }
    }
}
