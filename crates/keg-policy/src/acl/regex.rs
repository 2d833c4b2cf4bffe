//! What the names begin with that a regular expression can match.

/// What all names begin with that the whole of an RE2 expression matches; as much of it as is plain to see.
pub(super) fn start(expression: &[u8]) -> &str {
    // One of several may begin otherwise.
    if expression.contains(&b'|') {
        return "";
    }
    let is_plain = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'-' | b'_');
    let plain = expression.iter().take_while(is_plain).count();
    // What repeats the last character may leave it out.
    let repeats = matches!(expression.get(plain), Some(b'*' | b'?' | b'{' | b'+'));
    let start = expression
        .get(..plain - usize::from(repeats && plain > 0))
        .unwrap_or_default();
    std::str::from_utf8(start).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_start_is_what_stands_for_itself() {
        for (expression, expected) in [
            ("orders-.*", "orders-"),
            ("orders", "orders"),
            ("orders?", "order"),
            ("a|b", ""),
            ("ab(c|d)", ""),
            (".*", ""),
            ("(?i)orders", ""),
            ("*", ""),
            ("a{0}b", ""),
            ("", ""),
        ] {
            assert_eq!(start(expression.as_bytes()), expected, "{expression}");
        }
    }

    proptest! {
        #[test]
        fn all_that_matches_begins_so(expression in r"[ab]{0,3}[.*+?|()\[\]ab{}0-9]{0,6}", name in "[ab]{0,6}") {
            let Ok(whole) = regex::Regex::new(&format!("^(?:{expression})$")) else { return Ok(()) };
            if whole.is_match(&name) {
                prop_assert!(name.starts_with(start(expression.as_bytes())));
            }
        }
    }
}
