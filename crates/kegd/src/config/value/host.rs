//! Host names.

use serde_json::{Value, json};

use super::super::decode::FromText;

/// The longest host name.
pub(crate) const MAX_HOST: usize = 253;
/// The longest part of a host name.
pub(crate) const MAX_LABEL: usize = 63;

/// Whether `text` is a host name as resolvers take it: underscores, as container networks use them, included.
pub(super) fn is_host(text: &str) -> bool {
    text.len() <= MAX_HOST
        && text.split('.').all(|label| {
            (1..=MAX_LABEL).contains(&label.len())
                && !label.starts_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// Whether `text` is a host name as Kong Event Gateway takes it: lower case, without underscores.
fn is_dns_name(text: &str) -> bool {
    is_host(text)
        && !text.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && text.split('.').all(|label| !label.ends_with('-'))
}

/// A host name that clients are told, or that they send by SNI.
#[derive(Debug, Clone)]
pub(crate) struct HostName(pub(crate) String);

impl FromText for HostName {
    const EXPECTED: &'static str = "a host name in lower case, as in kafka.example.com";

    fn from_text(text: &str) -> Option<Self> {
        is_dns_name(text).then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({
            "type": "string",
            "maxLength": MAX_HOST,
            "pattern": r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
        })
    }
}

/// What follows a virtual cluster's label in host names.
#[derive(Debug, Clone)]
pub(crate) struct SniSuffix(pub(crate) String);

impl FromText for SniSuffix {
    const EXPECTED: &'static str = "the end of a host name, as in .keg.example.com";

    fn from_text(text: &str) -> Option<Self> {
        // Behind a label it must give a host name, and the label ends at the suffix's first character.
        (text.starts_with(['.', '-']) && is_dns_name(&format!("a{text}"))).then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({
            "type": "string",
            "maxLength": MAX_HOST,
            "pattern": r"^[.-]([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*([a-z0-9-]*[a-z0-9])$",
        })
    }
}

/// The host names of a backend's nodes.
#[derive(Debug, Clone)]
pub(crate) struct BrokerHost(pub(crate) String);

impl BrokerHost {
    const NODE_ID: &'static str = "{node_id}";
}

impl FromText for BrokerHost {
    const EXPECTED: &'static str = "a host name that holds {node_id} once, as in broker-{node_id}.kafka.example.com";

    fn from_text(text: &str) -> Option<Self> {
        let (before, after) = text.split_once(Self::NODE_ID)?;
        let longest = format!("{before}{}{after}", i32::MAX);
        is_dns_name(&longest).then(|| Self(text.into()))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": r"^[a-z0-9.-]*\{node_id\}[a-z0-9.-]*$" })
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn host_names_follow_dns() {
        let long = "a".repeat(63);
        check::<HostName>(&[
            ("localhost", true),
            ("kafka.example.com", true),
            ("10.0.0.1", true),
            (&long, true),
            (&format!("{long}a"), false),
            ("Kafka", false),
            ("a_b", false),
            ("-a", false),
            ("a-", false),
            ("a..b", false),
            ("a.", false),
            ("", false),
        ]);
    }

    #[test]
    fn suffixes_begin_with_a_dot_or_a_hyphen() {
        check::<SniSuffix>(&[
            (".keg.example.com", true),
            ("-keg.example.com", true),
            ("keg.example.com", false),
            (".", false),
            (".keg.", false),
            ("..keg", false),
        ]);
    }

    #[test]
    fn broker_hosts_hold_the_node_id_once() {
        check::<BrokerHost>(&[
            ("broker-{node_id}.kafka.example.com", true),
            ("{node_id}.example.com", true),
            ("broker.example.com", false),
            ("{node_id}-{node_id}", false),
            ("broker-{id}", false),
        ]);
    }
}
