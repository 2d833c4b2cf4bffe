//! RE2/J's syntax, as its parser reads it in its default mode.

use std::collections::HashSet;

use super::expr::{self, Node, alt, concat, repeat};
use super::set::Set;
use super::{DEEPEST, Unconfinable, fold, print};

/// The most that a repetition can count to.
const MOST_TIMES: u32 = 1000;

/// What a parser's step comes to.
pub(super) type Parsed<T> = Result<T, Unconfinable>;

/// What the names are made of that an expression is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// The characters that Kafka allows in the names of topics: what others an expression speaks of makes no difference.
    OfTopics,
    /// All characters.
    Any,
}

/// Flags that can be set anywhere, up to the end of the group.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    /// Whether case is folded.
    fold: bool,
    /// Whether `^` and `$` are about lines.
    lines: bool,
    /// Whether `.` matches what ends a line.
    ends: bool,
}

/// Reads an expression.
pub(super) fn parse(regex: &str, alphabet: Alphabet) -> Parsed<Node> {
    let mut parser = Parser {
        alphabet,
        text: regex.chars().collect(),
        at: 0,
        flags: Flags::default(),
        open: Vec::new(),
        group: Group::default(),
        names: HashSet::new(),
        no_posix_class_from: usize::MAX,
    };
    parser.whole()
}

/// What stands between two parentheses, so far.
#[derive(Debug, Default)]
struct Group {
    alternatives: Vec<Node>,
    parts: Vec<Node>,
    /// What the flags were before it.
    flags: Flags,
}

impl Group {
    fn next_alternative(&mut self) -> Parsed<()> {
        self.alternatives.push(concat(std::mem::take(&mut self.parts))?);
        Ok(())
    }

    fn close(mut self) -> Parsed<Node> {
        self.next_alternative()?;
        alt(self.alternatives)
    }
}

/// A place in a text, and what counts there. Without recursion: a peer decides how deep groups are nested.
#[derive(Debug)]
pub(super) struct Parser {
    alphabet: Alphabet,
    text: Vec<char>,
    pub(super) at: usize,
    flags: Flags,
    /// Groups around the one at hand.
    open: Vec<Group>,
    group: Group,
    names: HashSet<String>,
    /// From where on no `:]` is known to follow, so that it isn't looked for again and again.
    pub(super) no_posix_class_from: usize,
}

impl Parser {
    fn whole(&mut self) -> Parsed<Node> {
        let mut after_repetition = false;
        while let Some(character) = self.peek() {
            let begin = self.at;
            let mut repetition = false;
            match character {
                '(' if self.looks_at("(?") => self.group_with_flags()?,
                '(' => {
                    self.at += 1;
                    self.open_group(self.flags)?;
                }
                '|' => {
                    self.at += 1;
                    self.group.next_alternative()?;
                }
                ')' => self.close_group()?,
                '^' if self.looks_at_lines() => self.push_one(expr::line_start()),
                '^' => self.push_one(expr::start()),
                '$' if self.looks_at_lines() => self.push_one(expr::line_end()),
                '$' => self.push_one(expr::end()),
                '.' => {
                    self.at += 1;
                    self.push(match (self.alphabet, self.flags.ends) {
                        (Alphabet::OfTopics, _) => expr::set(Set::ALL),
                        (Alphabet::Any, true) => expr::class(Set::ALL, "(?s:.)"),
                        (Alphabet::Any, false) => expr::class(Set::ALL, "."),
                    });
                }
                '[' => {
                    let (set, text) = self.class()?;
                    self.push_class(set, &text);
                }
                '*' | '+' | '?' | '{' => {
                    // To RE2/J, even a bracket that is a literal is an operator to which no other may follow.
                    repetition = true;
                    match self.times()? {
                        Some((min, max)) => self.repeat(min, max, begin, after_repetition)?,
                        None => self.push_literal('{'),
                    }
                }
                '\\' => self.escaped()?,
                _ => {
                    self.at += 1;
                    self.push_literal(character);
                }
            }
            after_repetition = repetition;
        }
        if self.open.is_empty() {
            std::mem::take(&mut self.group).close()
        } else {
            Err(self.problem("a closing ) is missing"))
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn pop(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += 1;
        Some(character)
    }

    pub(super) fn rest(&self) -> &[char] {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn looks_at(&self, what: &str) -> bool {
        let mut rest = self.rest().iter();
        what.chars().all(|character| rest.next() == Some(&character))
    }

    pub(super) fn problem(&self, problem: &'static str) -> Unconfinable {
        let at = self.at.min(self.text.len());
        Unconfinable::Syntax { problem, at: at + 1 }
    }

    pub(super) fn push(&mut self, part: Node) {
        self.group.parts.push(part);
    }

    pub(super) fn push_literal(&mut self, character: impl Into<u32>) {
        let point = character.into();
        let set = self.range(point, point);
        let part = match (self.alphabet, char::from_u32(point)) {
            (Alphabet::OfTopics, _) => expr::set(set),
            (Alphabet::Any, None) => expr::class(set, &format!("\\x{{{point:x}}}")),
            (Alphabet::Any, Some(character)) => {
                let text = print::escaped(character.encode_utf8(&mut [0; 4]).as_bytes());
                match self.flags.fold {
                    true if character.is_ascii_alphabetic() => expr::class(set, &format!("(?i:{text})")),
                    true if !character.is_ascii() => expr::class(set, &fold::both_cases(character)),
                    _ => expr::class(set, &text),
                }
            }
        };
        self.push(part);
    }

    /// The text matches one character: of those that topics can have, one in the set.
    pub(super) fn push_class(&mut self, set: Set, text: &str) {
        let part = match self.alphabet {
            Alphabet::OfTopics => expr::set(set),
            Alphabet::Any if self.flags.fold => expr::class(set, &format!("(?i:{text})")),
            Alphabet::Any => expr::class(set, text),
        };
        self.push(part);
    }

    /// What was read from there on.
    pub(super) fn since(&self, begin: usize) -> impl Iterator<Item = &char> {
        self.text.get(begin..self.at).unwrap_or_default().iter()
    }

    pub(super) fn folds(&self) -> bool {
        self.flags.fold
    }

    /// Whether brokers would fold the case of more than can be answered for.
    pub(super) fn folds_too_much(&self, last: u32) -> bool {
        self.flags.fold && self.alphabet == Alphabet::Any && last > 127
    }

    /// Whether there can be lines, and they matter here.
    fn looks_at_lines(&self) -> bool {
        self.flags.lines && self.alphabet == Alphabet::Any
    }

    /// The characters between two code points, as the flags have it.
    pub(super) fn range(&self, first: u32, last: u32) -> Set {
        if self.flags.fold {
            Set::folded_range(first, last)
        } else {
            Set::range(first, last)
        }
    }

    fn push_one(&mut self, part: Node) {
        self.at += 1;
        self.push(part);
    }

    fn open_group(&mut self, flags_before: Flags) -> Parsed<()> {
        if self.open.len() >= DEEPEST {
            return Err(Unconfinable::TooDeep);
        }
        let group = Group {
            flags: flags_before,
            ..Group::default()
        };
        self.open.push(std::mem::replace(&mut self.group, group));
        Ok(())
    }

    fn close_group(&mut self) -> Parsed<()> {
        let Some(outer) = self.open.pop() else {
            return Err(self.problem("a ) closes nothing"));
        };
        self.at += 1;
        let inner = std::mem::replace(&mut self.group, outer);
        self.flags = inner.flags;
        let part = inner.close()?;
        self.push(part);
        Ok(())
    }

    /// At `(?`: a group with a name, flags for the rest of the group, or a group with flags.
    fn group_with_flags(&mut self) -> Parsed<()> {
        for opening in ["(?P<", "(?<"] {
            if self.looks_at(opening) {
                return self.named_group(opening.len());
            }
        }
        let begin = self.at;
        self.at += 2;
        let mut flags = self.flags;
        let mut negative = false;
        let mut count = 0;
        loop {
            let flag = self.pop();
            match flag {
                Some('i' | 'm' | 's' | 'U') => {
                    match flag {
                        Some('i') => flags.fold = !negative,
                        Some('m') => flags.lines = !negative,
                        Some('s') => flags.ends = !negative,
                        // As few as possible first: what matches as a whole is the same.
                        _ => {}
                    }
                    count += 1;
                }
                Some('-') if !negative => {
                    negative = true;
                    count = 0;
                }
                Some(end @ (':' | ')')) if !negative || count > 0 => {
                    if end == ':' {
                        self.open_group(self.flags)?;
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => {
                    self.at = begin;
                    return Err(self.problem("a group of this kind, or with these flags, isn't supported"));
                }
            }
        }
    }

    fn named_group(&mut self, opening: usize) -> Parsed<()> {
        let name: String = self.rest().iter().skip(opening).take_while(|it| **it != '>').collect();
        let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let end = self.at + opening + name.chars().count();
        if name.is_empty() || !name.chars().all(is_word) || end >= self.text.len() {
            return Err(self.problem("the name of a group isn't valid"));
        }
        if !self.names.insert(name) {
            return Err(self.problem("another group has the same name"));
        }
        self.at = end + 1;
        self.open_group(self.flags)
    }

    /// How often to repeat; `None` behind a `{` that is a literal.
    fn times(&mut self) -> Parsed<Option<(u16, Option<u16>)>> {
        let begin = self.at;
        match self.pop() {
            Some('*') => return Ok(Some((0, None))),
            Some('+') => return Ok(Some((1, None))),
            Some('?') => return Ok(Some((0, Some(1)))),
            _ => {}
        }
        let Some(counts) = self.counts() else {
            self.at = begin + 1;
            return Ok(None);
        };
        match counts {
            (min, None) if min <= MOST_TIMES => Ok(Some((count(min), None))),
            (min, Some(max)) if min <= max && max <= MOST_TIMES => Ok(Some((count(min), Some(count(max))))),
            _ => {
                self.at = begin;
                Err(self.problem("a count is above 1000, or the second is below the first"))
            }
        }
    }

    /// Behind `{`: the counts and the closing bracket.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let min = self.number()?;
        let max = match self.pop()? {
            '}' => return Some((min, Some(min))),
            ',' if self.peek()? == '}' => None,
            ',' => Some(self.number()?),
            _ => return None,
        };
        (self.pop()? == '}').then_some((min, max))
    }

    /// A number without leading zeros.
    fn number(&mut self) -> Option<u32> {
        let begin = self.at;
        let mut number: u32 = 0;
        while let Some(digit) = self.peek().and_then(|it| it.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        let leading_zero = self.text.get(begin) == Some(&'0') && self.at > begin + 1;
        (self.at > begin && !leading_zero).then_some(number)
    }

    fn repeat(&mut self, min: u16, max: Option<u16>, begin: usize, again: bool) -> Parsed<()> {
        if self.peek() == Some('?') {
            // As few as possible, or as many: whether a whole name matches is the same.
            self.at += 1;
        }
        if again {
            self.at = begin;
            return Err(self.problem("a repetition can't be repeated without parentheses"));
        }
        let Some(of) = self.group.parts.pop() else {
            self.at = begin;
            return Err(self.problem("there is nothing to repeat"));
        };
        let part = repeat(&of, min, max)?;
        self.push(part);
        Ok(())
    }
}

fn count(times: u32) -> u16 {
    u16::try_from(times).unwrap_or(u16::MAX)
}
