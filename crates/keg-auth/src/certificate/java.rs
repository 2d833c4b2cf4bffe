//! Java's regular expressions as those of the crate regex, where both mean the same.

use std::iter::Peekable;
use std::str::Chars;

/// Java's `.`: all but line terminators.
const DOT: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";

/// A pattern that matches here what the Java one matches there, or what is in its way.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translation = Translation {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len()),
        classes: 0,
        quantified: false,
    };
    while let Some(c) = translation.rest.next() {
        translation.character(c)?;
    }
    Ok(translation.out)
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    /// How many character classes are open.
    classes: usize,
    /// If a quantifier stands right in front.
    quantified: bool,
}

impl Translation<'_> {
    fn character(&mut self, c: char) -> Result<(), String> {
        let quantified = std::mem::take(&mut self.quantified);
        match c {
            '\\' => return self.escape(),
            '[' => self.open_class()?,
            ']' if self.classes > 0 => {
                self.classes -= 1;
                self.out.push(']');
            }
            '&' | '-' | '~' if self.classes > 0 && self.rest.peek() == Some(&c) => {
                return Err(format!(
                    "{c}{c} in a character class is not supported; escape a literal {c}"
                ));
            }
            _ if self.classes > 0 => self.out.push(c),
            '+' if quantified => return Err("possessive quantifiers are not supported".to_owned()),
            '*' | '{' if quantified => return Err("a quantifier right behind another one".to_owned()),
            '?' if quantified => self.out.push('?'),
            '*' | '+' | '?' => {
                self.out.push(c);
                self.quantified = true;
            }
            '{' => self.repetition(),
            '(' => self.open_group()?,
            '.' => self.out.push_str(DOT),
            _ => self.out.push(c),
        }
        Ok(())
    }

    fn open_class(&mut self) -> Result<(), String> {
        self.classes += 1;
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        match self.rest.peek() {
            Some(':') if self.classes > 1 => {
                Err("[: in a character class is not supported; escape the colon".to_owned())
            }
            // The first one is a literal one, for both.
            Some(']') => {
                self.rest.next();
                self.out.push_str(r"\]");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn repetition(&mut self) {
        self.out.push('{');
        for c in self.rest.by_ref() {
            self.out.push(c);
            if c == '}' {
                break;
            }
        }
        self.quantified = true;
    }

    fn open_group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        match self.rest.next() {
            Some(':') => self.out.push(':'),
            Some('<') if !matches!(self.rest.peek(), Some('=' | '!')) => self.out.push('<'),
            Some('=' | '!' | '<') => return Err("lookaround is not supported".to_owned()),
            Some('>') => return Err("atomic groups are not supported".to_owned()),
            Some(flag) => {
                let mut flag = Some(flag);
                while let Some(c) = flag.filter(|c| !matches!(c, ')' | ':')) {
                    if !matches!(c, 'i' | '-') {
                        return Err(format!("the flag {c} is not supported"));
                    }
                    self.out.push(c);
                    flag = self.rest.next();
                }
                self.out.extend(flag);
            }
            None => return Err("a group without an end".to_owned()),
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.rest.next() else {
            return Err("nothing behind the backslash at its end".to_owned());
        };
        match c {
            'd' => self.class("0-9", false),
            'D' => self.class("0-9", true),
            'w' => self.class("0-9A-Za-z_", false),
            'W' => self.class("0-9A-Za-z_", true),
            's' => self.class(r"\t\n\x0B\f\r ", false),
            'S' => self.class(r"\t\n\x0B\f\r ", true),
            'p' | 'P' => return self.property(c == 'P'),
            'Q' if self.classes == 0 => self.quotation(),
            'b' if self.classes == 0 && self.rest.peek() != Some(&'{') => self.out.push_str(r"(?-u:\b)"),
            'A' | 'z' if self.classes == 0 => self.out.extend(['\\', c]),
            't' | 'n' | 'r' | 'f' | 'a' | 'x' | 'u' => self.out.extend(['\\', c]),
            '1'..='9' | 'k' => return Err("references back are not supported".to_owned()),
            c if c.is_alphanumeric() => return Err(format!("\\{c} is not supported")),
            c => self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
        Ok(())
    }

    fn class(&mut self, ranges: &str, negated: bool) {
        self.out.push_str(if negated { "[^" } else { "[" });
        self.out.push_str(ranges);
        self.out.push(']');
    }

    fn quotation(&mut self) {
        let mut quoted = String::new();
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                break;
            }
            quoted.push(c);
        }
        self.out.push_str(&regex::escape(&quoted));
    }

    /// POSIX names, which are about ASCII in Java, and general categories of Unicode.
    fn property(&mut self, negated: bool) -> Result<(), String> {
        let name: String = match self.rest.next_if_eq(&'{') {
            Some(_) => self.rest.by_ref().take_while(|c| *c != '}').collect(),
            None => self.rest.next().into_iter().collect(),
        };
        let posix = match &*name {
            "Lower" | "Upper" | "ASCII" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph" | "Print" | "Blank"
            | "Cntrl" | "XDigit" | "Space" => true,
            "L" | "Lu" | "Ll" | "Lt" | "Lm" | "Lo" | "M" | "Mn" | "Mc" | "Me" | "N" | "Nd" | "Nl" | "No" | "P"
            | "S" | "Z" | "Zs" => false,
            _ => return Err(format!("the property {name:?} is not supported")),
        };
        let not = if negated { "^" } else { "" };
        match (posix, negated) {
            (true, _) => self.out.push_str(&format!("[[:{not}{}:]]", name.to_ascii_lowercase())),
            (false, true) => self.out.push_str(&format!(r"\P{{{name}}}")),
            (false, false) => self.out.push_str(&format!(r"\p{{{name}}}")),
        }
        Ok(())
    }
}
