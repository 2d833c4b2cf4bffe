//! Characters beyond ASCII in both cases.

use std::collections::BTreeSet;

use super::print;

/// What matches a character, and those that differ from it in case only, without a flag that says so.
///
/// With the flag, RE2/J goes round and round with some characters, and keeps a thread of the broker busy for ever.
pub(super) fn both_cases(character: char) -> String {
    let mut all = BTreeSet::from([character]);
    // A letter may have two of the other case, one of which leads to the third.
    for _ in 0..2 {
        let others: Vec<char> = all
            .iter()
            .flat_map(|it| [only(it.to_lowercase()), only(it.to_uppercase())])
            .flatten()
            .collect();
        all.extend(others);
    }
    if all.len() == 1 {
        return print::escaped(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    // Letters need no escape.
    format!("[{}]", all.into_iter().collect::<String>())
}

/// The only one; what becomes several characters is in no other case to a regular expression.
fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_there_in_both_cases() {
        for (character, expected) in [
            ('é', "[Éé]"),
            ('É', "[Éé]"),
            ('\u{212a}', "[Kk\u{212a}]"),
            ('\u{17f}', "[Ss\u{17f}]"),
            ('µ', "[µΜμ]"),
            ('ß', "ß"),
            ('İ', "İ"),
            ('日', "日"),
            ('€', "€"),
        ] {
            assert_eq!(both_cases(character), expected);
        }
    }
}
