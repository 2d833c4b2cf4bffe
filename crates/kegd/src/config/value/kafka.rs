//! Names of Kafka's, and patterns of them.

use keg_policy::{Glob, NamePattern};
use serde_json::{Value, json};

use super::super::decode::FromText;

/// A pattern of the names of topics or groups.
#[derive(Debug, Clone)]
pub(crate) struct NameGlob(pub(crate) Glob);

impl FromText for NameGlob {
    const EXPECTED: &'static str =
        "a pattern of 1 to 253 letters, digits, dots, underscores, hyphens, * and ?, as in shared-*";

    fn from_text(text: &str) -> Option<Self> {
        Glob::new(text).ok().map(Self)
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "maxLength": 253, "pattern": "^[A-Za-z0-9._?*-]+$" })
    }
}

/// Names of the resources that ACLs are about.
#[derive(Debug, Clone)]
pub(crate) struct ResourceName(pub(crate) NamePattern);

impl FromText for ResourceName {
    const EXPECTED: &'static str =
        "a name of 1 to 1024 bytes, in which * stands for any characters, ? for one, and \\* for an asterisk";

    fn from_text(text: &str) -> Option<Self> {
        NamePattern::new(text).ok().map(Self)
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 1024 })
    }
}

/// The name of a topic.
#[derive(Debug, Clone)]
pub(crate) struct TopicName(pub(crate) String);

impl FromText for TopicName {
    const EXPECTED: &'static str = "a topic's name: 1 to 249 letters, digits, dots, underscores and hyphens";

    fn from_text(text: &str) -> Option<Self> {
        let legal = (1..=249).contains(&text.len())
            && ![".", ".."].contains(&text)
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        legal.then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "maxLength": 249, "pattern": "^[A-Za-z0-9._-]+$" })
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The name of a group.
#[derive(Debug, Clone)]
pub(crate) struct GroupName(pub(crate) String);

impl FromText for GroupName {
    const EXPECTED: &'static str = "a group's name of 1 to 253 characters";

    fn from_text(text: &str) -> Option<Self> {
        let legal = (1..=253).contains(&text.chars().count());
        legal.then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 253 })
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn names_of_resources_are_of_any_characters_and_escapes_are_whole() {
        check::<ResourceName>(&[
            ("orders*", true),
            ("a b/ö?", true),
            (r"a\*", true),
            (r"a\", false),
            ("", false),
            (&"a".repeat(1025), false),
        ]);
    }

    #[test]
    fn patterns_are_of_the_characters_of_topics() {
        check::<NameGlob>(&[
            ("shared-*", true),
            ("?", true),
            ("", false),
            ("[a-z]", false),
            (&"a".repeat(253), true),
            (&"a".repeat(254), false),
        ]);
    }

    #[test]
    fn topics_have_names_that_kafka_takes() {
        check::<TopicName>(&[
            ("a.b_C-9", true),
            ("...", true),
            (".", false),
            ("..", false),
            ("", false),
            ("a*", false),
            (&"a".repeat(249), true),
            (&"a".repeat(250), false),
        ]);
    }

    #[test]
    fn groups_have_any_names() {
        check::<GroupName>(&[
            ("old group/é", true),
            ("", false),
            (&"é".repeat(253), true),
            (&"é".repeat(254), false),
        ]);
    }
}
