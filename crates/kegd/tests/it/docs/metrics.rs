//! The list of metrics is that of the code.

use std::collections::BTreeSet;

use crate::repository::{files, read, root};

#[test]
fn every_metric_is_listed_and_every_listed_one_is_there() {
    let page = read(&root().join("docs/operations.md"));
    let mut listed = names(&page, "| `kong_keg_", '`');
    listed.extend(names(&page, "| `keg_", '`'));
    let mut made = BTreeSet::new();
    for crate_name in ["keg-proxy", "kegd"] {
        for file in files(&root().join("crates").join(crate_name).join("src"), "rs") {
            let text = read(&file);
            // Those of Kong Event Gateway have aliases too, which are made elsewhere.
            made.extend(names(&text, "\"kong_keg_", '"'));
            made.extend(names(&text, "!(\"keg_", '"'));
        }
    }
    assert!(made.len() > 5, "{made:?}");
    assert_eq!(listed, made);
}

/// The words that begin with the end of `begin`, from its `k` on, and end at `end`.
fn names(text: &str, begin: &str, end: char) -> BTreeSet<String> {
    let prefix = begin.trim_start_matches(|it: char| !it.is_ascii_lowercase());
    let rests = text.split(begin).skip(1);
    let words = rests.filter_map(|rest| rest.split_once(end)).map(|(word, _)| word);
    words
        .filter(|word| word.bytes().all(|it| it.is_ascii_lowercase() || it == b'_'))
        .map(|word| format!("{prefix}{word}"))
        .collect()
}
