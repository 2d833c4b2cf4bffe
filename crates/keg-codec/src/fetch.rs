//! The little of a Fetch response that must be known before the rest of it may pass.

use crate::schema::Api;
use crate::wire::Reader;

/// The first version that says an error of the whole, and has sessions (KIP-227).
const FIRST_WITH_SESSIONS: i16 = 7;

/// The first version that names topics by their ids (KIP-516).
const FIRST_BY_ID: i16 = 13;

/// The beginning of a Fetch response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchHead {
    /// How many bytes of the body it has.
    pub length: usize,
    /// How many of them stand before the number of topics.
    pub fields: usize,
    /// How many topics the response has.
    pub topics: usize,
}

impl FetchHead {
    /// Whether topics have names in a version, which stand between the records, and not ids.
    pub const fn has_names(version: i16) -> bool {
        version < FIRST_BY_ID
    }

    /// No topics and no tagged fields: what makes a whole response of the fields before the topics.
    pub const fn without_topics(api: &Api, version: i16) -> &'static [u8] {
        match api.response.flexible.contains(version) {
            true => &[1, 0],
            false => &[0; 4],
        }
    }

    /// No partitions and no tagged fields: what makes a whole response of a head with the name of the only topic.
    pub const fn without_partitions(api: &Api, version: i16) -> &'static [u8] {
        match api.response.flexible.contains(version) {
            true => &[1, 0, 0],
            false => &[0; 4],
        }
    }

    /// Finds the number of topics, and what stands before them, at the beginning of a body.
    ///
    /// `None` if there is not enough of the body, or it is malformed.
    pub fn of(api: &Api, version: i16, body: &[u8]) -> Option<Self> {
        Self::read(api, version, &mut Reader::new(body))
    }

    /// Finds the beginning up to the partitions of the first topic, if that is the only one and has a name.
    ///
    /// `None` if it isn't, or there is not enough of the body, or it is malformed.
    pub fn with_name(api: &Api, version: i16, body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let head = Self::read(api, version, &mut reader).filter(|head| head.topics == 1 && Self::has_names(version))?;
        let name = reader.length16(api.response.flexible.contains(version)).ok()??;
        reader.take(name).ok()?;
        Some(Self {
            length: reader.position(),
            ..head
        })
    }

    fn read(api: &Api, version: i16, reader: &mut Reader<'_>) -> Option<Self> {
        // The throttle time, the error code and the session's id.
        reader.take(4).ok()?;
        if version >= FIRST_WITH_SESSIONS {
            reader.take(2 + 4).ok()?;
        }
        let fields = reader.position();
        let topics = reader.length32(api.response.flexible.contains(version)).ok()??;
        Some(Self {
            length: reader.position(),
            fields,
            topics,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiKey;
    use crate::walk::check as check_walk;

    fn check(version: i16, fields: &[u8], count: &[u8], topics: usize) {
        let api = Api::of(ApiKey::FETCH).unwrap();
        let head = [fields, count].concat();
        let expected = FetchHead {
            length: head.len(),
            fields: fields.len(),
            topics,
        };
        let body = [&head[..], &[7; 40]].concat();
        assert_eq!(FetchHead::of(api, version, &body), Some(expected), "version {version}");
        for cut in 0..head.len() {
            assert_eq!(
                FetchHead::of(api, version, &head[..cut]),
                None,
                "version {version}, {cut} bytes"
            );
        }
        let whole = [fields, FetchHead::without_topics(api, version)].concat();
        assert_eq!(check_walk(&api.response, version, &whole), Ok(()), "version {version}");
    }

    #[test]
    fn the_head_of_a_fetch_response_ends_behind_the_number_of_topics() {
        check(4, b"\0\0\0\x09", b"\0\0\0\x01", 1);
        check(6, b"\0\0\0\x09", b"\0\0\0\0", 0);
        check(7, b"\0\0\0\x09\0\0\0\0\0\x05", b"\0\0\0\x02", 2);
        check(11, b"\0\0\0\x09\0\0\0\0\0\x05", b"\0\0\x01\0", 256);
        check(12, b"\0\0\0\x09\0\0\0\0\0\x05", b"\x02", 1);
        check(12, b"\0\0\0\x09\0\0\0\0\0\x05", b"\x81\x01", 128);
        check(18, b"\0\0\0\x09\0\0\0\0\0\x05", b"\x03", 2);
        let none = |version, body: &[u8]| {
            let api = Api::of(ApiKey::FETCH).unwrap();
            assert_eq!(FetchHead::of(api, version, body), None, "version {version}");
        };
        none(4, b"\0\0\0\x09\xff\xff\xff\xff");
        none(12, b"\0\0\0\x09\0\0\0\0\0\x05\0");
    }

    #[test]
    fn with_a_name_it_ends_before_the_partitions_of_the_only_topic() {
        let api = Api::of(ApiKey::FETCH).unwrap();
        let check = |version, head: &[u8]| {
            let body = [head, &[7; 40]].concat();
            let found = FetchHead::with_name(api, version, &body).map(|head| (head.length, head.topics));
            assert_eq!(found, Some((head.len(), 1)), "version {version}");
            for cut in 0..head.len() {
                assert_eq!(
                    FetchHead::with_name(api, version, &head[..cut]),
                    None,
                    "version {version}, {cut} bytes"
                );
            }
            let whole = [head, FetchHead::without_partitions(api, version)].concat();
            assert_eq!(check_walk(&api.response, version, &whole), Ok(()), "version {version}");
        };
        check(4, b"\0\0\0\x09\0\0\0\x01\0\x02ab");
        check(6, b"\0\0\0\x09\0\0\0\x01\0\0");
        check(7, b"\0\0\0\x09\0\0\0\0\0\x05\0\0\0\x01\0\x02ab");
        check(11, b"\0\0\0\x09\0\0\0\0\0\x05\0\0\0\x01\0\x02ab");
        check(12, b"\0\0\0\x09\0\0\0\0\0\x05\x02\x03ab");
        let none = |version, head: &[u8]| {
            let body = [head, &[7; 40]].concat();
            assert_eq!(FetchHead::with_name(api, version, &body), None, "version {version}");
        };
        none(4, b"\0\0\0\x09\0\0\0\0");
        none(4, b"\0\0\0\x09\0\0\0\x02\0\x02ab");
        none(4, b"\0\0\0\x09\0\0\0\x01\xff\xff");
        none(12, b"\0\0\0\x09\0\0\0\0\0\x05\x01");
        none(12, b"\0\0\0\x09\0\0\0\0\0\x05\x03\x03ab");
        none(12, b"\0\0\0\x09\0\0\0\0\0\x05\x02\0");
        none(13, b"\0\0\0\x09\0\0\0\0\0\x05\x02");
    }
}
