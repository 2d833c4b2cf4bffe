//! Names and other short texts.

use serde_json::{Value, json};

use super::super::decode::FromText;

/// The name of an entity or a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(pub(crate) String);

impl FromText for Name {
    const EXPECTED: &'static str = "a name of 1 to 255 characters without line breaks or blanks at its ends";

    fn from_text(text: &str) -> Option<Self> {
        let legal =
            (1..=255).contains(&text.chars().count()) && text.trim() == text && !text.contains(char::is_control);
        legal.then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 255 })
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A text for people; keg does nothing with it.
#[derive(Debug, Clone)]
pub(crate) struct Description;

impl FromText for Description {
    const EXPECTED: &'static str = "a text of at most 512 characters";

    fn from_text(text: &str) -> Option<Self> {
        (text.chars().count() <= 512).then_some(Self)
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "maxLength": 512 })
    }
}

/// A label of RFC 1035.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DnsLabel(pub(crate) String);

impl FromText for DnsLabel {
    const EXPECTED: &'static str = "an RFC 1035 label: a lower-case letter, then letters, digits and hyphens, \
         no hyphen at the end, 63 characters at most";

    fn from_text(text: &str) -> Option<Self> {
        let legal = (1..=63).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        legal.then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "maxLength": 63, "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$" })
    }
}

impl AsRef<str> for DnsLabel {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The beginning of a Kafka topic name, with room left for the rest.
#[derive(Debug, Clone)]
pub(crate) struct Prefix(pub(crate) String);

impl FromText for Prefix {
    const EXPECTED: &'static str = "a prefix of 1 to 200 letters, digits, dots, underscores and hyphens, as in team-a-";

    fn from_text(text: &str) -> Option<Self> {
        let legal = (1..=200).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        legal.then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "maxLength": 200, "pattern": "^[A-Za-z0-9._-]+$" })
    }
}

/// Which logs are written: levels, for all or for a target.
#[derive(Debug, Clone)]
pub(crate) struct LogFlags(pub(crate) String);

impl FromText for LogFlags {
    const EXPECTED: &'static str =
        "a level (trace, debug, info, warn, error, off), and levels of targets, as in info,keg=debug";

    fn from_text(text: &str) -> Option<Self> {
        let level = |text| ["trace", "debug", "info", "warn", "error", "off"].contains(&text);
        let target = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte))
        };
        let legal = text.split(',').all(|directive| match directive.split_once('=') {
            Some((name, name_level)) => target(name) && level(name_level),
            None => level(directive),
        });
        legal.then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn dns_labels_follow_rfc_1035() {
        check::<DnsLabel>(&[
            ("team-a", true),
            ("a", true),
            ("a1", true),
            ("1a", false),
            ("-a", false),
            ("a-", false),
            ("Team", false),
            ("a.b", false),
            ("", false),
            (&"a".repeat(63), true),
            (&"a".repeat(64), false),
        ]);
    }

    #[test]
    fn names_are_short_and_visible() {
        check::<Name>(&[
            ("team a", true),
            ("équipe", true),
            ("", false),
            (" a", false),
            ("a\nb", false),
            (&"é".repeat(255), true),
            (&"é".repeat(256), false),
        ]);
    }

    #[test]
    fn prefixes_are_legal_in_topic_names() {
        check::<Prefix>(&[
            ("team-a.", true),
            ("T_1", true),
            ("team a", false),
            ("a/b", false),
            ("", false),
            (&"a".repeat(201), false),
        ]);
    }

    #[test]
    fn log_flags_are_levels() {
        check::<LogFlags>(&[
            ("info", true),
            ("info,keg=debug", true),
            ("warn,keg_proxy::session=trace", true),
            ("inof", false),
            ("info,keg=loud", false),
            ("info,", false),
            ("", false),
        ]);
    }
}
