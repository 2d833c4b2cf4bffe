//! Names of resources in rules.

use std::fmt;

/// The longest pattern, in bytes.
const LONGEST: usize = 1024;

/// Names of resources: `*` stands for any characters, `?` for one, and a backslash takes the meaning from what follows.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NamePattern {
    parts: Box<[Part]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Literal(Box<str>),
    One,
    Any,
}

/// What can't be a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPattern {
    /// No resource has the empty name.
    #[error("the name is empty; `*` stands for all names")]
    Empty,
    /// It is longer than any name.
    #[error("the name has {found} bytes, at most {LONGEST} are allowed")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// A backslash with nothing behind it.
    #[error("the name `{0}` ends with a single backslash; write `\\\\` for the character itself")]
    OpenEscape(String),
}

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is empty, longer than 1,024 bytes, or ends within an escape.
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() {
            return Err(InvalidPattern::Empty);
        }
        if text.len() > LONGEST {
            return Err(InvalidPattern::TooLong { found: text.len() });
        }
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '*' => Part::Any,
                '?' => Part::One,
                '\\' => {
                    let escaped = characters.next();
                    literal.push(escaped.ok_or_else(|| InvalidPattern::OpenEscape(text.to_owned()))?);
                    continue;
                }
                other => {
                    literal.push(other);
                    continue;
                }
            };
            end(&mut literal, &mut parts);
            // Two are no more than one.
            if part != Part::Any || parts.last() != Some(&Part::Any) {
                parts.push(part);
            }
        }
        end(&mut literal, &mut parts);
        Ok(Self { parts: parts.into() })
    }

    /// This very name, whatever characters it has.
    pub fn literal(name: &str) -> Self {
        Self {
            parts: Box::new([Part::Literal(name.into())]),
        }
    }

    /// All names.
    pub(super) fn any() -> Self {
        Self {
            parts: Box::new([Part::Any]),
        }
    }

    /// What can be put into a pattern to stand for these very characters.
    pub fn escape(text: &str) -> String {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            if matches!(character, '*' | '?' | '\\') {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        escaped
    }

    /// What all names that it matches begin with.
    pub(super) fn start(&self) -> &str {
        match &*self.parts {
            [Part::Literal(start), ..] => start,
            _ => "",
        }
    }

    /// What all names that it matches end with, if it is more than a name.
    pub(super) fn end(&self) -> &str {
        match &*self.parts {
            [_, .., Part::Literal(end)] => end,
            _ => "",
        }
    }

    /// What is left to look at in a name that has the start.
    pub(super) fn rest(&self) -> Rest {
        match &*self.parts {
            [Part::Literal(_)] => Rest::Nothing,
            [Part::Any] | [Part::Literal(_), Part::Any] => Rest::Anything,
            _ => Rest::Pattern,
        }
    }

    /// Whether it matches the whole name.
    pub fn matches(&self, name: &str) -> bool {
        // Where the last `*` was, and from where on the name is tried behind it.
        let mut retry: Option<(usize, &str)> = None;
        let (mut at, mut rest) = (0, name);
        loop {
            let step = match self.parts.get(at) {
                Some(Part::Any) => {
                    retry = Some((at, rest));
                    at += 1;
                    continue;
                }
                Some(Part::Literal(literal)) => rest.strip_prefix(&**literal),
                Some(Part::One) => behind_first(rest),
                None if rest.is_empty() => return true,
                None => None,
            };
            match (step, retry) {
                (Some(behind), _) => (at, rest) = (at + 1, behind),
                (None, Some((any, from))) => {
                    let Some(behind) = behind_first(from) else {
                        return false;
                    };
                    retry = Some((any, behind));
                    (at, rest) = (any + 1, behind);
                }
                (None, None) => return false,
            }
        }
    }

    /// Whether it matches all names that begin so.
    pub(super) fn matches_all(&self, start: &str) -> bool {
        self.rest() == Rest::Anything && start.starts_with(self.start())
    }

    /// Whether it might match a name that begins so.
    pub(super) fn may_meet(&self, start: &str) -> bool {
        start.starts_with(self.start()) && self.rest() != Rest::Nothing || self.start().starts_with(start)
    }

    /// Whether it matches all names that the other one matches, as far as that can be told from how the two are written.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self.rest(), other.rest()) {
            (Rest::Anything, _) => other.start().starts_with(self.start()),
            (_, Rest::Nothing) => self.matches(other.start()),
            _ => self == other,
        }
    }
}

/// What stands behind the start of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing: it is a name.
    Nothing,
    /// One `*`.
    Anything,
    /// Something else.
    Pattern,
}

fn end(literal: &mut String, parts: &mut Vec<Part>) {
    if !literal.is_empty() {
        parts.push(Part::Literal(std::mem::take(literal).into()));
    }
}

fn behind_first(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next().map(|_| characters.as_str())
}

/// As [`NamePattern::new`] reads it.
impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(&Self::escape(text)),
            Part::One => f.write_str("?"),
            Part::Any => f.write_str("*"),
        })
    }
}

impl fmt::Debug for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamePattern({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> NamePattern {
        NamePattern::new(text).unwrap()
    }

    #[test]
    fn a_pattern_matches_whole_names() {
        for (text, matching, others) in [
            ("orders", &["orders"][..], &["orders-1", "order", ""][..]),
            ("orders*", &["orders", "orders-1"], &["order", "my-orders"]),
            ("*", &["", "a", "a*"], &[]),
            ("a?c*d", &["abcd", "aöcxxd", "abcdd"], &["acd", "abc", "abcde"]),
            ("*-dlq", &["-dlq", "a-dlq-dlq"], &["dlq", "a-dlq-"]),
            ("a**b", &["ab", "axxb"], &["a"]),
            (r"a\*\?\\", &[r"a*?\"], &["ab", "a*"]),
            ("?", &["ö"], &["", "ab"]),
        ] {
            for name in matching {
                assert!(pattern(text).matches(name), "{text} {name}");
            }
            for name in others {
                assert!(!pattern(text).matches(name), "{text} {name}");
            }
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, message) in [
            (String::new(), "the name is empty; `*` stands for all names"),
            (
                r"a\".to_owned(),
                r"the name `a\` ends with a single backslash; write `\\` for the character itself",
            ),
            ("a".repeat(1025), "the name has 1025 bytes, at most 1024 are allowed"),
        ] {
            assert_eq!(NamePattern::new(&text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_pattern_covers_those_that_match_less() {
        for (one, other, covers) in [
            ("*", "a?b", true),
            ("a*", "ab*", true),
            ("ab*", "a*", false),
            ("a*b", "axxb", true),
            ("a*b", "a*b", true),
            ("a*b", "a*", false),
            ("ab", "a*", false),
        ] {
            assert_eq!(pattern(one).covers(&pattern(other)), covers, "{one} {other}");
        }
    }

    /// A pattern by the definition: what each character may stand for, tried one after the other.
    fn matches(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], name) => name.is_empty(),
            (['*', rest @ ..], name) => (0..=name.len()).any(|taken| matches(rest, &name[taken..])),
            (['?', rest @ ..], [_, name @ ..]) => matches(rest, name),
            (['\\', literal, rest @ ..], [first, name @ ..]) => literal == first && matches(rest, name),
            ([literal, rest @ ..], [first, name @ ..]) => literal == first && matches(rest, name),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_pattern_means_what_its_characters_say(text in r"([ab*?ö]|\\[ab*?\\]){1,10}", name in r"[ab*?\\ö]{0,10}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(pattern(&text).matches(&name), matches(&characters(&text), &characters(&name)));
        }

        #[test]
        fn an_escaped_name_is_itself_and_what_is_printed_is_read_again(name in r"[ab*?\\]{1,8}", other in r"[ab*?\\]{1,8}") {
            let escaped = pattern(&NamePattern::escape(&name));
            prop_assert_eq!(escaped.matches(&other), name == other);
            prop_assert_eq!(&escaped, &NamePattern::literal(&name));
            prop_assert_eq!(pattern(&escaped.to_string()), escaped);
        }

        #[test]
        fn all_that_it_covers_it_matches(one in "[ab*?]{1,5}", other in "[ab*?]{1,5}", name in "[ab]{0,6}") {
            let (one, other) = (pattern(&one), pattern(&other));
            if one.covers(&other) && other.matches(&name) {
                prop_assert!(one.matches(&name));
            }
        }

        #[test]
        fn what_a_beginning_says_of_names_holds_of_each(text in "[ab*?]{1,5}", start in "[ab]{0,3}", rest in "[ab]{0,3}") {
            let (pattern, name) = (pattern(&text), format!("{start}{rest}"));
            prop_assert!(!pattern.matches_all(&start) || pattern.matches(&name));
            prop_assert!(!pattern.matches(&name) || pattern.may_meet(&start));
        }
    }
}
