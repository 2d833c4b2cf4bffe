//! From the name of a client's certificate to a principal: Kafka's `ssl.principal.mapping.rules`.
//!
//! ```
//! use keg_auth::certificate::Mapping;
//!
//! let mapping: Mapping = r"RULE:^CN=([^,]*),OU=Services.*$/service-$1/L, DEFAULT".parse()?;
//! assert_eq!(mapping.apply("CN=Orders,OU=Services,O=Example").as_deref(), Some("service-orders"));
//! assert_eq!(mapping.apply("CN=ann,OU=People").as_deref(), Some("CN=ann,OU=People"));
//! # Ok::<(), keg_auth::certificate::MappingError>(())
//! ```

mod java;
mod parse;
mod replacement;

use std::fmt;

use regex::Regex;

pub use parse::MappingError;
use replacement::Replacement;

/// The rule that keeps a name.
const DEFAULT: &str = "DEFAULT";

/// Rules, of which the first that matches a name says what becomes of it: `RULE:pattern/replacement/[LU]` or `DEFAULT`,
/// which keeps the name, separated by commas.
///
/// Names are distinguished names as Kafka's brokers see them, in RFC 2253's form. A pattern has to match the whole name;
/// then each occurrence of it is replaced, as Java's `replaceAll` does it: `.*` occurs twice, the second time empty.
///
/// Patterns are Java's. What can't be done here is refused when the rules are read: lookaround, references back,
/// possessive quantifiers, operations on character classes, and flags other than `(?i)`. That one is about all letters
/// here, and about those of ASCII in Java. A replacement that refers to a group that isn't there is refused as well;
/// Kafka takes it literally or fails later.
///
/// Two are equal when they were written the same.
#[derive(Debug, Clone)]
pub struct Mapping {
    text: Box<str>,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
enum Rule {
    Default,
    Replace {
        pattern: Regex,
        whole: Regex,
        replacement: Replacement,
        case: Case,
    },
}

#[derive(Debug, Clone, Copy)]
enum Case {
    Kept,
    Lower,
    Upper,
}

impl Mapping {
    /// The principal's name, or `None` if no rule matches: such a client isn't let in.
    pub fn apply(&self, name: &str) -> Option<String> {
        self.rules.iter().find_map(|rule| rule.apply(name))
    }
}

impl Default for Mapping {
    /// Keeps all names, as Kafka does without rules.
    fn default() -> Self {
        Self {
            text: DEFAULT.into(),
            rules: vec![Rule::Default],
        }
    }
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Mapping {}

impl fmt::Display for Mapping {
    /// The rules, as they were written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Rule {
    fn apply(&self, name: &str) -> Option<String> {
        match self {
            Self::Default => Some(name.to_owned()),
            Self::Replace {
                pattern,
                whole,
                replacement,
                case,
            } => whole.is_match(name).then(|| {
                let replaced = replacement.replace_all(pattern, name);
                match case {
                    Case::Kept => replaced,
                    Case::Lower => replaced.to_lowercase(),
                    Case::Upper => replaced.to_uppercase(),
                }
            }),
        }
    }
}
