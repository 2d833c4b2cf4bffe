//! Expressions to compare with RE2/J: all of its syntax, and what only looks like it.
//!
//! Two things are left out, in which RE2/J 1.8 is wrong. It takes `(?i:a)b|A.*` for `(?i:a)(?:b|.*)`, while the gateway does
//! as RE2 does. And `(?i)[\x{100}-\x{3000}]` makes it loop for ever, which what the gateway makes of it doesn't.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Where parsers differ.
const NASTY: &str = r"
    a)|(.* (a a) \Qa.b \Qa\E* a\Q\E* a*\Q\E* \Q\Q\E\E \E a\ [a []a] [^]a] [] [a-] [-a] [a-b-K] [b-a] [\d-K] [a-\d]
    [[:alpha:]-] [[:^alpha:]] [[:alpha: [[:] [:alpha:] [[:wrong:]] [[.a.]] [a&&b] [\Qa\E] [\b] a{ a{,2} a{1 a{1,
    a{01} a{1}{2} a{* {{2} {2} a{,}b a{2,1} a{1000} a{1001} a{0} a{0,0}b a{99999999999} a{99999999999 a** a*? a*??
    a+* a?+ |* (|*) (|a)* (|a)+ (a|){2,3} ()* (?:)+ ^* $* (^)*a (?:^|a)+ \b* \b+a (?i)* a(?i)* (?i) (?) (?)a (?-)
    (?-i)a (?i-) (?i-s)A (?--i) (?ii)A (?imsU-imsU)A (?i:a)A (?i:)a ((?i)a)A a(?i)b|k (?x)a (?=a) (?!a) (?<a)
    (?<a>b) (?P<a>b) (?P<a>b)(?<a>b) (?P<>a) (?P<a-b>a) (?P=a) (?P>a) (?'a'b) (?#a) (? (?P (?P< (?i (?i:a \1 \8 \01
    \141 \0 \x61 \x6 \x{61} \x{0000061} \x{} \x{110000} \xg1 \x{61 \a \c \C \G \h \K \R \X \Z \z \Aa\z a\Ab \<a \_
    \. \- \é \pL \p \pX \p{ \p{} \p{L \p{^L} \P{^L} \p^ \p{Greek} \p{greek} \p{Latin} \p{Common} \p{Any} \P{Any}
    \p{Alphabetic} (?i)\p{Lu} (?i)\p{Ll} (?i)\P{Lu} (?i)[^\x{212a}] (?i)[\x{100}-\x{200}] (?i)[\x{2120}-\x{2130}]
    (?i)[^k] (?i)[[:upper:]] (?i)[^[:lower:]] (?i)\W (?i)[^\W] (?s). (?m)^a$ (?m)a$|^b a$b a^b ^^a a$$ (a$|b)a?
    (^a|b)+ \ba a\b \Ba a\B \b \B (a\b|-)* (\b|a)*- (\Ba|\b){2,3} a?\b-? (?:\B|a){2,} ^\b \b$ é [^é] [a-é] a.b|a.|.K
    . .* .+ ..? A|(?i:b) (?i:K)a*|Kb*
";
/// The same, with what can't be written there.
const NASTY_TOO: &[&str] = &["(?i)\u{212a}", "(?i)\u{17f}", "\u{10ffff}", "a\nb", "\n|a", "\0"];

fn nasty() -> Vec<&'static str> {
    NASTY.split_whitespace().chain(NASTY_TOO.iter().copied()).collect()
}

/// So many random expressions of each kind, and the nasty ones; the same at every run.
pub(super) fn expressions(each: usize) -> Vec<Vec<u8>> {
    let mut runner = TestRunner::deterministic();
    let mut all: Vec<Vec<u8>> = nasty().iter().map(|it| it.as_bytes().to_vec()).collect();
    let (well_formed, mixed) = (well_formed(), pieces());
    for _ in 0..each {
        all.push(well_formed.new_tree(&mut runner).unwrap().current().into_bytes());
        all.push(mixed.new_tree(&mut runner).unwrap().current());
    }
    all.retain(|it| !it.is_empty());
    all
}

/// One of the words.
fn one_of(words: &'static str) -> impl Strategy<Value = &'static str> + Clone {
    select(words.split_whitespace().collect::<Vec<_>>())
}

fn well_formed() -> impl Strategy<Value = String> {
    let atoms = one_of(
        r"a b K k 1 \. - _ é \x{212a} . [ab] [^a] [.-K] [a-] []b] [[:alpha:]] [[:^upper:]b] [[:punct:]] \w \W \d \D \s \S
        \pL \PL \p{Lu} \p{^Nd} \pP \p{Latin} [\w.] [^\W] \x61 \x{4b} \141 \Qa.\E \Q\E ^ $ \A \z \b \B () (?:)",
    );
    let counts = one_of(r"* + ? *? +? ?? {0} {1} {2} {0,2} {1,2} {2,3} {2,} {3,}? {0,1}");
    atoms.prop_map(str::to_owned).prop_recursive(6, 48, 4, move |inner| {
        let several = prop::collection::vec(inner.clone(), 1..=4);
        prop_oneof![
            4 => several.clone().prop_map(|parts| parts.concat()),
            3 => several.prop_map(|parts| format!("(?:{})", parts.join("|"))),
            3 => (inner.clone(), counts.clone()).prop_map(|(of, times)| format!("({of}){times}")),
            1 => inner.clone().prop_map(|of| format!("(?i:{of})")),
            1 => inner.clone().prop_map(|of| format!("(?:(?im){of}|-)")),
            1 => inner.clone().prop_map(|of| format!("(?sU:{of}|a)")),
            1 => inner.prop_map(|of| format!("(|{of})")),
        ]
    })
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let small = select(vec![
        "(", ")", "|", "[", "]", "{", "}", "*", "+", "?", ".", "^", "$", "\\", "-", ",", ":", "a", "b", "K", "1", "é",
        "\n",
    ]);
    let large = select(nasty());
    let whole = || prop::collection::vec(well_formed(), 1..=2).prop_map(|parts| parts.concat());
    let text = prop_oneof![
        2 => prop::collection::vec(small.clone(), 1..8).prop_map(|pieces| pieces.concat()),
        2 => prop::collection::vec(prop_oneof![small.clone(), large], 1..5).prop_map(|pieces| pieces.concat()),
        2 => (whole(), any::<prop::sample::Index>(), small).prop_map(|(regex, at, piece)| {
            let mut characters: Vec<char> = regex.chars().collect();
            let at = at.index(characters.len() + 1);
            characters.splice(at..at, piece.chars());
            characters.into_iter().collect()
        }),
        1 => (whole(), any::<prop::sample::Index>()).prop_map(|(regex, at)| {
            let mut characters: Vec<char> = regex.chars().collect();
            characters.remove(at.index(characters.len()));
            characters.into_iter().collect()
        }),
    ];
    prop_oneof![
        12 => text.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..12),
    ]
}
