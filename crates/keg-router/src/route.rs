//! From a connection to where it goes.

use thiserror::Error;

use crate::{Addresses, RuleId};

/// How much of an unknown name an error keeps.
const LONGEST_SHOWN: usize = 80;

/// Where a connection goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route<D> {
    /// The rule that matched.
    pub rule: RuleId,
    /// Where the rule sends the connection.
    pub destination: D,
    /// Which node of the destination.
    pub endpoint: Endpoint,
    /// Whether keg takes part in the connection.
    pub kind: Kind,
    /// What to tell this client about the destination's nodes.
    pub addresses: Addresses,
}

/// Which node of a destination a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Any.
    Bootstrap,
    /// The one with this id.
    Node(i32),
}

/// What happens to the bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The connection ends here: TLS, if the client uses it, is terminated, and Kafka is spoken.
    Terminated,
    /// The bytes go on as they are, from the TLS hello on.
    Passthrough,
}

/// Why a connection goes nowhere. It has to be closed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RouteError {
    /// No rule looks at this port.
    #[error("no rule forwards port {port}")]
    NoRule {
        /// The port the client connected to.
        port: u16,
    },
    /// The port's rules need a server name, and the client sent none.
    #[error(
        "port {port} is routed by the server name in the TLS hello, and there was none: \
         use TLS, and a host name (not an IP address) as bootstrap server"
    )]
    SniMissing {
        /// The port the client connected to.
        port: u16,
    },
    /// The port's rules know no such server name.
    #[error("no rule on port {port} has the server name \"{name}\"")]
    UnknownName {
        /// The port the client connected to.
        port: u16,
        /// What the client sent: escaped, and cut after 80 characters.
        name: String,
    },
}

impl RouteError {
    /// A name for this kind of error, for metrics and logs: one of a small fixed set.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::NoRule { .. } => "no_rule",
            Self::SniMissing { .. } => "sni_missing",
            Self::UnknownName { .. } => "unknown_name",
        }
    }

    pub(crate) fn unknown_name(port: u16, name: &str) -> Self {
        let mut shown: String = name
            .chars()
            .take(LONGEST_SHOWN)
            .flat_map(char::escape_default)
            .collect();
        if name.chars().nth(LONGEST_SHOWN).is_some() {
            shown.push_str("...");
        }
        Self::UnknownName { port, name: shown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_shown_escaped_and_cut() {
        for (name, expect) in [
            ("kafka.example.com", "kafka.example.com".to_owned()),
            (
                "a\nlevel=error \"\u{1b}[31m",
                "a\\nlevel=error \\\"\\u{1b}[31m".to_owned(),
            ),
            (&"a".repeat(80), "a".repeat(80)),
            (&"a".repeat(300), format!("{}...", "a".repeat(80))),
        ] {
            let error = RouteError::unknown_name(9092, name);
            assert_eq!(
                error,
                RouteError::UnknownName {
                    port: 9092,
                    name: expect
                }
            );
            assert!(!error.to_string().contains(char::is_control));
        }
    }
}
