//! Random expressions, against a matcher that is not ours where the dialects agree, and random text.

use proptest::prelude::*;
use proptest::sample::select;
use regex::Regex;

use super::super::{LONGEST, confine, reveal};
use super::{EnforcePrefix, HidePrefix};
use crate::namespace::Mode;

/// Those that end in a word, and those that don't.
const PREFIXES: [&str; 5] = ["a", "ab", "a.", "b-", "a.a."];
/// What the names are made of.
const CHARACTERS: [char; 5] = ['a', 'b', '.', '-', 'K'];

/// All short names.
fn names() -> Vec<String> {
    let mut names = vec![String::new()];
    let mut last = names.clone();
    for _ in 0..4 {
        let longer = |name: &String| CHARACTERS.map(|character| format!("{name}{character}"));
        last = last.iter().flat_map(longer).collect();
        names.extend_from_slice(&last);
    }
    names
}

/// A matcher of whole names.
fn whole(regex: &str) -> Regex {
    Regex::new(&format!(r"\A(?:{regex})\z")).unwrap_or_else(|error| panic!("{regex}: {error}"))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// One of the words.
fn one_of(words: &'static str) -> impl Strategy<Value = &'static str> + Clone {
    select(words.split_whitespace().collect::<Vec<_>>())
}

/// An expression that means the same to RE2/J and to the crate `regex`.
fn expression() -> impl Strategy<Value = String> {
    let atoms = one_of(
        r"a b K k \. - _ é \x{212a} . [ab] [^a] [.-K] [[:alpha:]] [^[:punct:]b] \w \W \d \pL \P{Lu} [\w.] [^\W] ^ $ \A \z
        \b \B ()",
    );
    let counts = one_of(r"* + ? *? +? ?? {0} {1} {2} {0,2} {1,2} {2,3} {2,} {3,}?");
    atoms.prop_map(str::to_owned).prop_recursive(5, 40, 4, move |inner| {
        let several = prop::collection::vec(inner.clone(), 1..=4);
        prop_oneof![
            3 => several.clone().prop_map(|parts| format!("(?:{})", parts.concat())),
            2 => several.prop_map(|parts| format!("({})", parts.join("|"))),
            3 => (inner.clone(), counts.clone()).prop_map(|(of, times)| format!("(?:{of}){times}")),
            1 => inner.clone().prop_map(|of| format!("(?i:{of})")),
            1 => inner.clone().prop_map(|of| format!("(?:(?im){of}|-)")),
            1 => inner.prop_map(|of| format!("({of}|)")),
        ]
    })
}

/// Pieces of expressions that do harm where text is put together.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let words = one_of(
        r"( ) | [ ] { } * + ? . ^ $ \ - , a b a. b- 0 1 2 1000 é .* a)|(.* \Q \E \b \B \A \z \x{ \p{ \pL \d [^ [[: :]
        [[:alpha:]] (? (?i (?i) (?-i: (?P<n> (?<m> (?# {2,3} {0, \x{212a} &&",
    );
    let pieces = prop_oneof![9 => words, 1 => select(vec!["\0", "\n", "\u{212a}"])];
    prop_oneof![
        4 => prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ]
}

fn check_language(mode: Mode, prefix: &str, regex: &str) {
    let confined = text(confine(mode, prefix.as_bytes(), regex.as_bytes()).unwrap());
    let (theirs, ours) = (whole(regex), whole(&confined));
    for name in names() {
        let behind = format!("{prefix}{name}");
        let expected = match mode {
            HidePrefix => theirs.is_match(&name),
            EnforcePrefix => theirs.is_match(&behind),
        };
        assert_eq!(ours.is_match(&behind), expected, "{regex} as {confined}: {behind}");
        let foreign = !name.starts_with(prefix);
        assert!(!(foreign && ours.is_match(&name)), "{regex} as {confined}: {name}");
    }
}

fn check_view(mode: Mode, prefix: &str, regex: &[u8]) {
    let Ok(confined) = confine(mode, prefix.as_bytes(), regex) else {
        return;
    };
    let shown = reveal(mode, prefix.as_bytes(), &confined);
    let shown = shown.unwrap_or_else(|| panic!("{} is not shown", text(confined.clone())));
    assert_eq!(
        confine(mode, prefix.as_bytes(), &shown),
        Ok(confined),
        "shown as {}",
        text(shown)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn confined_expressions_match_the_same_names_behind_the_prefix_and_no_others(
        regex in expression(),
        prefix in select(&PREFIXES[..]),
    ) {
        check_language(HidePrefix, prefix, &regex);
        check_language(EnforcePrefix, prefix, &regex);
    }

    #[test]
    fn what_is_shown_is_confined_to_the_same(regex in expression(), prefix in select(&PREFIXES[..])) {
        check_view(HidePrefix, prefix, regex.as_bytes());
        check_view(EnforcePrefix, prefix, regex.as_bytes());
    }

    #[test]
    fn what_is_shown_is_the_same_behind_whatever_hidden_prefix(regex in expression()) {
        let shown = |prefix: &str| {
            let confined = confine(HidePrefix, prefix.as_bytes(), regex.as_bytes()).unwrap();
            text(reveal(HidePrefix, prefix.as_bytes(), &confined).unwrap())
        };
        assert_eq!(shown("secret."), shown("other-"));
        assert_eq!(shown("secret"), shown("other1"));
    }

    #[test]
    fn hostile_text_is_refused_or_stays_in_the_namespace(regex in hostile(), prefix in select(&PREFIXES[..])) {
        for mode in [HidePrefix, EnforcePrefix] {
            let Ok(confined) = confine(mode, prefix.as_bytes(), &regex) else { continue };
            assert!(confined.len() <= LONGEST);
            check_view(mode, prefix, &regex);
            let ours = whole(&text(confined));
            for name in names().iter().filter(|name| !name.starts_with(prefix)) {
                assert!(!ours.is_match(name), "{name}");
            }
        }
    }

    #[test]
    fn what_beside_the_gateway_was_made_is_shown_only_if_it_is_of_the_namespace(regex in hostile()) {
        for (mode, prefix) in [(HidePrefix, "a."), (EnforcePrefix, "a.")] {
            let Some(shown) = reveal(mode, prefix.as_bytes(), &regex) else { continue };
            assert_eq!(confine(mode, prefix.as_bytes(), &shown), Ok(regex.clone()));
        }
    }
}
