//! A name for each node of each destination, below a suffix.

use crate::{
    advertise::Hosts,
    name::{NameError, NodeName, check_host},
};

/// Gives each node of several destinations a name, all on the same ports.
///
/// With the suffix `.keg.example.com`, a destination with the dns_label `team-a` has these names:
///
/// | format | bootstrap | node 1 |
/// |---|---|---|
/// | [`BrokerHostFormat::PerClusterSuffix`] | `bootstrap.team-a.keg.example.com` | `broker-1.team-a.keg.example.com` |
/// | [`BrokerHostFormat::SharedSuffix`] | `bootstrap-team-a.keg.example.com` | `broker-1-team-a.keg.example.com` |
///
/// Names are compared without regard to case, and with or without a dot at their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sni<D> {
    pub(crate) suffix: String,
    pub(crate) broker_host_format: BrokerHostFormat,
    pub(crate) advertised_port: Option<u16>,
    pub(crate) destinations: Vec<(D, String)>,
}

/// Where the dns_label of a destination stands in its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BrokerHostFormat {
    /// `broker-1.team-a.keg.example.com`: a wildcard certificate for each destination.
    #[default]
    PerClusterSuffix,
    /// `broker-1-team-a.keg.example.com`: one wildcard certificate for all destinations.
    SharedSuffix,
}

impl<D> Sni<D> {
    /// Names that end in `suffix`: what follows the dns_label, from its first `.` or `-` on; or nothing.
    #[must_use]
    pub fn new(suffix: impl Into<String>) -> Self {
        Self {
            suffix: suffix.into(),
            broker_host_format: BrokerHostFormat::default(),
            advertised_port: None,
            destinations: Vec::new(),
        }
    }

    /// Where the dns_label stands.
    #[must_use]
    pub const fn broker_host_format(mut self, format: BrokerHostFormat) -> Self {
        self.broker_host_format = format;
        self
    }

    /// The port that clients are told, which may be that of a load balancer; needed unless the listener has one port.
    #[must_use]
    pub const fn advertised_port(mut self, port: u16) -> Self {
        self.advertised_port = Some(port);
        self
    }

    /// Adds a destination and its dns_label (1 to 63 lower-case letters, digits and inner hyphens).
    #[must_use]
    pub fn destination(mut self, destination: D, dns_label: impl Into<String>) -> Self {
        self.destinations.push((destination, dns_label.into()));
        self
    }
}

pub(crate) fn hosts(
    format: BrokerHostFormat,
    dns_label: &str,
    suffix: &str,
    advertised_port: u16,
) -> Result<Hosts, NameError> {
    let separator = match format {
        BrokerHostFormat::PerClusterSuffix => '.',
        BrokerHostFormat::SharedSuffix => '-',
    };
    let base = format!("{separator}{dns_label}{}", suffix.to_ascii_lowercase());
    let bootstrap = format!("bootstrap{base}");
    check_host(&bootstrap)?;
    Ok(Hosts::ByName {
        bootstrap,
        node: NodeName::new("broker-".to_owned(), base)?,
        advertised_port,
    })
}

/// Checks a suffix on its own, so that a wrong one is reported once, not once per destination.
pub(crate) fn check_suffix(suffix: &str) -> bool {
    suffix.is_empty() || (suffix.starts_with(['.', '-']) && check_host(&format!("a{suffix}")).is_ok())
}
