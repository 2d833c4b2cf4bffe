//! Regular expressions confined to a namespace: subscriptions to topics (KIP-848, KIP-1071), and which transactions are
//! listed (KIP-1152).
//!
//! Brokers match whole names against an expression of RE2/J. What a client sends is parsed, and printed anew from a
//! few constructs behind the prefix. Nothing of the client's text goes on, so that no quirk of a dialect (an open
//! `\Q`, a bracket too many, a flag) can lead out of the namespace.

mod class;
mod derive;
mod escape;
mod expr;
mod fold;
mod parse;
mod print;
mod seam;
mod set;
#[cfg(test)]
mod tests;
mod unicode;

use std::borrow::Cow;

use super::Mode;
use expr::Node;
use parse::Alphabet;
use seam::Seam;

/// The longest that a string can be on the wire, in bytes.
const LONGEST: usize = i16::MAX as usize;
/// How deep groups and repetitions may be nested; RE2/J runs out of stack at about ten times as many.
const DEEPEST: usize = 200;
/// How many steps a broker's program may have, with repetitions written out: above what the longest text without them has.
/// RE2/J itself has no limit, and fills the broker's memory.
const LARGEST: u64 = 50_000;
/// How often what is behind a seam is read anew.
const ROUNDS: usize = 8;

/// Why an expression can't be confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unconfinable {
    /// Brokers would refuse it as well.
    #[error(
        "The regular expression is not valid: {problem} at character {at}. The syntax is that of \
         https://github.com/google/re2/wiki/Syntax."
    )]
    Syntax {
        problem: &'static str,
        /// Counted from 1.
        at: usize,
    },
    #[error(
        "The regular expression is too long: by itself or confined to this virtual cluster it has more than {LONGEST} \
         bytes. Subscribe to fewer alternatives, or to a list of topics."
    )]
    TooLong,
    #[error(
        "The regular expression is nested too deep: this virtual cluster allows {DEEPEST} levels of groups and \
         repetitions. Nest fewer."
    )]
    TooDeep,
    #[error(
        "The regular expression ignores the case of a class that has characters beyond ASCII, which can keep a broker busy \
         for ever. Write both cases into the class."
    )]
    FoldsTooMuch,
    #[error(
        "The regular expression repeats too much: written out, it has more than {LARGEST} parts, which is what this \
         virtual cluster allows. Repeat less often, or use * or + instead of counts."
    )]
    TooLarge,
}

/// The expression for the backend: it matches what the client's matches, and in the namespace only.
///
/// Exact over names that a topic can have. A client that doesn't see the prefix has an expression about names without it.
pub(super) fn confine(mode: Mode, prefix: &[u8], regex: &[u8]) -> Result<Vec<u8>, Unconfinable> {
    confined(mode, prefix, &parsed(regex)?)
}

/// The same for an expression over transactional ids, which can have all characters.
///
/// It needn't be told from others, since no client is shown it.
pub(super) fn confine_ids(mode: Mode, prefix: &[u8], regex: &[u8]) -> Result<Vec<u8>, Unconfinable> {
    let expr = parse(regex, Alphabet::Any)?;
    let rest = match mode {
        Mode::EnforcePrefix if !prefix.is_empty() => behind(prefix, &expr)?,
        _ => Seam::behind(prefix).begin(&expr)?,
    };
    printed(prefix, &rest)
}

/// What the client is to see of an expression of the backend: an equivalent of its own.
///
/// `None` for what [`confine`] hasn't made: a group that was made beside the gateway, with an expression that may be about
/// others' topics.
pub(super) fn reveal(mode: Mode, prefix: &[u8], regex: &[u8]) -> Option<Vec<u8>> {
    let rest = regex.strip_prefix(print::escaped(prefix).as_bytes())?;
    let shown = match mode {
        Mode::EnforcePrefix => regex.to_vec(),
        // At the seam, turning word boundaries round again restores what they were.
        Mode::HidePrefix => {
            let own = Seam::behind(prefix).begin(&parsed(rest).ok()?).ok()?;
            print::alone(&own).into_bytes()
        }
    };
    let made = confine(mode, prefix, &shown).is_ok_and(|made| made == regex);
    made.then_some(shown)
}

fn parsed(regex: &[u8]) -> Result<Node, Unconfinable> {
    parse(regex, Alphabet::OfTopics)
}

fn parse(regex: &[u8], alphabet: Alphabet) -> Result<Node, Unconfinable> {
    if regex.len() > LONGEST {
        return Err(Unconfinable::TooLong);
    }
    // As Java decodes it.
    let text: Cow<'_, str> = String::from_utf8_lossy(regex);
    parse::parse(&text, alphabet)
}

/// What is left of an expression about names that begin with the prefix.
fn behind(prefix: &[u8], expr: &Node) -> Result<Node, Unconfinable> {
    Seam::behind(prefix).go_on(&derive::behind(prefix, expr)?)
}

/// The expression behind the seam, in a form that is found again when it is read there: so it can be told from others.
fn settled(seam: Seam, expr: &Node) -> Result<Node, Unconfinable> {
    let mut here = seam.begin(expr)?;
    // Each time it gets simpler, if it isn't the same already. What doesn't settle is not shown, and matches the same.
    for _ in 0..ROUNDS {
        let again = seam.begin(&seam.begin(&here)?)?;
        if again == here {
            break;
        }
        here = again;
    }
    Ok(here)
}

fn confined(mode: Mode, prefix: &[u8], expr: &Node) -> Result<Vec<u8>, Unconfinable> {
    let rest = match mode {
        Mode::EnforcePrefix if !prefix.is_empty() => behind(prefix, expr)?,
        _ => settled(Seam::behind(prefix), expr)?,
    };
    printed(prefix, &rest)
}

fn printed(prefix: &[u8], rest: &Node) -> Result<Vec<u8>, Unconfinable> {
    let made = match prefix {
        b"" => print::alone(rest),
        prefix => print::escaped(prefix) + &print::part(rest),
    };
    if made.len() > LONGEST {
        return Err(Unconfinable::TooLong);
    }
    Ok(made.into_bytes())
}
