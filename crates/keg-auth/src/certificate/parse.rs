use std::str::FromStr;

use regex::Regex;

use super::replacement::Replacement;
use super::{Case, DEFAULT, Mapping, Rule, java};

/// Rules that are none, or that can't be followed here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// No rule at all: nobody would be let in.
    #[error("expected a rule, found none")]
    Empty,
    /// What is neither of the two kinds of rules.
    #[error("expected RULE:pattern/replacement/ with L, U or nothing behind it, or DEFAULT, found {found:?}")]
    Rule {
        /// The rules from there on.
        found: String,
    },
    /// A pattern that isn't one, or needs what can't be done here.
    #[error("the pattern {pattern:?}: {problem}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A replacement that isn't one.
    #[error("the replacement {replacement:?}: {problem}")]
    Replacement {
        /// The replacement.
        replacement: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl FromStr for Mapping {
    type Err = MappingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rules = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let rule = rest;
            // Kafka ignores empty rules.
            if !rule.starts_with(',') {
                let (parsed, behind) = self::rule(rule)?;
                rules.push(parsed);
                rest = behind.trim_start();
            }
            match rest.strip_prefix(',') {
                Some(next) => rest = next.trim_start(),
                None if rest.is_empty() => {}
                None => return Err(MappingError::Rule { found: rule.to_owned() }),
            }
        }
        match rules.is_empty() {
            true => Err(MappingError::Empty),
            false => Ok(Self {
                text: text.trim().into(),
                rules,
            }),
        }
    }
}

fn rule(text: &str) -> Result<(Rule, &str), MappingError> {
    if let Some(behind) = text.strip_prefix(DEFAULT) {
        return Ok((Rule::Default, behind));
    }
    let parts = || {
        let (pattern, behind) = until_slash(text.strip_prefix("RULE:")?)?;
        let (replacement, behind) = until_slash(behind)?;
        Some((pattern, replacement, behind))
    };
    let (pattern, replacement, behind) = parts().ok_or_else(|| MappingError::Rule { found: text.to_owned() })?;
    let (case, behind) = match (behind.strip_prefix('L'), behind.strip_prefix('U')) {
        (Some(behind), _) => (Case::Lower, behind),
        (_, Some(behind)) => (Case::Upper, behind),
        _ => (Case::Kept, behind),
    };
    let translated = java::translate(pattern).map_err(|problem| MappingError::Pattern {
        pattern: pattern.to_owned(),
        problem,
    })?;
    let compile = |translated: &str| {
        Regex::new(translated).map_err(|error| MappingError::Pattern {
            pattern: pattern.to_owned(),
            problem: in_a_line(&error),
        })
    };
    let compiled = compile(&translated)?;
    let replacement = Replacement::parse(replacement, &compiled).map_err(|problem| MappingError::Replacement {
        replacement: replacement.to_owned(),
        problem,
    })?;
    let rule = Rule::Replace {
        whole: compile(&format!(r"\A(?:{translated})\z"))?,
        pattern: compiled,
        replacement,
        case,
    };
    Ok((rule, behind))
}

/// The crate regex draws the pattern above what is wrong with it.
fn in_a_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or(&text);
    last.trim().trim_start_matches("error: ").to_owned()
}

/// What is in front of the next slash that has no backslash, and what is behind it.
fn until_slash(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let at = text.find(|c| match (escaped, c) {
        (false, '/') => true,
        (was_escaped, c) => {
            escaped = !was_escaped && c == '\\';
            false
        }
    })?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
