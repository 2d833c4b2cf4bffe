//! Classes: `[...]` and what may stand in it.

use super::Unconfinable;
use super::parse::{Parsed, Parser};
use super::set::Set;
use super::unicode;

impl Parser {
    /// At `[`: a class, and the text of it, which is the same whatever follows: RE2/J looks for the end of `[:` behind the
    /// class, too.
    pub(super) fn class(&mut self) -> Parsed<(Set, String)> {
        let begin = self.at;
        self.at += 1;
        let negated = self.peek() == Some('^');
        if negated {
            self.at += 1;
        }
        let mut set = Set::NONE;
        let mut text = String::from(if negated { "[^" } else { "[" });
        let mut first = true;
        while first || self.peek() != Some(']') {
            if self.peek().is_none() {
                self.at = begin;
                return Err(self.problem("a closing ] is missing"));
            }
            first = false;
            let from = self.at;
            let named = match self.named_class()? {
                None => self.escaped_class()?,
                named => named,
            };
            let more = match named {
                Some(more) => {
                    text.extend(self.since(from));
                    more
                }
                None => self.class_range(begin, &mut text)?,
            };
            set = set.or(more);
        }
        self.at += 1;
        text.push(']');
        Ok((if negated { set.negated() } else { set }, text))
    }

    /// `\pN`, `\p{Greek}`, `\d` and the like, inside of a class or outside.
    pub(super) fn escaped_class(&mut self) -> Parsed<Option<Set>> {
        let &['\\', kind, ..] = self.rest() else {
            return Ok(None);
        };
        let set = match kind.to_ascii_lowercase() {
            'p' => return self.unicode_class(kind == 'P').map(Some),
            'd' => Set::between(b'0', b'9'),
            's' => Set::NONE,
            'w' => Set::WORD,
            _ => return Ok(None),
        };
        self.at += 2;
        Ok(Some(if kind.is_ascii_uppercase() { set.negated() } else { set }))
    }

    fn unicode_class(&mut self, mut negated: bool) -> Parsed<Set> {
        let begin = self.at;
        self.at += 2;
        let mut name = match self.pop() {
            Some('{') => {
                let name: String = self.rest().iter().take_while(|it| **it != '}').collect();
                self.at += name.chars().count();
                // Where it is missing there is no such name either.
                if self.pop().is_some() { name } else { String::new() }
            }
            character => character.into_iter().collect(),
        };
        if name.starts_with('^') {
            negated = !negated;
            name.remove(0);
        }
        let Some(set) = unicode::named(&name, self.folds()) else {
            self.at = begin;
            return Err(self.problem("there is no such category or script of Unicode"));
        };
        Ok(if negated { set.negated() } else { set })
    }

    /// Inside of a class: `[:alpha:]` and the like.
    fn named_class(&mut self) -> Parsed<Option<Set>> {
        if !self.looks_at("[:") || self.at >= self.no_posix_class_from {
            return Ok(None);
        }
        let Some(end) = self.rest().windows(2).position(|it| it == [':', ']']) else {
            self.no_posix_class_from = self.at;
            return Ok(None);
        };
        let name: String = self.rest().iter().take(end).skip(2).collect();
        let (negated, name) = match name.strip_prefix('^') {
            Some(name) => (true, name),
            None => (false, name.as_str()),
        };
        let Some(set) = posix(name) else {
            return Err(self.problem("there is no such [:class:]"));
        };
        self.at += end + 2;
        let set = if self.folds() { set.folded() } else { set };
        Ok(Some(if negated { set.negated() } else { set }))
    }

    /// Inside of a class: a character, or all from one to another.
    fn class_range(&mut self, class: usize, text: &mut String) -> Parsed<Set> {
        let begin = self.at;
        let first = self.class_character(class)?;
        let mut last = first;
        if let &['-', next, ..] = self.rest()
            && next != ']'
        {
            self.at += 1;
            last = self.class_character(class)?;
        } else if self.rest() == ['-'] {
            self.at = class;
            return Err(self.problem("a closing ] is missing"));
        }
        if last < first {
            self.at = begin;
            return Err(self.problem("a range ends before it begins"));
        }
        if self.folds_too_much(last) {
            return Err(Unconfinable::FoldsTooMuch);
        }
        put_point(first, text);
        if last > first {
            text.push('-');
            put_point(last, text);
        }
        Ok(self.range(first, last))
    }

    fn class_character(&mut self, class: usize) -> Parsed<u32> {
        if self.peek() == Some('\\') {
            return self.escape();
        }
        match self.pop() {
            Some(character) => Ok(character.into()),
            None => {
                self.at = class;
                Err(self.problem("a closing ] is missing"))
            }
        }
    }
}

/// Writes a character that stands in a class, and for nothing else.
fn put_point(point: u32, text: &mut String) {
    match char::from_u32(point) {
        Some(character) if character.is_ascii_alphanumeric() || !character.is_ascii() => text.push(character),
        _ => text.push_str(&format!("\\x{{{point:x}}}")),
    }
}

/// What a POSIX class has of the characters of topic names.
fn posix(name: &str) -> Option<Set> {
    let digits = Set::between(b'0', b'9');
    let (upper, lower) = (Set::between(b'A', b'Z'), Set::between(b'a', b'z'));
    let letters = upper.or(lower);
    Some(match name {
        "alnum" => letters.or(digits),
        "alpha" => letters,
        "digit" => digits,
        "lower" => lower,
        "upper" => upper,
        "word" => Set::WORD,
        "xdigit" => digits.or(Set::between(b'A', b'F')).or(Set::between(b'a', b'f')),
        "punct" => letters.or(digits).negated(),
        "ascii" | "graph" | "print" => Set::ALL,
        "blank" | "cntrl" | "space" => Set::NONE,
        _ => return None,
    })
}
