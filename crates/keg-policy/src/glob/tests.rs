use proptest::prelude::*;

use super::*;

fn glob(pattern: &str) -> Glob {
    Glob::new(pattern).unwrap()
}

#[test]
fn patterns_match_whole_names() {
    let check = |pattern, name: &str, expected| {
        assert_eq!(glob(pattern).matches(name.as_bytes()), expected, "{pattern} {name}");
    };
    check("shared-*", "shared-prices", true);
    check("shared-*", "shared-", true);
    check("shared-*", "shared", false);
    check("shared-*", "not-shared-prices", false);
    check("*-shared", "team-a-shared", true);
    check("*-shared", "team-a-shared-", false);
    check("a*b*c", "abc", true);
    check("a*b*c", "a-b-b-c", true);
    check("a*b*c", "acb", false);
    check("**", "", true);
    check("a**b", "ab", true);
    check("?", "", false);
    check("a?c", "abc", true);
    check("a?c", "ac", false);
    check("a?c", "a?c", true);
    check("*?", "a", true);
    check("a.c", "abc", false);
    check("caf?", "café", true);
    check("caf??", "café", false);
    check("A", "a", false);
}

#[test]
fn what_is_not_utf_8_is_no_name() {
    assert!(!glob("*").matches(b"a\xff"));
    assert!(!glob("a?").matches(b"a\x80"));
}

#[test]
fn patterns_are_of_the_characters_of_names() {
    let longest = "?".repeat(253);
    for good in ["a", "*", "A.b_c-9?*", &longest] {
        assert_eq!(glob(good).as_str(), good);
    }
    assert!(glob(&longest).matches("x".repeat(253).as_bytes()));
    assert!(!glob(&longest).matches("x".repeat(252).as_bytes()));
    let too_long = "?".repeat(254);
    for bad in ["", "a b", "[ab]", "a/b", "{a,b}", "é", "\\*", &too_long] {
        assert_eq!(Glob::new(bad), Err(InvalidGlob { found: bad.to_owned() }));
    }
}

#[test]
fn prefixes_are_reached_by_what_can_begin_with_them() {
    let check = |pattern, prefix, expected| assert_eq!(glob(pattern).reaches(prefix), expected, "{pattern} {prefix}");
    check("*", "team-b-", true);
    check("*-shared", "team-b-", true);
    check("team-*", "team-b-", true);
    check("team-b", "team-b-", false);
    check("team-b-orders", "team-b-", true);
    check("team-?-x", "team-b-", true);
    check("team-?", "team-b-", false);
    check("shared-*", "team-b-", false);
    check("shared-*", "s", true);
}

/// All texts of these letters that are no longer than this.
fn texts(letters: &[char], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut begin = 0;
    for _ in 0..longest {
        let end = all.len();
        for index in begin..end {
            for letter in letters {
                all.push(format!("{}{letter}", all[index]));
            }
        }
        begin = end;
    }
    all
}

/// What a pattern means, letter by letter.
fn means(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], name) => name.is_empty(),
        ([b'*', rest @ ..], name) => (0..=name.len()).any(|at| means(rest, &name[at..])),
        ([b'?', rest @ ..], [_, name @ ..]) => means(rest, name),
        ([literal, rest @ ..], [letter, name @ ..]) => literal == letter && means(rest, name),
        (_, []) => false,
    }
}

proptest! {
    #[test]
    fn names_match_as_the_pattern_means(pattern in "[ab?*]{1,8}", name in "[abc]{0,10}") {
        prop_assert_eq!(glob(&pattern).matches(name.as_bytes()), means(pattern.as_bytes(), name.as_bytes()));
    }

    /// Across the words that the places are kept in.
    #[test]
    fn long_names_match_as_the_pattern_means(
        parts in prop::collection::vec(("[ab]{0,70}", prop::option::of("[ab]{0,9}")), 1..4),
        other in "[ab]{0,3}",
    ) {
        let pattern: String = parts
            .iter()
            .map(|(literal, any)| format!("{literal}{}", if any.is_some() { "*" } else { "" }))
            .collect();
        prop_assume!(!pattern.is_empty());
        let name: String = parts
            .iter()
            .map(|(literal, any)| format!("{literal}{}", any.as_deref().unwrap_or_default()))
            .collect();
        prop_assert!(glob(&pattern).matches(name.as_bytes()));
        let name = format!("{name}{other}");
        prop_assert_eq!(glob(&pattern).matches(name.as_bytes()), means(pattern.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn a_prefix_is_reached_if_and_only_if_a_name_with_it_matches(pattern in "[ab?*]{1,4}", prefix in "[ab]{0,4}") {
        let glob = glob(&pattern);
        // A name that matches and is longer than the prefix and the pattern together has a shorter one like it.
        let matches = texts(&['a', 'b'], 4)
            .into_iter()
            .any(|rest| glob.matches(format!("{prefix}{rest}").as_bytes()));
        prop_assert_eq!(glob.reaches(&prefix), matches);
    }
}
