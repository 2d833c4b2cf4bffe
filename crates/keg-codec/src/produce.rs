//! The little of a Produce request that must be known before it is answered.

use crate::schema::Api;
use crate::wire::Reader;
use crate::{ApiKey, RequestFrame, Rope};

/// More than the acks and what stands before them take: the longest transactional id, its length, and they themselves.
const HEAD: usize = 33 * 1024;

/// The first version that names topics by their ids.
const FIRST_BY_ID: i16 = 13;

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

/// The beginning of a Produce request, up to the partitions of the first topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProduceHead {
    /// How many bytes of the body it has.
    pub length: usize,
    /// How many topics the request has.
    pub topics: usize,
    /// Where their count stands.
    pub counted_at: usize,
    /// Where the first topic begins, with its name or id: right behind their count.
    pub first_topic: usize,
    /// Where the name of the first topic begins, behind its length, or its id.
    pub named_at: usize,
    /// Whether there is a transactional id.
    pub transactional: bool,
}

impl ProduceHead {
    /// Whether topics have names in a version, and not ids.
    pub const fn has_names(version: i16) -> bool {
        version < FIRST_BY_ID
    }

    /// No partitions and no tagged fields: what makes a whole request of a head, if it is that of one topic.
    pub const fn without_partitions(api: &Api, version: i16) -> &'static [u8] {
        if api.request.flexible.contains(version) {
            &[1, 0, 0]
        } else {
            &[0, 0, 0, 0]
        }
    }

    /// The name of the first topic, or its id. `body` is what the head was found in.
    pub fn named<'a>(&self, body: &'a [u8]) -> &'a [u8] {
        body.get(self.named_at..self.length).unwrap_or_default()
    }

    /// The head of a request of the first topic alone, without partitions. `body` is what the head was found in.
    pub fn alone(&self, api: &Api, version: i16, body: &[u8]) -> Vec<u8> {
        let one: &[u8] = if api.request.flexible.contains(version) {
            &[2]
        } else {
            &[0, 0, 0, 1]
        };
        let part = |range| body.get(range).unwrap_or_default();
        let nothing = Self::without_partitions(api, version);
        [
            part(0..self.counted_at),
            one,
            part(self.first_topic..self.length),
            nothing,
        ]
        .concat()
    }

    /// Finds it at the beginning of a body.
    ///
    /// `None` if there is no topic, or not enough of the body, or it is malformed.
    pub fn of(api: &Api, version: i16, body: &[u8]) -> Option<Self> {
        let flexible = api.request.flexible.contains(version);
        let mut reader = Reader::new(body);
        let transactional_id = reader.length16(flexible).ok()?;
        reader.take(transactional_id.unwrap_or(0)).ok()?;
        // The acks and the timeout.
        reader.take(2 + 4).ok()?;
        let counted_at = reader.position();
        let topics = reader.length32(flexible).ok()?.filter(|topics| *topics > 0)?;
        let first_topic = reader.position();
        let length = match Self::has_names(version) {
            true => reader.length16(flexible).ok()??,
            false => 16,
        };
        let named_at = reader.position();
        reader.take(length).ok()?;
        Some(Self {
            length: reader.position(),
            named_at,
            topics,
            counted_at,
            first_topic,
            transactional: transactional_id.is_some(),
        })
    }
}

/// Whether the first batch of some records is a part of a transaction (as Kafka's `RequestUtils.hasTransactionalRecords`
/// finds out).
///
/// The first 23 bytes are enough to tell.
pub fn is_transactional(records: &[u8]) -> bool {
    const MAGIC: usize = 16;
    const TRANSACTIONAL: u8 = 0x10;
    let attributes = records.get(TRANSACTIONAL_WITHIN - 1).copied().unwrap_or_default();
    records.get(MAGIC) == Some(&2) && attributes & TRANSACTIONAL != 0
}

/// How many bytes of a batch tell whether it is a part of a transaction.
pub(crate) const TRANSACTIONAL_WITHIN: usize = 23;

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
    use crate::walk::check as check_walk;

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
    fn the_head_of_a_produce_request_ends_before_the_partitions_of_its_first_topic() {
        let api = Api::of(ApiKey::PRODUCE).unwrap();
        let check = |version, head: &[u8], topics, transactional| {
            let body = [head, &[7; 40]].concat();
            let found = ProduceHead::of(api, version, &body).unwrap();
            assert_eq!(
                (found.length, found.topics, found.transactional),
                (head.len(), topics, transactional),
                "version {version}"
            );
            let named: &[u8] = if version < 13 { b"ab" } else { b"abcdefghijklmnop" };
            assert_eq!(found.named(&body), named);
            let alone = found.alone(api, version, &body);
            assert!(check_walk(&api.request, version, &alone).is_ok());
            let again = ProduceHead::of(api, version, &alone).unwrap();
            assert_eq!((again.topics, again.counted_at), (1, found.counted_at));
            assert_eq!(alone[again.first_topic..again.length], head[found.first_topic..]);
            assert_eq!(alone[..again.counted_at], head[..found.counted_at]);
            for cut in 0..head.len() {
                assert_eq!(
                    ProduceHead::of(api, version, &head[..cut]),
                    None,
                    "version {version}, {cut} bytes"
                );
            }
            let whole = [head, ProduceHead::without_partitions(api, version)].concat();
            assert_eq!(check_walk(&api.request, version, &whole).is_ok(), topics == 1);
        };
        check(3, b"\xff\xff\xff\xff\0\0\0\x09\0\0\0\x01\0\x02ab", 1, false);
        check(8, b"\0\x02tx\0\x01\0\0\0\x09\0\0\0\x02\0\x02ab", 2, true);
        check(9, b"\0\xff\xff\0\0\0\x09\x02\x03ab", 1, false);
        check(12, b"\x03tx\xff\xff\0\0\0\x09\x02\x03ab", 1, true);
        check(13, b"\0\xff\xff\0\0\0\x09\x02abcdefghijklmnop", 1, false);
        check(13, b"\x03tx\xff\xff\0\0\0\x09\x81\x01abcdefghijklmnop", 128, true);
        let none = |version, body: &[u8]| assert_eq!(ProduceHead::of(api, version, body), None);
        none(8, &[&[0xff, 0xff, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0], &[7; 40][..]].concat());
        none(9, &[&[0, 0, 1, 0, 0, 0, 9, 0], &[7; 40][..]].concat());
        // Nor does a topic without a name have one.
        none(
            8,
            &[&[0xff, 0xff, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0xff, 0xff], &[7; 40][..]].concat(),
        );
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
