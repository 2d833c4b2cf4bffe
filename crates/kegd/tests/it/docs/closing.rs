//! The table of reasons for closing a connection has those of the code.

use std::collections::BTreeSet;

use crate::repository::{read, root};

/// Files whose short names of errors become the label `kind`.
const KINDS: &[&str] = &[
    "crates/keg-proxy/src/error.rs",
    "crates/keg-router/src/route.rs",
    "crates/keg-tls/src/handshake.rs",
];

/// Files that give a kind of their own.
const PLACES: &[&str] = &[
    "crates/keg-proxy/src/connection.rs",
    "crates/keg-proxy/src/connection/authenticating.rs",
    "crates/keg-proxy/src/connection/hello.rs",
    "crates/keg-proxy/src/connection/proxying.rs",
    "crates/keg-proxy/src/listener.rs",
];

#[test]
fn every_reason_for_closing_a_connection_is_explained() {
    let page = read(&root().join("docs/operations.md"));
    let (_, section) = page.split_once("## When a connection is closed").unwrap();
    let rows = section.split("\n### ").next().unwrap();
    let explained: BTreeSet<&str> = rows
        .lines()
        .filter_map(|row| row.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|kinds| kinds.split('`').filter(|it| is_word(it)))
        .collect();
    let sources: Vec<String> = KINDS.iter().map(|file| read(&root().join(file))).collect();
    let kinds: BTreeSet<&str> = sources.iter().flat_map(|it| words(it, "=> \"")).collect();
    assert!(kinds.len() > 15, "{kinds:?}");
    let missing: Vec<_> = kinds.difference(&explained).collect();
    assert!(missing.is_empty(), "not explained: {missing:?}");
    let places: Vec<String> = PLACES.iter().map(|file| read(&root().join(file))).collect();
    let literals: BTreeSet<&str> = places
        .iter()
        .flat_map(|it| it.split('"'))
        .filter(|it| is_word(it))
        .collect();
    let stale: Vec<_> = explained
        .iter()
        .filter(|it| !kinds.contains(*it) && !literals.contains(*it))
        .collect();
    assert!(stale.is_empty(), "no such reason: {stale:?}");
}

/// The words in quotes behind this.
fn words<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    let rests = text.split(begin).skip(1);
    let words = rests.filter_map(|rest| rest.split_once('"')).map(|(word, _)| word);
    words.filter(|word| is_word(word)).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
}
