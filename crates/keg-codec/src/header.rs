//! Request and response headers of every api key.

use bytes::Bytes;

use crate::ApiKey;
use crate::queue::WriteQueue;
use crate::rope::{Rope, SHARE_FROM};
use crate::schema::Api;
use crate::walk::WalkError;
use crate::wire::Reader;

/// A request as it stands in its frame: header and body, both still the bytes that came in.
#[derive(Debug, Clone)]
pub struct RequestFrame {
    /// The API, one that Kafka has, in a version that it has.
    pub api: &'static Api,
    /// The version of the API.
    pub version: i16,
    /// What the peer called the request.
    pub correlation_id: i32,
    /// The header as it came, the correlation id included.
    pub head: Bytes,
    /// What follows the header.
    pub body: Bytes,
}

impl RequestFrame {
    /// Splits a frame into header and body.
    ///
    /// # Errors
    /// When the API or its version is unknown, or the header is malformed.
    pub fn parse(mut frame: Bytes) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(&frame);
        let (key, version, correlation_id) = (ApiKey(reader.int16()?), reader.int16()?, reader.int32()?);
        let api = Api::of(key).ok_or(HeaderError::UnknownApi { key, version })?;
        if !api.versions().contains(version) {
            return Err(HeaderError::UnknownVersion {
                api,
                version,
                correlation_id,
            });
        }
        // Header version 1 in all but the flexible versions, which have version 2: the client id keeps its
        // two bytes of length, and tagged fields follow.
        if let Some(length) = reader.length16(false)? {
            reader.take(length)?;
        }
        if api.request.flexible.contains(version) {
            reader.skip_tags()?;
        }
        let length = reader.position();
        let head = frame.split_to(length);
        Ok(Self {
            api,
            version,
            correlation_id,
            head,
            body: frame,
        })
    }

    /// The client id, if there is one that is UTF-8.
    pub fn client_id(&self) -> Option<&str> {
        client_id(&self.head).and_then(|id| std::str::from_utf8(id).ok())
    }
}

/// The client id in a request's header, if there is one.
pub fn client_id(head: &[u8]) -> Option<&[u8]> {
    let (length, rest) = head.get(8..)?.split_first_chunk::<2>()?;
    let length = usize::try_from(i16::from_be_bytes(*length)).ok()?;
    rest.get(..length)
}

/// Why a frame is not a request.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// No Kafka has the API.
    #[error("api key {} (version {version}) is not one that Kafka {} has", key.0, crate::schema::KAFKA_VERSION)]
    UnknownApi {
        /// The api key.
        key: ApiKey,
        /// The version.
        version: i16,
    },
    /// No Kafka has the version.
    #[error("{} version {version} is not one of {}-{}, which keg knows", api.name, api.versions().first, api.versions().last)]
    UnknownVersion {
        /// The API.
        api: &'static Api,
        /// The version.
        version: i16,
        /// What the peer called the request; it stands at the same place in every version.
        correlation_id: i32,
    },
    /// The header ends early, or has malformed tags.
    #[error("the request header is malformed: {0}")]
    Malformed(#[from] WalkError),
}

/// A response as it stands in its frame.
#[derive(Debug, Clone)]
pub struct ResponseFrame {
    /// What the gateway called the request.
    pub correlation_id: i32,
    /// The frame's bytes, header included.
    frame: Bytes,
}

impl ResponseFrame {
    /// Reads the correlation id, which tells which request is answered.
    ///
    /// # Errors
    /// When there are not four bytes.
    pub fn parse(frame: Bytes) -> Result<Self, WalkError> {
        let correlation_id = Reader::new(&frame).int32()?;
        Ok(Self { correlation_id, frame })
    }

    /// Splits header and body, now that the request is known.
    ///
    /// # Errors
    /// When the header's tags are malformed.
    pub fn split(self, api: &Api, version: i16) -> Result<(Bytes, Bytes), WalkError> {
        let mut body = self.frame;
        let mut reader = Reader::new(&body);
        reader.take(4)?;
        if response_has_tags(api, version) {
            reader.skip_tags()?;
        }
        let length = reader.position();
        let head = body.split_to(length);
        Ok((head, body))
    }
}

/// The header of a response that the gateway makes itself; the correlation id is written on the way out.
pub fn response_head(api: &Api, version: i16) -> Bytes {
    Bytes::from_static(if response_has_tags(api, version) {
        &[0, 0, 0, 0, 0]
    } else {
        &[0, 0, 0, 0]
    })
}

/// The header of a request that the gateway makes itself; the correlation id is written on the way out.
///
/// A client id that is longer than a header can say is cut.
pub fn request_head(api: &Api, version: i16, client_id: &[u8]) -> Bytes {
    let length = i16::try_from(client_id.len()).unwrap_or(i16::MAX);
    let mut head = Vec::with_capacity(11 + client_id.len());
    head.extend(api.key.0.to_be_bytes());
    head.extend(version.to_be_bytes());
    head.extend([0; 4]);
    head.extend(length.to_be_bytes());
    head.extend(client_id.iter().take(length.unsigned_abs().into()));
    if api.request.flexible.contains(version) {
        head.push(0);
    }
    head.into()
}

/// Queues a request as a frame, with the gateway's correlation id.
pub fn write_request(queue: &mut WriteQueue, head: &[u8], correlation_id: i32, body: Rope) {
    begin_request(queue, head, correlation_id, body, 0);
}

/// Queues the beginning of a request as that of a frame, with the gateway's correlation id. `rest` bytes of the body are to
/// follow it.
pub fn begin_request(queue: &mut WriteQueue, head: &[u8], correlation_id: i32, body: Rope, rest: usize) {
    write(queue, head, 4, correlation_id, body, rest);
}

/// Queues a response as a frame, with the client's correlation id.
pub fn write_response(queue: &mut WriteQueue, head: &[u8], correlation_id: i32, body: Rope) {
    begin_response(queue, head, correlation_id, body, 0);
}

/// Queues the beginning of a response as that of a frame, with the client's correlation id. `rest` bytes of the body are to
/// follow it.
pub fn begin_response(queue: &mut WriteQueue, head: &[u8], correlation_id: i32, body: Rope, rest: usize) {
    write(queue, head, 0, correlation_id, body, rest);
}

/// Queues a frame of which the four bytes of `head` from `offset` on are replaced by the correlation id.
fn write(queue: &mut WriteQueue, head: &[u8], offset: usize, correlation_id: i32, body: Rope, rest: usize) {
    // Frames are bounded far below 2 GiB when they are read, and edits add names of at most 32 KiB each.
    let length = i32::try_from(head.len() + body.len() + rest).unwrap_or(i32::MAX);
    let small = match body.len() {
        length @ ..SHARE_FROM => length,
        _ => {
            let lengths = body.pieces().iter().map(Bytes::len);
            lengths.filter(|length| *length < SHARE_FROM).sum()
        }
    };
    let tail = queue.tail(4 + head.len() + small);
    tail.extend_from_slice(&length.to_be_bytes());
    let begin = tail.len();
    tail.extend_from_slice(head);
    if let Some(id) = tail.get_mut(begin + offset..).and_then(<[u8]>::first_chunk_mut) {
        *id = correlation_id.to_be_bytes();
    }
    queue.put_rope(body);
}

/// Response header version 1 in flexible versions; ApiVersions keeps version 0, so that every client can read it (KIP-511).
fn response_has_tags(api: &Api, version: i16) -> bool {
    api.key != ApiKey::API_VERSIONS && api.response.flexible.contains(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(key: i16, version: i16, rest: &[u8]) -> Bytes {
        let mut out = Vec::new();
        out.extend(key.to_be_bytes());
        out.extend(version.to_be_bytes());
        out.extend(7_i32.to_be_bytes());
        out.extend(rest);
        out.into()
    }

    #[test]
    fn header_one_ends_behind_the_client_id() {
        let request = RequestFrame::parse(frame(3, 4, &[0, 2, b'm', b'e', 9, 9])).unwrap();
        assert_eq!(
            (request.api.name, request.version, request.correlation_id),
            ("Metadata", 4, 7)
        );
        assert_eq!(request.client_id(), Some("me"));
        assert_eq!(request.body, [9, 9][..]);
    }

    #[test]
    fn header_two_has_tagged_fields() {
        let request = RequestFrame::parse(frame(3, 9, &[0xff, 0xff, 1, 5, 2, 8, 8, 9])).unwrap();
        assert_eq!(request.client_id(), None);
        assert_eq!(request.body, [9][..]);
    }

    #[test]
    fn an_api_versions_response_has_no_tagged_fields_in_its_header() {
        let api = Api::of(ApiKey::API_VERSIONS).unwrap();
        assert_eq!(response_head(api, 3).len(), 4);
        assert_eq!(response_head(Api::of(ApiKey::METADATA).unwrap(), 9).len(), 5);
        assert_eq!(response_head(Api::of(ApiKey::METADATA).unwrap(), 8).len(), 4);
    }

    #[test]
    fn unknown_apis_versions_and_short_frames_are_told_apart() {
        assert!(matches!(
            RequestFrame::parse(frame(999, 0, &[])),
            Err(HeaderError::UnknownApi { key: ApiKey(999), .. })
        ));
        assert!(matches!(
            RequestFrame::parse(frame(3, 99, &[])),
            Err(HeaderError::UnknownVersion { correlation_id: 7, .. })
        ));
        assert!(matches!(
            RequestFrame::parse(Bytes::from_static(&[0, 3, 0])),
            Err(HeaderError::Malformed(_))
        ));
        assert!(matches!(
            RequestFrame::parse(frame(3, 9, &[0xff, 0xff, 0xff])),
            Err(HeaderError::Malformed(_))
        ));
    }

    #[test]
    fn a_request_that_nobody_edits_leaves_byte_identical_except_for_its_correlation_id() {
        let bytes = frame(3, 9, &[0, 1, b'c', 0, 1, 2, 3]);
        let request = RequestFrame::parse(bytes.clone()).unwrap();
        let mut queue = WriteQueue::default();
        write_request(&mut queue, &request.head, 99, request.body.into());
        let out = queue.to_vec();
        assert_eq!(out[..4], i32::try_from(bytes.len()).unwrap().to_be_bytes());
        assert_eq!(out[8..12], 99_i32.to_be_bytes());
        assert_eq!(out[4..8], bytes[..4]);
        assert_eq!(out[12..], bytes[8..]);
    }
}
