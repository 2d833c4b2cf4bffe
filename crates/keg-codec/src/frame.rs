//! Frames: four bytes of length, then so many bytes.

use bytes::{Buf, Bytes, BytesMut};

/// The largest frame before a client has authenticated, as in Kafka's own brokers.
pub const MAX_UNAUTHENTICATED_FRAME: usize = 512 * 1024;

/// Takes the next frame off the buffer, without its length; `None` while it is incomplete.
///
/// The buffer is given room for the whole frame only as its bytes arrive, so that a claimed length costs nothing.
///
/// # Errors
/// When the length is negative or above `limit`; the connection can't go on.
pub fn decode(buffer: &mut BytesMut, limit: usize) -> Result<Option<Bytes>, FrameError> {
    let Some(prefix) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = usize::try_from(i32::from_be_bytes(*prefix))
        .ok()
        .filter(|length| *length <= limit);
    let Some(length) = length else {
        return Err(FrameError::of(*prefix, limit));
    };
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    let frame = match buffer.capacity() == length {
        // What has no room beside the frame need not be shared with it.
        true => std::mem::take(buffer),
        false => buffer.split_to(length),
    };
    Ok(Some(frame.freeze()))
}

/// Why what was read is not a frame. The connection can't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The peer begins a TLS handshake.
    #[error(
        "the peer speaks TLS, but this port expects plaintext: use `security.protocol=PLAINTEXT` (or SASL_PLAINTEXT), or add a tls_server policy to the listener"
    )]
    Tls,
    /// The peer sends an HTTP request.
    #[error("the peer speaks HTTP, but this is a Kafka port")]
    Http,
    /// The length is negative.
    #[error("the frame length is {length}: the peer does not speak Kafka")]
    Negative {
        /// The length.
        length: i32,
    },
    /// The length is above the limit.
    #[error(
        "a frame of {length} bytes is above the limit of {limit}: raise `runtime.max_frame_size` if the peer is a Kafka client"
    )]
    TooLarge {
        /// The length.
        length: usize,
        /// The limit.
        limit: usize,
    },
}

impl FrameError {
    fn of(prefix: [u8; 4], limit: usize) -> Self {
        match prefix {
            [0x16, 0x03, 0x00..=0x04, _] => Self::Tls,
            [b'G', b'E', b'T', b' ']
            | [b'P', b'O', b'S', b'T']
            | [b'P', b'U', b'T', b' ']
            | [b'H', b'E', b'A', b'D']
            | [b'H', b'T', b'T', b'P'] => Self::Http,
            _ => match i32::from_be_bytes(prefix) {
                length @ 0.. => Self::TooLarge {
                    length: length.unsigned_abs() as usize,
                    limit,
                },
                length => Self::Negative { length },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_off_whole_and_in_order() {
        let mut buffer = BytesMut::from(&[0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 9][..]);
        assert_eq!(decode(&mut buffer, 10).unwrap().unwrap(), [1, 2][..]);
        assert_eq!(decode(&mut buffer, 10).unwrap().unwrap(), [][..]);
        assert_eq!(decode(&mut buffer, 10), Ok(None));
        assert_eq!(buffer, [0, 0, 0, 3, 9][..]);
    }

    #[test]
    fn what_is_not_a_frame_is_told_apart() {
        let check = |bytes: &[u8], expected| assert_eq!(decode(&mut BytesMut::from(bytes), 100), Err(expected));
        check(&[0x16, 3, 1, 2, 0], FrameError::Tls);
        check(b"GET / HTTP/1.1", FrameError::Http);
        check(&[0xff, 0xff, 0xff, 0xff], FrameError::Negative { length: -1 });
        check(
            &[0, 0, 0, 101],
            FrameError::TooLarge {
                length: 101,
                limit: 100,
            },
        );
    }
}
