//! What a backslash begins.

use super::expr;
use super::parse::{Parsed, Parser};

const LARGEST_POINT: u32 = 0x10_ffff;

impl Parser {
    /// At a backslash, outside of a class.
    pub(super) fn escaped(&mut self) -> Parsed<()> {
        let assertion = match self.rest().get(1) {
            Some('A') => expr::start(),
            Some('z') => expr::end(),
            Some('b') => expr::boundary(true),
            Some('B') => expr::boundary(false),
            Some('Q') => {
                self.quoted();
                return Ok(());
            }
            _ => {
                let begin = self.at;
                if let Some(set) = self.escaped_class()? {
                    let text: String = self.since(begin).collect();
                    self.push_class(set, &text);
                } else {
                    let point = self.escape()?;
                    self.push_literal(point);
                }
                return Ok(());
            }
        };
        self.at += 2;
        self.push(assertion);
        Ok(())
    }

    /// At `\Q`: literals up to `\E` or to the end.
    fn quoted(&mut self) {
        self.at += 2;
        while !self.looks_at("\\E") {
            match self.pop() {
                Some(character) => self.push_literal(character),
                None => return,
            }
        }
        self.at += 2;
    }

    /// At a backslash: one character.
    pub(super) fn escape(&mut self) -> Parsed<u32> {
        let begin = self.at;
        self.at += 1;
        let Some(character) = self.pop() else {
            self.at = begin;
            return Err(self.problem("a backslash ends it"));
        };
        let point = match character {
            '0'..='7' => self.octal(character),
            'x' => self.hexadecimal(),
            'a' => Some(0x07),
            'f' => Some(0x0c),
            'n' => Some(0x0a),
            'r' => Some(0x0d),
            't' => Some(0x09),
            'v' => Some(0x0b),
            _ if !character.is_ascii_alphanumeric() => Some(character.into()),
            _ => None,
        };
        point.ok_or_else(|| {
            self.at = begin;
            self.problem("there is no such escape with a backslash")
        })
    }

    /// Up to three digits. One that isn't zero would be a reference to a group.
    fn octal(&mut self, first: char) -> Option<u32> {
        let mut point = first.to_digit(8)?;
        let mut more = 0;
        while more < 2
            && let Some(digit) = self.peek().and_then(|it| it.to_digit(8))
        {
            point = point * 8 + digit;
            self.at += 1;
            more += 1;
        }
        (first == '0' || more > 0).then_some(point)
    }

    /// Two digits, or any number of them between brackets.
    fn hexadecimal(&mut self) -> Option<u32> {
        let first = self.pop()?;
        if first != '{' {
            return Some(first.to_digit(16)? * 16 + self.pop()?.to_digit(16)?);
        }
        let mut point: Option<u32> = None;
        loop {
            match self.pop()? {
                '}' => return point,
                character => {
                    let more = point
                        .unwrap_or(0)
                        .saturating_mul(16)
                        .saturating_add(character.to_digit(16)?);
                    point = Some(more).filter(|point| *point <= LARGEST_POINT);
                    point?;
                }
            }
        }
    }
}
