//! Glob patterns over names.

use std::fmt;
use std::sync::Arc;

/// The longest pattern; its positions are bits of a [`Set`].
const LONGEST: usize = 253;

/// A pattern over names: `*` stands for any number of any characters, `?` for one, and all others for themselves.
///
/// Matching takes time in proportion to the name, whatever the pattern: every name comes from somebody who may choose
/// it to take long.
#[derive(Clone)]
pub struct Glob {
    pattern: Arc<str>,
    steps: Arc<Steps>,
}

/// Why a pattern isn't one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 253 letters, digits, dots, underscores, hyphens, asterisks and question marks, found {found:?}")]
pub struct InvalidGlob {
    /// The text.
    pub found: String,
}

/// The pattern as an automaton: where it stands is how many characters other than `*` it has got past, and it may stand
/// in several places at once.
#[derive(Debug)]
struct Steps {
    /// The class of each character of ASCII. Class 0 has what only `?` takes.
    classes: [u8; 128],
    /// By class: the places in which a character of it is a step ahead.
    ahead: Vec<Set>,
    /// The places that have a `*`: any character leaves them where they are.
    stays: Set,
    end: usize,
}

/// Places in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set([u64; 4]);

impl Glob {
    /// The pattern of this text: letters, digits, `.`, `_` and `-`, beside `*` and `?`.
    ///
    /// # Errors
    /// When the text is empty, longer than 253 characters, or has others.
    pub fn new(pattern: &str) -> Result<Self, InvalidGlob> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-?*".contains(&byte);
        if pattern.is_empty() || pattern.len() > LONGEST || !pattern.bytes().all(is_legal) {
            return Err(InvalidGlob {
                found: pattern.to_owned(),
            });
        }
        Ok(Self {
            pattern: pattern.into(),
            steps: Arc::new(Steps::of(pattern)),
        })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// Whether it matches the whole name. What isn't UTF-8 is no name.
    pub fn matches(&self, name: &[u8]) -> bool {
        std::str::from_utf8(name).is_ok_and(|name| self.steps.after(name).contains(self.steps.end))
    }

    /// Whether there are names that it matches and that begin with this.
    pub fn reaches(&self, prefix: &str) -> bool {
        // From every place the rest of the pattern can be made up.
        !self.steps.after(prefix).is_empty()
    }
}

impl Steps {
    fn of(pattern: &str) -> Self {
        let mut steps = Self {
            classes: [0; 128],
            ahead: vec![Set::EMPTY],
            stays: Set::EMPTY,
            end: 0,
        };
        let literals = pattern.bytes().filter(|byte| !b"?*".contains(byte));
        for literal in literals {
            if let Some(class @ 0) = steps.classes.get_mut(usize::from(literal)) {
                *class = u8::try_from(steps.ahead.len()).unwrap_or_default();
                steps.ahead.push(Set::EMPTY);
            }
        }
        for byte in pattern.bytes() {
            if byte == b'*' {
                steps.stays.insert(steps.end);
                continue;
            }
            let class = steps.class(char::from(byte));
            let takes = |of: usize| byte == b'?' || of == class;
            for (_, places) in steps.ahead.iter_mut().enumerate().filter(|(of, _)| takes(*of)) {
                places.insert(steps.end);
            }
            steps.end += 1;
        }
        steps
    }

    fn class(&self, character: char) -> usize {
        let class = self.classes.get(character as usize).copied();
        class.unwrap_or_default().into()
    }

    /// Where the pattern stands after a text.
    fn after(&self, text: &str) -> Set {
        let mut places = Set::EMPTY;
        places.insert(0);
        for character in text.chars() {
            let ahead = self.ahead.get(self.class(character)).copied().unwrap_or(Set::EMPTY);
            places = (places & ahead).one_further() | (places & self.stays);
            if places.is_empty() {
                break;
            }
        }
        places
    }
}

impl Set {
    const EMPTY: Self = Self([0; 4]);

    fn insert(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    fn contains(self, place: usize) -> bool {
        let word = self.0.get(place / 64).copied().unwrap_or_default();
        word & (1 << (place % 64)) != 0
    }

    fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// All places, each one further.
    fn one_further(self) -> Self {
        let mut carried = 0;
        Self(self.0.map(|word| {
            let moved = word << 1 | carried;
            carried = word >> 63;
            moved
        }))
    }
}

impl std::ops::BitAnd for Set {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a & e, b & f, c & g, d & h])
    }
}

impl std::ops::BitOr for Set {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a | e, b | f, c | g, d | h])
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Glob").field(&self.pattern).finish()
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Glob {}

#[cfg(test)]
mod tests;
