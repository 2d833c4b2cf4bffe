//! Expressions as text that every RE2 reads alike: no flags, no quoting, no groups that capture.

use std::fmt::Write as _;

use super::expr::{Expr, Kind};
use super::set::Set;

/// Plain RE2 that matches nothing, not even among what no topic is called.
const NEVER: &str = r"[^\x00-\x{10FFFF}]";

/// An expression by itself.
pub(super) fn alone(expr: &Expr) -> String {
    let mut out = String::new();
    any(expr, &mut out);
    if out.is_empty() {
        // The empty text means that there is no expression.
        out.push_str("(?:)");
    }
    out
}

/// An expression that stands behind another.
pub(super) fn part(expr: &Expr) -> String {
    let mut out = String::new();
    one(expr, &mut out);
    out
}

/// Text that matches itself.
pub(super) fn escaped(text: &[u8]) -> String {
    let mut out = String::new();
    for character in String::from_utf8_lossy(text).chars() {
        match character {
            '-' | '_' => out.push(character),
            '\0'..=' ' | '\x7f' => put(&mut out, format_args!("\\x{:02x}", u32::from(character))),
            _ if character.is_ascii_alphanumeric() || !character.is_ascii() => out.push(character),
            _ => put(&mut out, format_args!("\\{character}")),
        }
    }
    out
}

/// One of the characters.
pub(super) fn class(set: Set) -> String {
    if set == Set::NONE {
        return NEVER.to_owned();
    }
    if set == Set::ALL {
        return ".".to_owned();
    }
    if let Some(byte) = set.only() {
        return escaped(&[byte]);
    }
    let (has, lacks) = (format!("[{}]", Runs(set)), format!("[^{}]", Runs(set.negated())));
    if lacks.len() < has.len() { lacks } else { has }
}

fn any(expr: &Expr, out: &mut String) {
    let Kind::Alt(parts) = &expr.kind else {
        return one(expr, out);
    };
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push('|');
        }
        one(part, out);
    }
}

fn one(expr: &Expr, out: &mut String) {
    match &expr.kind {
        Kind::Never => out.push_str(NEVER),
        Kind::Empty => {}
        Kind::Set(set) => out.push_str(&class(*set)),
        Kind::Class(_, text) => out.push_str(text),
        Kind::Start => out.push('^'),
        Kind::End => out.push('$'),
        Kind::LineStart => out.push_str("(?m:^)"),
        Kind::LineEnd => out.push_str("(?m:$)"),
        Kind::Boundary(true) => out.push_str("\\b"),
        Kind::Boundary(false) => out.push_str("\\B"),
        Kind::Concat(parts) => parts.iter().for_each(|part| one(part, out)),
        Kind::Alt(_) => group(expr, out),
        Kind::Repeat(of, min, max) => {
            match of.kind {
                Kind::Set(_) | Kind::Class(..) => one(of, out),
                _ => group(of, out),
            }
            match (min, max) {
                (0, None) => out.push('*'),
                (1, None) => out.push('+'),
                (0, Some(1)) => out.push('?'),
                (min, None) => put(out, format_args!("{{{min},}}")),
                (min, Some(max)) if min == max => put(out, format_args!("{{{min}}}")),
                (min, Some(max)) => put(out, format_args!("{{{min},{max}}}")),
            }
        }
    }
}

fn group(expr: &Expr, out: &mut String) {
    out.push_str("(?:");
    any(expr, out);
    out.push(')');
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string doesn't fail.
    let _ = out.write_fmt(text);
}

/// What stands between brackets.
struct Runs(Set);

impl std::fmt::Display for Runs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The hyphen is the first that a name can have: in front it is itself.
        let hyphen = Set::between(b'-', b'-');
        if self.0.contains(b'-') {
            f.write_char('-')?;
        }
        for (first, last) in self.0.and(hyphen.negated()).runs() {
            f.write_char(first.into())?;
            if last > first + 1 {
                f.write_char('-')?;
            }
            if last > first {
                f.write_char(last.into())?;
            }
        }
        Ok(())
    }
}
