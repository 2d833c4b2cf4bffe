//! The little of a Fetch response that must be known before the rest of it may pass.

use crate::schema::Api;
use crate::wire::Reader;

/// The first version that says an error of the whole, and has sessions (KIP-227).
const FIRST_WITH_SESSIONS: i16 = 7;

/// The first version that names topics by their ids (KIP-516).
const FIRST_BY_ID: i16 = 13;

/// The beginning of a Fetch response: all that names something in front of its records.
///
/// Topics that are named by ids don't belong to it. Where they have names, the name of the only topic does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchHead {
    /// How many bytes of the body it has.
    pub length: usize,
}

impl FetchHead {
    /// What makes a whole response of a head: no topics, or no partitions of the only one, and no tagged fields.
    pub const fn without_records(api: &Api, version: i16) -> &'static [u8] {
        match (version >= FIRST_BY_ID, api.response.flexible.contains(version)) {
            (true, _) => &[1, 0],
            (false, true) => &[1, 0, 0],
            (false, false) => &[0; 4],
        }
    }

    /// Finds it at the beginning of a body.
    ///
    /// `None` if there are names behind the first one, or there is none, or not enough of the body, or it is malformed.
    pub fn of(api: &Api, version: i16, body: &[u8]) -> Option<Self> {
        let flexible = api.response.flexible.contains(version);
        let mut reader = Reader::new(body);
        // The throttle time, the error code and the session's id.
        reader.take(4).ok()?;
        if version >= FIRST_WITH_SESSIONS {
            reader.take(2 + 4).ok()?;
        }
        if version < FIRST_BY_ID {
            reader.length32(flexible).ok()?.filter(|topics| *topics == 1)?;
            let name = reader.length16(flexible).ok()??;
            reader.take(name).ok()?;
        }
        Some(Self {
            length: reader.position(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiKey;
    use crate::walk::check as check_walk;

    #[test]
    fn the_head_of_a_fetch_response_ends_before_the_partitions_of_its_only_topic() {
        let api = Api::of(ApiKey::FETCH).unwrap();
        let check = |version, head: &[u8]| {
            let body = [head, &[7; 40]].concat();
            let length = head.len();
            assert_eq!(
                FetchHead::of(api, version, &body),
                Some(FetchHead { length }),
                "{version}"
            );
            for cut in 0..head.len() {
                assert_eq!(
                    FetchHead::of(api, version, &head[..cut]),
                    None,
                    "{version}, {cut} bytes"
                );
            }
            let whole = [head, FetchHead::without_records(api, version)].concat();
            assert_eq!(check_walk(&api.response, version, &whole), Ok(()), "{version}");
        };
        check(4, b"\0\0\0\x09\0\0\0\x01\0\x02ab");
        check(6, b"\0\0\0\x09\0\0\0\x01\0\0");
        check(7, b"\0\0\0\x09\0\0\0\0\0\x05\0\0\0\x01\0\x02ab");
        check(11, b"\0\0\0\x09\0\0\0\0\0\x05\0\0\0\x01\0\x02ab");
        check(12, b"\0\0\0\x09\0\0\0\0\0\x05\x02\x03ab");
        check(13, b"\0\0\0\x09\0\0\0\0\0\x05");
        check(18, b"\0\0\0\x09\0\0\0\0\0\x05");
    }

    #[test]
    fn a_fetch_response_of_no_topic_or_of_several_by_their_names_has_no_head() {
        let api = Api::of(ApiKey::FETCH).unwrap();
        let none = |version, head: &[u8]| {
            let body = [head, &[7; 40]].concat();
            assert_eq!(FetchHead::of(api, version, &body), None, "{version}");
        };
        none(4, b"\0\0\0\x09\0\0\0\0");
        none(4, b"\0\0\0\x09\0\0\0\x02\0\x02ab");
        none(4, b"\0\0\0\x09\xff\xff\xff\xff");
        none(4, b"\0\0\0\x09\0\0\0\x01\xff\xff");
        none(12, b"\0\0\0\x09\0\0\0\0\0\x05\x01");
        none(12, b"\0\0\0\x09\0\0\0\0\0\x05\x03\x03ab");
        none(12, b"\0\0\0\x09\0\0\0\0\0\x05\x02\0");
    }
}
