//! Frames, headers, and the one place where kafka-protocol's decoders see a client's bytes.

use std::io;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use keg_codec::frame::{self, FrameError};
use keg_codec::header::{self, HeaderError};
use keg_codec::walk::{self, WalkError};
use keg_codec::{ErrorCode, RequestFrame, error_reply};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How much is read at once; the buffer grows with what has arrived, not with what a length says.
const READ_SIZE: usize = 64 << 10;
const LENGTH: usize = 4;

/// Why a connection can't go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum WireError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("the connection ended {0} byte(s) into a frame")]
    HalfFrame(usize),
    #[error("the body of a {api} request, version {version}, is malformed: {reason}")]
    Body {
        api: &'static str,
        version: i16,
        reason: WalkError,
    },
    #[error("a {api} message, version {version}, passed the check of its structure, but not kafka-protocol: {reason}")]
    Codec {
        api: &'static str,
        version: i16,
        reason: String,
    },
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl WireError {
    /// Whether the peer has gone, and said nothing wrong before: nothing to warn of.
    pub(crate) fn is_departure(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        matches!(self, Self::Io(error) if matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset))
    }
}

/// Cuts a stream into frames.
#[derive(Debug)]
pub(crate) struct Frames<R> {
    stream: R,
    buffer: BytesMut,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(crate) fn new(stream: R, limit: usize) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            limit,
        }
    }

    /// The next frame without its length; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, WireError> {
        loop {
            if let Some(frame) = frame::decode(&mut self.buffer, self.limit)? {
                return Ok(Some(frame));
            }
            self.buffer.reserve(READ_SIZE);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return match self.buffer.len() {
                    0 => Ok(None),
                    length => Err(WireError::HalfFrame(length)),
                };
            }
        }
    }
}

/// Decodes the body of a request, once its structure has been checked: kafka-protocol allocates what a length claims.
pub(crate) fn body(request: &RequestFrame, api_key: ApiKey) -> Result<RequestKind, WireError> {
    let (api, version) = (request.api.name, request.version);
    walk::check(&request.api.request, version, &request.body).map_err(|reason| WireError::Body {
        api,
        version,
        reason,
    })?;
    RequestKind::decode(api_key, &mut request.body.clone(), version).map_err(|error| WireError::Codec {
        api,
        version,
        reason: format!("{error:#}"),
    })
}

/// Encodes a reply as a whole frame, in a version that may not be the request's.
pub(crate) fn reply(request: &RequestFrame, version: i16, response: &ResponseKind) -> Result<BytesMut, WireError> {
    let mut frame = begin(request, version);
    response.encode(&mut frame, version).map_err(|error| WireError::Codec {
        api: request.api.name,
        version,
        reason: format!("{error:#}"),
    })?;
    finish(&mut frame);
    Ok(frame)
}

/// Answers a whole request with an error code, in a frame.
pub(crate) fn refusal(request: &RequestFrame, code: i16) -> Result<BytesMut, WireError> {
    let (api, version) = (request.api, request.version);
    let body = error_reply(api, version, &request.body, ErrorCode(code), None).map_err(|reason| WireError::Body {
        api: api.name,
        version,
        reason,
    })?;
    let mut frame = begin(request, version);
    frame.extend_from_slice(&body);
    finish(&mut frame);
    Ok(frame)
}

/// The refusal of an ApiVersions request whose version no broker has, which every client understands (KIP-511).
pub(crate) fn api_versions_refusal(correlation_id: i32, response: &ResponseKind) -> Result<BytesMut, WireError> {
    let mut frame = BytesMut::new();
    frame.extend_from_slice(&[0; LENGTH]);
    frame.extend_from_slice(&correlation_id.to_be_bytes());
    response.encode(&mut frame, 0).map_err(|error| WireError::Codec {
        api: "ApiVersions",
        version: 0,
        reason: format!("{error:#}"),
    })?;
    finish(&mut frame);
    Ok(frame)
}

/// Writes the length of what follows it into the first bytes of a frame.
pub(crate) fn finish(frame: &mut BytesMut) {
    let length = u32::try_from(frame.len().saturating_sub(LENGTH)).unwrap_or(u32::MAX);
    if let Some(prefix) = frame.first_chunk_mut::<LENGTH>() {
        *prefix = length.to_be_bytes();
    }
}

fn begin(request: &RequestFrame, version: i16) -> BytesMut {
    let mut frame = BytesMut::new();
    frame.extend_from_slice(&[0; LENGTH]);
    frame.extend_from_slice(&header::response_head(request.api, version));
    if let Some(correlation_id) = frame.get_mut(LENGTH..2 * LENGTH) {
        correlation_id.copy_from_slice(&request.correlation_id.to_be_bytes());
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_has_gone_is_told_from_one_that_breaks_off_or_fails() {
        let departs = |error: WireError| error.is_departure();
        assert!(departs(io::Error::from(io::ErrorKind::ConnectionReset).into()));
        assert!(departs(io::Error::from(io::ErrorKind::BrokenPipe).into()));
        assert!(!departs(io::Error::from(io::ErrorKind::OutOfMemory).into()));
        assert!(!departs(WireError::HalfFrame(3)));
    }
}
