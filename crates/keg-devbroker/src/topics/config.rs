//! Topic configuration: the keys that are known, and the few that change what the broker does.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;

use super::Refused;

/// A configuration key of topics.
#[derive(Debug)]
pub(crate) struct TopicConfig {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    pub(crate) kind: Kind,
}

/// What values a key takes, and the number that DescribeConfigs has for it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Boolean,
    Int,
    Long,
    Double,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Several of these words, separated by commas.
    Words(&'static [&'static str]),
}

pub(crate) const MAX_MESSAGE_BYTES: &str = "max.message.bytes";
pub(crate) const RETENTION_BYTES: &str = "retention.bytes";

/// Every key that a topic accepts, with Kafka's default.
///
/// `max.message.bytes` and `retention.bytes` are obeyed; the others are kept and shown, so that
/// tools which set them work. Timestamps are always the producer's.
pub(crate) const TOPIC_CONFIGS: &[TopicConfig] = &[
    config("cleanup.policy", "delete", Kind::Words(&["delete", "compact"])),
    config("compression.type", "producer", Kind::Word(&["producer"])),
    config("delete.retention.ms", "86400000", Kind::Long),
    config("file.delete.delay.ms", "60000", Kind::Long),
    config("flush.messages", "9223372036854775807", Kind::Long),
    config("flush.ms", "9223372036854775807", Kind::Long),
    config("index.interval.bytes", "4096", Kind::Int),
    config("max.compaction.lag.ms", "9223372036854775807", Kind::Long),
    config(MAX_MESSAGE_BYTES, "1048588", Kind::Int),
    config("message.timestamp.after.max.ms", "3600000", Kind::Long),
    config("message.timestamp.before.max.ms", "9223372036854775807", Kind::Long),
    config("message.timestamp.type", "CreateTime", Kind::Word(&["CreateTime"])),
    config("min.cleanable.dirty.ratio", "0.5", Kind::Double),
    config("min.compaction.lag.ms", "0", Kind::Long),
    config("min.insync.replicas", "1", Kind::Int),
    config("preallocate", "false", Kind::Boolean),
    config(RETENTION_BYTES, "-1", Kind::Long),
    config("retention.ms", "604800000", Kind::Long),
    config("segment.bytes", "1073741824", Kind::Int),
    config("segment.index.bytes", "10485760", Kind::Int),
    config("segment.jitter.ms", "0", Kind::Long),
    config("segment.ms", "604800000", Kind::Long),
    config("unclean.leader.election.enable", "false", Kind::Boolean),
];

const fn config(name: &'static str, default: &'static str, kind: Kind) -> TopicConfig {
    TopicConfig { name, default, kind }
}

/// What was set on one topic.
#[derive(Debug, Default, Clone)]
pub(crate) struct TopicConfigs {
    set: BTreeMap<&'static str, String>,
}

impl TopicConfigs {
    /// Sets a key, or clears it with `None`.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Refused> {
        let config = find(name)?;
        match value {
            None => {
                self.set.remove(config.name);
            }
            Some(value) if config.kind.accepts(value) => {
                self.set.insert(config.name, value.to_owned());
            }
            Some(value) => {
                let message = format!(
                    "Invalid value {value} for configuration {name}: expected {}.",
                    config.kind.expected()
                );
                return Err(Refused::new(ResponseError::InvalidConfig, message));
            }
        }
        Ok(())
    }

    /// The value that was set, if one was.
    pub(crate) fn overridden(&self, name: &str) -> Option<&str> {
        self.set.get(name).map(String::as_str)
    }

    /// How large a batch may be.
    pub(crate) fn max_message_bytes(&self, default: usize) -> usize {
        self.number(MAX_MESSAGE_BYTES)
            .and_then(|set| usize::try_from(set).ok())
            .unwrap_or(default)
    }

    /// How much of a partition is kept: never more than the broker's own cap.
    pub(crate) fn retention_bytes(&self, cap: usize) -> usize {
        self.number(RETENTION_BYTES)
            .and_then(|set| usize::try_from(set).ok())
            .map_or(cap, |set| set.min(cap))
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.overridden(name)?.parse().ok()
    }
}

/// Finds a key.
pub(crate) fn find(name: &str) -> Result<&'static TopicConfig, Refused> {
    TOPIC_CONFIGS.iter().find(|config| config.name == name).ok_or_else(|| {
        Refused::new(
            ResponseError::InvalidConfig,
            format!("Unknown topic config name: {name}"),
        )
    })
}

impl Kind {
    /// The type's number in DescribeConfigs responses.
    pub(crate) fn code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::Word(_) => 2,
            Self::Int => 3,
            Self::Long => 5,
            Self::Double => 6,
            Self::Words(_) => 7,
        }
    }

    fn accepts(self, value: &str) -> bool {
        match self {
            Self::Boolean => value.parse::<bool>().is_ok(),
            Self::Int => value.parse::<i32>().is_ok_and(|number| number >= 0),
            Self::Long => value.parse::<i64>().is_ok_and(|number| number >= -1),
            Self::Double => value.parse::<f64>().is_ok_and(|number| (0.0..=1.0).contains(&number)),
            Self::Word(words) => words.contains(&value),
            Self::Words(words) => value.split(',').all(|word| words.contains(&word.trim())),
        }
    }

    fn expected(self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Int => "a number from 0 to 2147483647".to_owned(),
            Self::Long => "a number from -1 to 9223372036854775807".to_owned(),
            Self::Double => "a number from 0 to 1".to_owned(),
            Self::Word(words) | Self::Words(words) => words.join(" or "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_legal_value() {
        for config in TOPIC_CONFIGS {
            assert!(config.kind.accepts(config.default), "{}", config.name);
        }
    }

    #[test]
    fn unknown_keys_and_bad_values_are_refused() {
        let mut configs = TopicConfigs::default();
        let mut check = |name, value| {
            let refused = configs.set(name, Some(value)).unwrap_err();
            assert_eq!(refused.error, ResponseError::InvalidConfig);
            assert!(refused.message.contains(name), "{}", refused.message);
        };
        check("retention.hours", "1");
        check("retention.ms", "soon");
        check("cleanup.policy", "delete,shred");
        check("message.timestamp.type", "LogAppendTime");
        configs.set("cleanup.policy", Some("compact,delete")).unwrap();
        assert_eq!(configs.overridden("cleanup.policy"), Some("compact,delete"));
        configs.set("cleanup.policy", None).unwrap();
        assert_eq!(configs.overridden("cleanup.policy"), None);
    }

    #[test]
    fn retention_never_exceeds_the_cap() {
        let mut configs = TopicConfigs::default();
        let mut check = |value, expected| {
            configs.set(RETENTION_BYTES, value).unwrap();
            assert_eq!(configs.retention_bytes(100), expected, "{value:?}");
        };
        check(None, 100);
        check(Some("-1"), 100);
        check(Some("60"), 60);
        check(Some("600"), 100);
    }
}
