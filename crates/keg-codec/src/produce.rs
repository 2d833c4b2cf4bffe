//! The little of a Produce request that must be known before it is answered.

use crate::schema::Api;
use crate::wire::Reader;
use crate::{ApiKey, RequestFrame};

/// Whether the client expects no response: a Produce request with acks=0.
///
/// `head` is the beginning of the body; the acks stand behind the transactional id, which comes first.
pub fn is_silent(api: &Api, version: i16, head: &[u8]) -> bool {
    if api.key != ApiKey::PRODUCE {
        return false;
    }
    let mut reader = Reader::new(head);
    let acks = reader
        .length16(api.request.flexible.contains(version))
        .and_then(|length| reader.take(length.unwrap_or(0)))
        .and_then(|_| reader.int16());
    acks == Ok(0)
}

impl RequestFrame {
    /// Whether the client expects no response: a Produce request with acks=0.
    pub fn is_silent(&self) -> bool {
        is_silent(self.api, self.version, &self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
