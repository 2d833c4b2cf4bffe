//! The topics in a consumer's join metadata (`ConsumerProtocolSubscription`, any version).

use bytes::{Buf, Bytes};

/// The topics that a member subscribes to; `None` if these bytes are no subscription.
pub(crate) fn topics(metadata: &Bytes) -> Option<Vec<String>> {
    let mut rest = metadata.clone();
    let _version = rest.try_get_i16().ok()?;
    let count = rest.try_get_i32().ok()?;
    // Not collected with a capacity: the count is the member's word.
    (0..count).map(|_| topic(&mut rest)).collect()
}

fn topic(rest: &mut Bytes) -> Option<String> {
    let length = usize::try_from(rest.try_get_i16().ok()?).ok()?;
    if length > rest.len() {
        return None;
    }
    String::from_utf8(rest.split_to(length).into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_and_garbage_is_not() {
        let metadata = Bytes::from_static(b"\0\x03\0\0\0\x02\0\x01a\0\x02bcrest");
        assert_eq!(topics(&metadata), Some(vec!["a".to_owned(), "bc".to_owned()]));
        for cut in 0..13 {
            assert_eq!(topics(&metadata.slice(..cut)), None, "cut at {cut}");
        }
        assert_eq!(topics(&Bytes::from_static(b"\0\0\x7f\xff\xff\xff")), None);
    }
}
