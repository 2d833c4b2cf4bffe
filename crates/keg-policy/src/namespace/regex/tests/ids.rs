//! Expressions over transactional ids, which can have all characters.

use proptest::prelude::*;
use proptest::sample::select;
use regex::Regex;

use super::{EnforcePrefix, HidePrefix};
use crate::namespace::Mode;
use crate::namespace::regex::{LONGEST, Unconfinable, confine_ids};

fn confined(mode: Mode, prefix: &str, regex: &str) -> String {
    let made = confine_ids(mode, prefix.as_bytes(), regex.as_bytes());
    String::from_utf8(made.unwrap_or_else(|why| panic!("{regex}: {why}"))).unwrap()
}

#[test]
fn classes_keep_what_no_topic_can_have() {
    for (regex, expected) in [
        (".*", r"a\..*"),
        ("(?s).*", r"a\.(?s:.)*"),
        ("Sink: x -> y-[0-9]+", r"a\.Sink\:\x20x\x20-\>\x20y-[0-9]+"),
        ("größe|x", r"a\.(?:größe|x)"),
        (r"(?i)ä0[a-z]\pL", r"a\.[Ää]0(?i:[a-z])(?i:\pL)"),
        (r"[^/-:]\d\P{Greek}", r"a\.[^\x{2f}-\x{3a}]\d\P{Greek}"),
        // Between classes, no end of one gets into the other.
        (
            r"([[:^upper:]é-]|)[]\d[:x]",
            r"a\.[[:^upper:]é\x{2d}]?[\x{5d}\d\x{5b}\x{3a}x]",
        ),
        (r"\Qa+é\E+", r"a\.a\+é+"),
        (r"\x{1F600}\x{d800}\x0a", "a\\.\u{1F600}\\x{d800}\\x0a"),
        ("^a$", r"a\.a$"),
        ("(?m)^a$", r"a\.a(?m:$)"),
        ("(?m:a?^b)", r"a\.(?:b|a(?m:^)b)"),
        ("(?m:(?-m)^a)|((?s).).", r"a\.(?:a|(?s:.).)"),
        (r"(?m)\Aa\z", r"a\.a$"),
    ] {
        assert_eq!(confined(HidePrefix, "a.", regex), expected, "{regex}");
    }
    assert_eq!(confined(HidePrefix, "a", r"\bé"), r"a\Bé");
}

#[test]
fn an_enforced_prefix_is_taken_off_what_begins_with_it() {
    for (regex, expected) in [
        (".*", r"a\..*"),
        ("a.é", r"a\.é"),
        (r"[^/]+/x", r"a\.[^\x{2f}]*\/x"),
        (r"(?i)A\.É", r"a\.[Éé]"),
        ("(?m)a.^b", r"a\.(?m:^)b"),
    ] {
        assert_eq!(confined(EnforcePrefix, "a.", regex), expected, "{regex}");
    }
    for none in ["é.*", "b", "(?m)a$.*"] {
        assert_eq!(confined(EnforcePrefix, "a.", none), r"a\.[^\x00-\x{10FFFF}]", "{none}");
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for regex in ["a)|(.*", "(", "[é", r"\p{Klingon}", "(?=x)", "x**"] {
        let refused = confine_ids(HidePrefix, b"a.", regex.as_bytes());
        assert!(matches!(refused, Err(Unconfinable::Syntax { .. })), "{regex}");
    }
    for regex in ["(?i)[à-ü]", "(?i)[^é]", r"(?i:[a\x{131}-\x{1e9d}])"] {
        let refused = confine_ids(HidePrefix, b"a.", regex.as_bytes());
        assert_eq!(refused, Err(Unconfinable::FoldsTooMuch), "{regex}");
    }
    let longest = "é".repeat(LONGEST / 2);
    assert_eq!(
        confine_ids(HidePrefix, b"a.", longest.as_bytes()),
        Err(Unconfinable::TooLong)
    );
}

/// What the ids are made of.
const CHARACTERS: [char; 6] = ['a', 'B', '.', 'é', ' ', '\n'];

/// All short ids.
fn ids() -> Vec<String> {
    let mut ids = vec![String::new()];
    let mut last = ids.clone();
    for _ in 0..4 {
        let longer = |id: &String| CHARACTERS.map(|character| format!("{id}{character}"));
        last = last.iter().flat_map(longer).collect();
        ids.extend_from_slice(&last);
    }
    ids
}

/// An expression that means the same to RE2/J and to the crate `regex`.
fn expression() -> impl Strategy<Value = String> {
    let atoms = select(vec![
        "a", "B", "b", "é", "É", r"\.", " ", r"\n", ".", "[^a]", "[é-ü ]", "[a-z]", r"[\n.]", r"\pL", r"\PL",
        r"\p{Lu}", "^", "$", r"\A", r"\z", "",
    ])
    .prop_map(str::to_owned);
    atoms.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), select(vec!["*", "+", "?", "{2}", "{0,2}"]))
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
            (inner, select(vec!["i", "m", "s", "ms", "-m", "i-s"]))
                .prop_map(|(part, flags)| format!("(?{flags}:{part})")),
        ]
    })
}

fn whole(regex: &str) -> Regex {
    Regex::new(&format!(r"\A(?:{regex})\z")).unwrap_or_else(|error| panic!("{regex}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn behind_the_prefix_the_same_ids_match_as_without_it(regex in expression()) {
        let expected = whole(&regex);
        for prefix in ["a", "a.", "B-"] {
            let Ok(made) = confine_ids(HidePrefix, prefix.as_bytes(), regex.as_bytes()) else {
                // It folds the case of a class.
                prop_assert!(regex.contains("(?i") && regex.contains("[é"), "{}", regex);
                return Ok(());
            };
            let made = whole(&String::from_utf8(made).unwrap());
            for id in ids() {
                let on_backend = format!("{prefix}{id}");
                prop_assert_eq!(made.is_match(&on_backend), expected.is_match(&id), "{:?}: {:?}", regex, id);
            }
        }
    }

    #[test]
    fn with_an_enforced_prefix_those_that_have_it_match_as_they_did(regex in expression()) {
        let expected = whole(&regex);
        for prefix in ["a", "a.", "aB"] {
            let Ok(made) = confine_ids(EnforcePrefix, prefix.as_bytes(), regex.as_bytes()) else {
                prop_assert!(regex.contains("(?i") && regex.contains("[é"), "{}", regex);
                return Ok(());
            };
            let made = whole(&String::from_utf8(made).unwrap());
            for id in ids() {
                let matches = id.starts_with(prefix) && expected.is_match(&id);
                prop_assert_eq!(made.is_match(&id), matches, "{:?}: {:?}", regex, id);
            }
        }
    }
}
