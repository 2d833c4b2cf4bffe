//! The little of a Produce request that must be known before it is answered.

use crate::schema::Api;
use crate::wire::Reader;
use crate::{ApiKey, RequestFrame, Rope};

/// More than the acks and what stands before them take: the longest transactional id, its length, and they themselves.
const HEAD: usize = 33 * 1024;

/// Whether the client expects no response: a Produce request with acks=0.
///
/// `head` is the beginning of the body; the acks stand behind the transactional id, which comes first.
pub fn is_silent(api: &Api, version: i16, head: &[u8]) -> bool {
    api.key == ApiKey::PRODUCE && acks(api, version, head) == Some(0)
}

/// The acks, if the beginning of a body is long enough to have them.
fn acks(api: &Api, version: i16, head: &[u8]) -> Option<i16> {
    let mut reader = Reader::new(head);
    let acks = reader
        .length16(api.request.flexible.contains(version))
        .and_then(|length| reader.take(length.unwrap_or(0)))
        .and_then(|_| reader.int16());
    acks.ok()
}

impl Rope {
    /// Whether this is the body of a Produce request with acks=0, as [`is_silent`] says, wherever its pieces meet.
    pub fn is_silent(&self, api: &Api, version: i16) -> bool {
        if api.key != ApiKey::PRODUCE {
            return false;
        }
        // Nearly always all in the first piece: only an edit of a long transactional id leaves the acks behind it.
        let first = self.pieces().first().and_then(|head| acks(api, version, head));
        let acks = first.or_else(|| {
            let head: Vec<u8> = self.pieces().iter().flatten().copied().take(HEAD).collect();
            acks(api, version, &head)
        });
        acks == Some(0)
    }
}

impl RequestFrame {
    /// Whether the client expects no response: a Produce request with acks=0.
    pub fn is_silent(&self) -> bool {
        is_silent(self.api, self.version, &self.body)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn the_acks_are_found_wherever_the_pieces_meet() {
        let api = Api::of(ApiKey::PRODUCE).unwrap();
        let check = |id: usize, acks: i16, expected| {
            let length = u16::try_from(id).unwrap().to_be_bytes();
            let body = [&length[..], &vec![b'x'; id], &acks.to_be_bytes(), b"records"].concat();
            let body = Bytes::from(body);
            for at in [0, 1, 2, 3, id, id + 1, id + 2, id + 3, id + 4, body.len()] {
                let rope: Rope = [body.slice(..at), body.slice(at..)].into_iter().collect();
                assert_eq!(rope.is_silent(api, 8), expected, "an id of {id} bytes, cut at {at}");
            }
            let bytes: Rope = body.chunks(1).map(Bytes::copy_from_slice).collect();
            assert_eq!(bytes.is_silent(api, 8), expected);
            let cut: Rope = Bytes::copy_from_slice(&body[..id + 3]).into();
            assert!(!cut.is_silent(api, 8));
            assert!(!bytes.is_silent(Api::of(ApiKey::FETCH).unwrap(), 8));
        };
        for id in [0, 2, 8_192, 0x7fff] {
            check(id, 0, true);
            check(id, 1, false);
            check(id, -1, false);
        }
        assert!(!Rope::default().is_silent(api, 8));
    }

    #[test]
    fn only_a_produce_request_with_acks_0_is_silent() {
        let check = |key, version, head: &[u8], expected| {
            assert_eq!(is_silent(Api::of(key).unwrap(), version, head), expected);
        };
        check(ApiKey::PRODUCE, 8, &[0xff, 0xff, 0, 0], true);
        check(ApiKey::PRODUCE, 8, &[0, 2, b't', b'x', 0, 0], true);
        check(ApiKey::PRODUCE, 8, &[0, 2, b't', b'x', 0xff, 0xff], false);
        check(ApiKey::PRODUCE, 9, &[0, 0, 0], true);
        check(ApiKey::PRODUCE, 9, &[3, b't', b'x', 0, 1], false);
        check(ApiKey::PRODUCE, 9, &[3, b't'], false);
        check(ApiKey::FETCH, 8, &[0xff, 0xff, 0, 0], false);
    }
}
