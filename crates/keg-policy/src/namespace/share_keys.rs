//! Keys of share coordinators: `group:topicId:partition` (KIP-932).
//!
//! Brokers look for these, to keep the state of a share group. The key is but hashed, so that nothing is told of a topic
//! whose id stands in it; the group is the namespace's.

use keg_codec::schema::Entity;
use keg_codec::walk::Edit;
use keg_codec::{ApiKey, ErrorCode};

use super::names::Names;

/// From this version of FindCoordinator on there are share coordinators.
pub(super) const FIRST: i16 = 6;

/// The longest that a string can be.
const LONGEST: usize = i16::MAX as usize;

/// Makes a client's key the backend's; or why it may not be looked for.
pub(super) fn admit<'a>(names: &'a Names, api: ApiKey, key: &[u8]) -> Result<Edit<'a>, ErrorCode> {
    let group = group(key).ok_or(ErrorCode::INVALID_REQUEST)?;
    // The group comes first: what becomes of its beginning becomes of the key's.
    match names.admit(api, Entity::GroupId, group)? {
        Edit::Prepend(prefix) if prefix.len() + key.len() > LONGEST => Err(ErrorCode::INVALID_REQUEST),
        edit => Ok(edit),
    }
}

/// Makes a key of the backend the client's.
pub(super) fn remove(names: &Names, key: &[u8]) -> Edit<'static> {
    group(key).map_or(Edit::Drop, |group| names.remove(Entity::GroupId, group))
}

/// The group of a key, which may have colons itself; `None` when brokers would refuse the key.
fn group(key: &[u8]) -> Option<&[u8]> {
    let key = str::from_utf8(key).ok()?;
    // `String.split` leaves out what is empty at the end.
    let mut parts = key.trim_end_matches(':').rsplitn(3, ':');
    let (partition, topic_id, group) = (parts.next()?, parts.next()?, parts.next()?);
    // `String.trim` takes away all up to the space.
    let has_group = group.chars().any(|character| character > ' ');
    let is_key = has_group && is_uuid(topic_id) && partition.parse::<i32>().is_ok();
    is_key.then_some(group.as_bytes())
}

/// 16 bytes in Base64, with or without padding.
fn is_uuid(text: &str) -> bool {
    let text = text.strip_suffix("==").unwrap_or(text);
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == 22 && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_the_right() {
        let check = |key: &str, expected: Option<&str>| {
            assert_eq!(group(key.as_bytes()), expected.map(str::as_bytes), "{key}");
        };
        let id = "AAAAAAAAAAAAAAAAAAAAAQ";
        check(&format!("group:{id}:0"), Some("group"));
        check(&format!("a:b::{id}:12"), Some("a:b:"));
        check(&format!(":a:{id}:-1"), Some(":a"));
        check(&format!("group:{id}==:+3:::"), Some("group"));
        check(&format!(" x:{id}:0"), Some(" x"));
        for malformed in [
            "",
            "group",
            "group:0",
            &format!("{id}:0"),
            &format!(":{id}:0"),
            &format!(" \t:{id}:0"),
            &format!("group:{id}:"),
            &format!("group:{id}:x"),
            &format!("group:{id}:2147483648"),
            &format!("group:{id}A:0"),
            "group:AAAAAAAAAAAAAAAAAAAA+/:0",
            "group:id:0",
        ] {
            check(malformed, None);
        }
        assert_eq!(group(b"\xff:AAAAAAAAAAAAAAAAAAAAAQ:0"), None);
    }
}
