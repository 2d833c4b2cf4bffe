//! The end of a connection at the proxy.

use std::net::{IpAddr, SocketAddr};

/// The proxy's end of a connection: the port that the client connected to, and the address.
///
/// A port converts into it, where all listeners are on all addresses; a [`SocketAddr`] does always: the connection's
/// own, or that of the socket that accepted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Local {
    address: Option<IpAddr>,
    port: u16,
}

/// The addresses of a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// It is on every address.
    #[default]
    All,
    /// It is on these only.
    Only(Vec<IpAddr>),
}

impl Local {
    pub(crate) const fn port(self) -> u16 {
        self.port
    }
}

impl From<u16> for Local {
    /// The port on whatever address: a listener that has only some doesn't match it.
    fn from(port: u16) -> Self {
        Self { address: None, port }
    }
}

impl From<SocketAddr> for Local {
    fn from(address: SocketAddr) -> Self {
        Self {
            // A socket for both families shows IPv4 clients' addresses in the form of IPv6.
            address: Some(address.ip().to_canonical()),
            port: address.port(),
        }
    }
}

impl Scope {
    /// What a listener on these is on: an unspecified address stands for all, of both families.
    pub(crate) fn of(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let addresses: Vec<_> = addresses.into_iter().map(|address| address.to_canonical()).collect();
        if addresses.iter().any(IpAddr::is_unspecified) {
            Self::All
        } else {
            Self::Only(addresses)
        }
    }

    pub(crate) fn contains(&self, local: Local) -> bool {
        match self {
            Self::All => true,
            Self::Only(addresses) => local.address.is_some_and(|address| addresses.contains(&address)),
        }
    }

    /// Whether a connection could be to both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Only(one), Self::Only(other)) => one.iter().any(|address| other.contains(address)),
            _ => true,
        }
    }
}
