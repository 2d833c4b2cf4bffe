//! The first bytes of a connection, read under one deadline and kept.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};

use crate::{HelloReader, Outcome};

/// What the first bytes of a connection were, and the bytes.
#[derive(Debug, Clone)]
pub struct Peeked {
    /// What they were.
    pub outcome: Outcome,
    /// All that has been read, to put in front again with [`Prefixed`](crate::Prefixed).
    pub buffered: Bytes,
}

/// Reads until it is clear what the peer speaks: the whole hello of a TLS client, the first byte of a Kafka client.
///
/// At most `max_hello` bytes are read and kept. The deadline is one for all of it: a client that sends a byte now and
/// then gains nothing. Not even a first byte may come from a client that expects the server to speak first; Kafka
/// clients don't.
///
/// # Cancel safety
/// None: what has been read is lost with the future.
///
/// # Errors
/// When the peer closes the connection, or the deadline passes, before it is clear.
pub async fn peek<IO>(io: &mut IO, max_hello: usize, deadline: Instant) -> Result<Peeked, PeekError>
where
    IO: AsyncRead + Unpin,
{
    let mut buffered = BytesMut::new();
    match timeout_at(deadline, read_hello(io, max_hello, &mut buffered)).await {
        Ok(Ok(Some(outcome))) => Ok(Peeked {
            outcome,
            buffered: buffered.freeze(),
        }),
        Ok(Ok(None)) => Err(PeekError::Closed { after: buffered.len() }),
        Ok(Err(error)) => Err(PeekError::Io(error)),
        Err(_) => Err(PeekError::Deadline { after: buffered.len() }),
    }
}

async fn read_hello<IO>(io: &mut IO, max_hello: usize, buffered: &mut BytesMut) -> io::Result<Option<Outcome>>
where
    IO: AsyncRead + Unpin,
{
    // Enough for a hello with a post-quantum key share (about 1.5 KiB) in one read.
    const STEP: usize = 2048;
    let mut reader = HelloReader::new(max_hello);
    loop {
        let known = buffered.len();
        let room = reader.max().saturating_sub(known);
        if buffered.capacity() == known {
            buffered.reserve(room.min(STEP));
        }
        if io.read_buf(&mut (&mut *buffered).limit(room)).await? == 0 {
            return Ok(None);
        }
        if let Some(outcome) = reader.push(buffered.get(known..).unwrap_or_default()) {
            return Ok(Some(outcome));
        }
    }
}

/// Why it did not become clear what a peer speaks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeekError {
    /// The peer closed the connection. After no byte at all it is likely to be a port scan or a load balancer's check.
    #[error("the client closed the connection after {after} bytes, before a whole TLS hello or Kafka request")]
    Closed {
        /// How many bytes it sent.
        after: usize,
    },
    /// The peer was too slow.
    #[error("the client sent only {after} bytes by the deadline: expected a TLS hello, or a Kafka request")]
    Deadline {
        /// How many bytes it sent.
        after: usize,
    },
    /// The connection failed.
    #[error("the connection failed before the client's first request: {0}")]
    Io(#[from] io::Error),
}
