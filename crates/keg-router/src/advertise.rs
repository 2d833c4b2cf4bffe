//! From a node to the address that clients are told.

use std::{borrow::Cow, fmt, sync::Arc};

use thiserror::Error;

use crate::{PortRange, Ports, RuleName, name::NodeName, port_mapping::Layout};

/// The addresses of one destination of one rule. Cheap to clone, and independent of the [`Table`](crate::Table) it is
/// from: a connection keeps the one of its [`Route`](crate::Route).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(Arc<Book>);

#[derive(Debug, PartialEq, Eq)]
struct Book {
    rule: RuleName,
    hosts: Hosts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    ByPort {
        advertised_host: String,
        layout: Layout,
    },
    ByName {
        bootstrap: String,
        node: NodeName,
        advertised_port: u16,
    },
}

/// A host and port that clients are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Advertised<'a> {
    /// A host name in lower case, or an IP address. Borrowed where it is the same for all nodes.
    pub host: Cow<'a, str>,
    /// The port.
    pub port: u16,
}

/// Why a node can't be advertised. Clients must not hear of the node then: answer with an error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdvertiseError {
    /// Node ids below 0 stand for "no node" in Kafka.
    #[error("node {node} can't be advertised by {rule}: node ids are not negative")]
    NegativeNode {
        /// The rule.
        rule: RuleName,
        /// The node.
        node: i32,
    },
    /// The port mapping has no port for the node.
    #[error("node {node} has no port in {rule}, which has {ports}: {}", Remedy(*missing))]
    NoPort {
        /// The rule.
        rule: RuleName,
        /// The node.
        node: i32,
        /// The ports that the rule has.
        ports: Ports,
        /// The ports to add to the rule; `None` when no port above the ones that are there could be the node's.
        missing: Option<PortRange>,
    },
    /// The node's name would not be a valid host name any more.
    #[error("node {node} has no name in {rule}: its name would be too long; shorten the dns_label")]
    NameTooLong {
        /// The rule.
        rule: RuleName,
        /// The node.
        node: i32,
    },
    /// The rule is not one of this table, or does not have this destination.
    #[error("rule {rule} does not have the destination {destination}", rule = rule.index())]
    UnknownDestination {
        /// The rule that was asked.
        rule: crate::RuleId,
        /// The `Debug` form of the destination.
        destination: String,
    },
}

struct Remedy(Option<PortRange>);

impl Addresses {
    pub(crate) fn new(rule: RuleName, hosts: Hosts) -> Self {
        Self(Arc::new(Book { rule, hosts }))
    }

    /// The rule that these addresses are of.
    #[must_use]
    pub fn rule(&self) -> &RuleName {
        &self.0.rule
    }

    /// The address to bootstrap with. Where a port mapping has no bootstrap port, it is that of the first node.
    #[must_use]
    pub fn bootstrap(&self) -> Advertised<'_> {
        match &self.0.hosts {
            Hosts::ByPort {
                advertised_host,
                layout,
            } => Advertised::new(advertised_host, layout.ports().first()),
            Hosts::ByName {
                bootstrap,
                advertised_port,
                ..
            } => Advertised::new(bootstrap, *advertised_port),
        }
    }

    /// The address of a node.
    ///
    /// # Errors
    /// When the node has no port, or no valid name, in this rule; and for ids below 0.
    pub fn node(&self, node: i32) -> Result<Advertised<'_>, AdvertiseError> {
        let rule = || self.0.rule.clone();
        if node < 0 {
            return Err(AdvertiseError::NegativeNode { rule: rule(), node });
        }
        match &self.0.hosts {
            Hosts::ByPort {
                advertised_host,
                layout,
            } => {
                let no_port = || AdvertiseError::NoPort {
                    rule: rule(),
                    node,
                    ports: layout.ports().clone(),
                    missing: layout.missing(node),
                };
                layout
                    .port(node)
                    .map(|port| Advertised::new(advertised_host, port))
                    .ok_or_else(no_port)
            }
            Hosts::ByName {
                node: names,
                advertised_port,
                ..
            } => {
                let too_long = || AdvertiseError::NameTooLong { rule: rule(), node };
                let host = Cow::Owned(names.name(node).ok_or_else(too_long)?);
                Ok(Advertised {
                    host,
                    port: *advertised_port,
                })
            }
        }
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }
}

impl<'a> Advertised<'a> {
    fn new(host: &'a str, port: u16) -> Self {
        Self {
            host: Cow::Borrowed(host),
            port,
        }
    }

    /// The same address, no longer borrowed.
    #[must_use]
    pub fn into_owned(self) -> Advertised<'static> {
        Advertised {
            host: Cow::Owned(self.host.into_owned()),
            port: self.port,
        }
    }
}

impl fmt::Display for Advertised<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ports) => write!(f, "add {ports} to the ports of the listener and the rule"),
            None => f.write_str("no port can be added for it beside these; give the rule one range that starts lower"),
        }
    }
}
