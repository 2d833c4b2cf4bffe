//! The rules of a listener, and how messages refer to them.

use std::{fmt, sync::Arc};

use crate::{PortMapping, Sni, SniPassthrough};

/// One rule of a listener: which connections go where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule<D> {
    /// Each node has a port.
    PortMapping(PortMapping<D>),
    /// Each node of each destination has a name below a suffix.
    Sni(Sni<D>),
    /// Each node has a name, and TLS is not terminated.
    SniPassthrough(SniPassthrough<D>),
}

/// A rule of one table. Ids count up from 0 in the order in which rules are added, over all listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) usize);

/// How a rule tells connections apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// By port.
    PortMapping,
    /// By the server name in the TLS hello; keg terminates TLS.
    Sni,
    /// By the server name in the TLS hello; the backend terminates TLS.
    SniPassthrough,
}

/// A rule as messages name it: `rule 2 (sni) of listener "local"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleName {
    pub(crate) id: RuleId,
    pub(crate) listener: Arc<str>,
    /// Counted from 1 within the listener.
    pub(crate) position: usize,
    pub(crate) mode: Mode,
}

/// A destination of a rule as messages name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Party {
    pub(crate) rule: RuleName,
    /// The `Debug` form of the destination.
    pub(crate) destination: String,
}

impl RuleId {
    /// The number of rules that were added to the table before this one.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

impl Mode {
    /// The name that the configuration uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PortMapping => "port_mapping",
            Self::Sni => "sni",
            Self::SniPassthrough => "sni_passthrough",
        }
    }
}

impl RuleName {
    /// The rule.
    #[must_use]
    pub const fn id(&self) -> RuleId {
        self.id
    }

    /// The name of the rule's listener.
    #[must_use]
    pub fn listener(&self) -> &str {
        &self.listener
    }

    /// The rule's place among the rules of its listener, counted from 1.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// How the rule tells connections apart.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }
}

impl Party {
    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> &RuleName {
        &self.rule
    }

    /// The `Debug` form of the destination.
    #[must_use]
    pub fn destination(&self) -> &str {
        &self.destination
    }
}

impl<D> Rule<D> {
    /// How the rule tells connections apart.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match self {
            Self::PortMapping(_) => Mode::PortMapping,
            Self::Sni(_) => Mode::Sni,
            Self::SniPassthrough(_) => Mode::SniPassthrough,
        }
    }
}

impl<D> From<PortMapping<D>> for Rule<D> {
    fn from(rule: PortMapping<D>) -> Self {
        Self::PortMapping(rule)
    }
}

impl<D> From<Sni<D>> for Rule<D> {
    fn from(rule: Sni<D>) -> Self {
        Self::Sni(rule)
    }
}

impl<D> From<SniPassthrough<D>> for Rule<D> {
    fn from(rule: SniPassthrough<D>) -> Self {
        Self::SniPassthrough(rule)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "rule {} ({}) of listener {:?}",
            self.position, self.mode, self.listener
        )
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.destination, self.rule)
    }
}
