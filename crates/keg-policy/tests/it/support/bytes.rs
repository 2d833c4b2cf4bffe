//! Looking for bytes in bytes.

/// Where the needle stands.
pub(crate) fn positions(haystack: &[u8], needle: &[u8]) -> Vec<usize> {
    haystack
        .windows(needle.len())
        .enumerate()
        .filter(|(_, it)| *it == needle)
        .map(|(at, _)| at)
        .collect()
}

pub(crate) fn contains(haystack: &[u8], needle: &str) -> bool {
    !positions(haystack, needle.as_bytes()).is_empty()
}
