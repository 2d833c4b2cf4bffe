//! What can be wrong with a table.

use std::fmt;

use thiserror::Error;

use crate::{NameError, Party, PortRange, Ports, RuleId, RuleName, port_mapping::Misfit};

/// One thing that is wrong with the listeners and rules of a table, and between whom.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Two listeners have the same ports on the same addresses.
    #[error("the listeners {first:?} and {second:?} both have port {ports}: give them different ports, or addresses")]
    SharedPort {
        /// Ports that both have.
        ports: PortRange,
        /// The listener that was added first.
        first: String,
        /// The listener that was added later.
        second: String,
    },
    /// Port mappings of listeners on different addresses tell their clients the same address.
    #[error(
        "{first} and {second} both advertise {host} with port {ports}, which leads to one of them only: \
         give them different hosts, or ports"
    )]
    SharedAddress {
        /// The host that both advertise.
        host: String,
        /// Ports that both advertise.
        ports: PortRange,
        /// The rule of the listener that was added first.
        first: RuleName,
        /// The rule of the listener that was added later.
        second: RuleName,
    },
    /// A rule wants ports that its listener does not open.
    #[error("{rule} uses port {ports}, which its listener does not have: it has {listener}")]
    ForeignPort {
        /// The rule.
        rule: RuleName,
        /// Ports that the listener does not have.
        ports: PortRange,
        /// The ports that the listener has.
        listener: Ports,
    },
    /// Two port mappings use the same ports.
    #[error("{first} and {second} both use port {ports}: give each its own ports of the listener")]
    OverlappingPorts {
        /// Ports that both use.
        ports: PortRange,
        /// The rule that comes first.
        first: RuleName,
        /// The rule that comes later.
        second: RuleName,
    },
    /// The ports of a port mapping and its node ids don't go together.
    #[error("{rule}: {misfit}")]
    Misfit {
        /// The rule.
        rule: RuleName,
        /// What does not fit.
        misfit: Misfit,
    },
    /// A host name, or a template for host names, is not valid.
    #[error("{rule}: {field} {value:?} is not valid: {reason}")]
    InvalidHost {
        /// The rule.
        rule: RuleName,
        /// The name of the setting.
        field: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: NameError,
    },
    /// An SNI suffix is not valid.
    #[error("{rule}: the suffix {suffix:?} is not valid: expected a domain after `.` or `-`, such as .keg.example.com")]
    InvalidSuffix {
        /// The rule.
        rule: RuleName,
        /// What was given.
        suffix: String,
    },
    /// A dns_label is not valid.
    #[error(
        "the dns_label {dns_label:?} of {party} is not valid: \
         expected 1 to 63 lower-case letters, digits and inner hyphens"
    )]
    InvalidDnsLabel {
        /// Whose it is.
        party: Party,
        /// What was given.
        dns_label: String,
    },
    /// Label and suffix are valid, and the names that they make together are not.
    #[error("the dns_label {dns_label:?} of {party} makes no valid host name with the suffix: {reason}")]
    InvalidName {
        /// Whose it is.
        party: Party,
        /// The label.
        dns_label: String,
        /// What is wrong with the names.
        reason: NameError,
    },
    /// The port to tell clients is not known.
    #[error("{rule}: advertised_port is missing, and its listener has several ports: {ports}")]
    MissingAdvertisedPort {
        /// The rule.
        rule: RuleName,
        /// The ports of the listener.
        ports: Ports,
    },
    /// Nobody can connect to port 0.
    #[error("{rule}: advertised_port is 0: expected 1 to 65535")]
    ZeroAdvertisedPort {
        /// The rule.
        rule: RuleName,
    },
    /// An SNI rule leads nowhere.
    #[error("{rule} has no destination: give at least one virtual cluster a dns_label")]
    NoDestination {
        /// The rule.
        rule: RuleName,
    },
    /// A rule has the same destination twice, so it has two addresses for each node.
    #[error("{party} is there twice: a destination has one dns_label in a rule")]
    DuplicateDestination {
        /// The destination.
        party: Party,
    },
    /// Two destinations of one listener, or the bootstrap and a node of one destination, have the same name.
    #[error("the name {name:?} is that of {first} and of {second}: connections to it can't be told apart")]
    NameCollision {
        /// A name that both have; where nodes collide, the one for some node id.
        name: String,
        /// The party that comes first.
        first: Party,
        /// The party that comes later.
        second: Party,
    },
    /// A TLS client of a port mapping would be taken for one of an SNI rule.
    #[error("{rule} advertises {host:?}, which is a name of {by}, an earlier rule: TLS clients would end up there")]
    AdvertisedHostTaken {
        /// The port mapping.
        rule: RuleName,
        /// Its advertised host.
        host: String,
        /// Whose name it is.
        by: Party,
    },
    /// Port mappings that come before an SNI rule take all connections of its listener.
    #[error("{rule} is never reached: {by} comes before it and takes every connection; move it up")]
    Unreachable {
        /// The rule.
        rule: RuleName,
        /// An earlier port mapping.
        by: RuleName,
    },
}

/// Everything that is wrong with a table: at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub(crate) Vec<Problem>);

impl Problem {
    /// The rules that take part, so that a message can point to where they are written.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleId> {
        let (first, second) = match self {
            Self::SharedPort { .. } => return Vec::new(),
            Self::ForeignPort { rule, .. }
            | Self::Misfit { rule, .. }
            | Self::InvalidHost { rule, .. }
            | Self::InvalidSuffix { rule, .. }
            | Self::MissingAdvertisedPort { rule, .. }
            | Self::ZeroAdvertisedPort { rule }
            | Self::NoDestination { rule } => (rule, None),
            Self::InvalidDnsLabel { party, .. }
            | Self::InvalidName { party, .. }
            | Self::DuplicateDestination { party } => (&party.rule, None),
            Self::OverlappingPorts { first, second, .. } | Self::SharedAddress { first, second, .. } => {
                (first, Some(second))
            }
            Self::NameCollision { first, second, .. } => (&first.rule, Some(&second.rule)),
            Self::AdvertisedHostTaken { rule, by, .. } => (rule, Some(&by.rule)),
            Self::Unreachable { rule, by } => (rule, Some(by)),
        };
        let second = second.filter(|second| second.id != first.id);
        [Some(first), second]
            .into_iter()
            .flatten()
            .map(|rule| rule.id)
            .collect()
    }
}

impl Problems {
    /// The problems, in the order of the rules.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(index, problem)| {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")
        })
    }
}

impl std::error::Error for Problems {}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
